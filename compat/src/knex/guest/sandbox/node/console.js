'use strict';
// `console`.

const { format, inspect } = require('util');

class Console {
  constructor(stdout = process.stdout, stderr = process.stderr) {
    const streams = stdout && stdout.stdout ? stdout : { stdout, stderr };
    Object.defineProperties(this, {
      _out: { value: streams.stdout },
      _err: { value: streams.stderr || streams.stdout },
      _indent: { value: '', writable: true },
      _counts: { value: new Map() },
      _times: { value: new Map() },
    });
    // Methods are used without their object: `promise.then(console.log)`.
    for (const name of Object.getOwnPropertyNames(Console.prototype)) {
      if (name !== 'constructor' && name !== '_print') this[name] = this[name].bind(this);
    }
  }

  _print(stream, text) {
    stream.write(`${this._indent ? text.replace(/^/gm, this._indent) : text}\n`);
  }

  log(...given) {
    this._print(this._out, format(...given));
  }

  info(...given) {
    this.log(...given);
  }

  debug(...given) {
    this.log(...given);
  }

  error(...given) {
    this._print(this._err, format(...given));
  }

  warn(...given) {
    this.error(...given);
  }

  trace(...given) {
    const stack = new Error().stack.split('\n').slice(2).join('\n');
    this.error(`Trace${given.length ? `: ${format(...given)}` : ''}\n${stack}`);
  }

  dir(value, options) {
    this._print(this._out, inspect(value, { customInspect: false, ...options }));
  }

  dirxml(...given) {
    this.log(...given);
  }

  assert(condition, ...given) {
    if (condition) return;
    if (typeof given[0] === 'string') this.warn(`Assertion failed: ${given[0]}`, ...given.slice(1));
    else this.warn('Assertion failed', ...given);
  }

  count(label = 'default') {
    const count = (this._counts.get(label) || 0) + 1;
    this._counts.set(label, count);
    this.log(`${label}: ${count}`);
  }

  countReset(label = 'default') {
    this._counts.delete(label);
  }

  group(...given) {
    if (given.length) this.log(...given);
    this._indent += '  ';
  }

  groupCollapsed(...given) {
    this.group(...given);
  }

  groupEnd() {
    this._indent = this._indent.slice(2);
  }

  time(label = 'default') {
    this._times.set(label, performance.now());
  }

  timeEnd(label = 'default') {
    this.timeLog(label);
    this._times.delete(label);
  }

  timeLog(label = 'default', ...given) {
    const began = this._times.get(label);
    if (began !== undefined) this.log(`${label}: ${(performance.now() - began).toFixed(3)}ms`, ...given);
  }

  table(rows) {
    this.log(rows);
  }
}

const console = new Console();
console.Console = Console;
console.timeStamp = console.profile = console.profileEnd = () => {};

module.exports = console;
