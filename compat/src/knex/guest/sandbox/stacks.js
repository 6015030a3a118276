'use strict';
// Stacks as V8 writes them, with the lines of the files that were written, and when V8 does: once somebody looks at them.
// Most are never looked at, Knex' of each builder among them.

const { lineOf } = require('./lines');

const { isError } = Error;

const host = globalThis.__dunlin;

// What V8's call sites have besides; packages such as depd ask.
Error.prepareStackTrace = (_, sites) => sites;
const [site] = new Error().stack;
const more = {
  isEval: () => false,
  isToplevel: () => true,
  isAsync: () => false,
  isPromiseAll: () => false,
  getEvalOrigin: () => undefined,
  getThis: () => undefined,
  getTypeName: () => null,
  getMethodName: () => null,
  getPromiseIndex: () => null,
  getScriptNameOrSourceURL() {
    return this.getFileName();
  },
};
for (const [name, value] of Object.entries(more)) {
  const prototype = Object.getPrototypeOf(site);
  if (!(name in prototype)) Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
}

/** The words that Node has for what QuickJS says itself, where they are known for sure. */
function asNodeSays(error, [site]) {
  const { message } = error;
  const access = /^cannot (read|set) property '(.*)' of (null|undefined)$/s.exec(message);
  if (access) {
    const [, verb, name, value] = access;
    return `Cannot ${verb} properties of ${value} (${verb === 'set' ? 'setting' : 'reading'} '${name}')`;
  }
  if (message !== 'not a function' && message !== 'not a constructor') return message;
  // What calls back from the runtime itself has another reason.
  const file = site && !site.isNative() && site.getFileName();
  return (file && host.called(file, site.getLineNumber(), site.getColumnNumber())) || message;
}

/** What is called at a stack's beginning. */
function headOf(error) {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}

/** A stack that is put into words when somebody looks at it, with the message that the error has then. */
class Trace {
  constructor(sites) {
    this.sites = sites;
    this.text = null;
  }

  of(error) {
    if (this.text === null) this.text = headOf(error) + this.places();
    return this.text;
  }

  // Template strings would call `concat` for each.
  places() {
    let text = '';
    for (const site of this.sites) {
      const file = site.getFileName();
      if (!file) continue;
      const name = site.getFunctionName();
      const place = file + ':' + lineOf(file, site.getLineNumber()) + ':' + site.getColumnNumber();
      text += name && name !== '<anonymous>' ? '\n    at ' + name + ' (' + place + ')' : '\n    at ' + place;
    }
    return text;
  }
}

/** Whether the stack that is being made becomes a property of some object. */
let exposed = false;

Error.prepareStackTrace = (error, sites) => {
  if (error instanceof TypeError) {
    try {
      const message = asNodeSays(error, sites);
      if (message !== error.message) error.message = message;
    } catch {
      // It says what it says.
    }
  }
  // Where the function that it is to begin above does not run, it begins here.
  if (exposed && sites.length && sites[0].getFunction() === capturing) sites.shift();
  const trace = new Trace(sites);
  return exposed || !isError(error) ? trace.of(error) : trace;
};
Error.stackTraceLimit = 20;

// Only errors themselves keep what was made for them where nobody else sees it.
const stack = Object.getOwnPropertyDescriptor(Error.prototype, 'stack');
const traceOf = (error) => stack.get.call(error);

Object.defineProperty(Error.prototype, 'stack', {
  ...stack,
  get() {
    const found = traceOf(this);
    return found instanceof Trace ? found.of(this) : found;
  },
});

const capture = Error.captureStackTrace;
const capturing = function captureStackTrace(target, from) {
  exposed = true;
  try {
    capture(target, typeof from === 'function' ? from : capturing);
  } finally {
    exposed = false;
  }
};
Object.defineProperty(Error, 'captureStackTrace', { value: capturing, writable: true, configurable: true });

/**
 * The innermost place in a file that `isWanted`: `{path, line}`; null without one, undefined where nothing but the text of the
 * stack tells.
 */
function placeOf(error, isWanted) {
  const trace = traceOf(error);
  if (!(trace instanceof Trace)) return undefined;
  for (const site of trace.sites) {
    const file = site.getFileName();
    if (file && isWanted(file)) return { path: file, line: lineOf(file, site.getLineNumber()) };
  }
  return null;
}

module.exports = { placeOf };
