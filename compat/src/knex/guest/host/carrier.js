'use strict';
// The guest as a child process: one message a line on standard input and output, read and written synchronously.

const fs = require('fs');

/** Gives a pipe a number of its own and puts something harmless at its place; -1 where the system has no such files. */
function move(descriptor, flags, instead) {
  try {
    const moved = fs.openSync(`/proc/self/fd/${descriptor}`, flags);
    fs.closeSync(descriptor);
    // The lowest number that is free, which is the one just closed.
    fs.openSync(instead, flags);
    return moved;
  } catch {
    return descriptor;
  }
}

// Whatever writes to standard output from here on, compiled code too, disturbs no message.
const input = move(0, 'r', '/dev/null');
const output = move(1, 'w', '/proc/self/fd/2');

const { Dispatcher } = require('../dispatcher');
const modules = require('./modules');

const pieces = [];

/** The next line, without its end; null when the pipe is closed. */
function readLine() {
  for (;;) {
    const last = pieces[pieces.length - 1];
    const end = last ? last.indexOf(10) : -1;
    if (end >= 0) {
      pieces.pop();
      const line = Buffer.concat([...pieces, last.subarray(0, end)]).toString('utf8');
      pieces.length = 0;
      if (end + 1 < last.length) pieces.push(last.subarray(end + 1));
      return line;
    }
    const buffer = Buffer.allocUnsafe(1 << 16);
    let count;
    try {
      count = fs.readSync(input, buffer, 0, buffer.length, null);
    } catch (error) {
      if (error.code === 'EAGAIN') {
        pause();
        continue;
      }
      if (error.code !== 'EOF') throw error;
      count = 0;
    }
    if (!count) return null;
    pieces.push(buffer.subarray(0, count));
  }
}

const waiting = new Int32Array(new SharedArrayBuffer(4));

function pause() {
  Atomics.wait(waiting, 0, 0, 5);
}

function writeLine(text) {
  let bytes = Buffer.from(`${text}\n`, 'utf8');
  while (bytes.length) {
    try {
      bytes = bytes.subarray(fs.writeSync(output, bytes));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      pause();
    }
  }
}

const leave = process.exit.bind(process);
const exit = (code) => {
  process.removeAllListeners('exit');
  leave(code);
};

function exchange(question) {
  writeLine(question);
  const answer = readLine();
  // The engine is gone, and with it the database session: there is nothing left to do or to tell.
  if (answer === null) exit(1);
  return answer;
}

/** Serves the engine until it says `stop` or closes the pipe. */
function main() {
  const dispatcher = new Dispatcher(exchange, modules.carrier());
  process.on('unhandledRejection', (error) => {
    if (!dispatcher.fail(error)) process.stderr.write(`${(error && error.stack) || error}\n`);
  });
  process.on('uncaughtException', (error) => {
    if (!dispatcher.fail(error)) process.stderr.write(`${(error && error.stack) || error}\n`);
  });
  process.on('beforeExit', () => {
    dispatcher.fail(new Error('the code waits for something that will never happen'));
  });
  process.exit = (code) => {
    throw new Error(`the code ended the program (process.exit(${code ?? ''}))`);
  };
  const serve = async () => {
    for (let line = readLine(); line !== null; line = readLine()) {
      const final = await dispatcher.converse(line);
      if (final === null) break;
      writeLine(final);
    }
    exit(0);
  };
  serve().catch((error) => {
    fs.writeSync(2, `${error.stack}\n`);
    exit(1);
  });
}

module.exports = { main };
