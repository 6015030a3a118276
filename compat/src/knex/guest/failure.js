'use strict';
// What was thrown, as the final message `failed`.

const frames = require('./frames');
const { EngineError } = require('./wire');

function failed(error) {
  const place = (error && frames.innermost(stackOf(error))) || syntaxPlace(error) || {};
  return {
    type: 'failed',
    message: message(error),
    path: place.path,
    line: place.line,
    traceback: traceback(error),
    database: fromDatabase(error),
    // QuickJS has said so; its carrier makes a failure of its own of it.
    out_of_memory:
      (error && error.name === 'InternalError' && error.message === 'out of memory') || undefined,
  };
}

/** As Knex prints it: the message of an error, or whatever else was thrown. */
function message(error) {
  if (error instanceof Error || (error && typeof error.message === 'string')) {
    if (error.message) return error.message;
    return error.name || 'an error without a message';
  }
  return `a value that is no error was thrown: ${require('util').inspect(error)}`;
}

/**
 * Where an error comes from. Knex puts the place where a builder was made in its stack (`asyncStackTraces`), which tells of a
 * statement; what a function given to the builder throws has a better one.
 */
function stackOf(error) {
  const own = error.originalStack;
  return typeof own === 'string' && frames.innermost(frames.withoutAwaiting(own)) ? own : error.stack;
}

function traceback(error) {
  const parts = [];
  for (let depth = 0; error && depth < 5; depth += 1) {
    const found = stackOf(error);
    const stack = typeof found === 'string' ? found : String(error);
    // QuickJS's stack does not begin with the message, V8's does.
    const head = `${error.name || 'Error'}: ${error.message}`;
    parts.push(stack.includes(String(error.message)) ? stack : `${head}\n${stack}`);
    error = error.cause;
  }
  return parts.join('\ncaused by ');
}

/** A file that cannot be parsed is told in the first line of V8's stack: `/a/b.js:3`. */
function syntaxPlace(error) {
  if (!(error instanceof SyntaxError) || typeof error.stack !== 'string') return null;
  const match = /^(?:file:\/\/)?(\/.*):(\d+)$/m.exec(error.stack.split('\n')[0]);
  return match && frames.inProject(match[1]) ? { path: match[1], line: Number(match[2]) } : null;
}

// Errors that drivers made of an answer of the engine.
const made = new WeakSet();

/** Remembers that a driver made this error of an answer of the engine; gives it back. */
function fromAnswer(error) {
  made.add(error);
  return error;
}

// A driver that reads an emulated server makes its errors by itself: PostgreSQL's have a severity, MySQL's an sqlState.
function fromDatabase(error) {
  for (let depth = 0; error && typeof error === 'object' && depth < 10; depth += 1) {
    if (error instanceof EngineError || made.has(error)) return true;
    if (typeof error.severity === 'string' && /^[0-9A-Z]{5}$/.test(error.code)) return true;
    if (typeof error.errno === 'number' && typeof error.sqlState === 'string') return true;
    error = error.cause || error.originalError || error.nativeError || error.parent;
  }
  return false;
}

module.exports = { failed, message, fromAnswer };
