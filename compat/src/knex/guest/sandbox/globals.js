'use strict';
// What Node has on its global object and QuickJS has not.

const host = globalThis.__dunlin;

const define = (values) => {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
};

// -- the clock, which begins with a migration's `now`

const RealDate = Date;
const realParse = RealDate.parse;

/** Where V8 reads a text in another way than QuickJS: a zone behind a day without a time, a zone of hours alone. */
function parse(text) {
  const given = String(text);
  if (/T\d\d:\d\d(?::\d\d(?:\.\d+)?)?[-+]\d\d$/.test(given)) return NaN;
  const day = /^([^:]*\d)(\s+(?:GMT|UTC)[-+]\d\d:?\d\d)$/i.exec(given);
  return realParse(day ? `${day[1]} 00:00:00${day[2]}` : given);
}
RealDate.parse = { parse }.parse;

/** What a date is made of: one text is parsed. */
function made(given) {
  if (!given.length) return [Math.floor(host.now())];
  if (given.length > 1 || given[0] instanceof RealDate) return given;
  const value = given[0];
  if (typeof value === 'string') return [parse(value)];
  return given;
}

const DateOfGuest = new Proxy(RealDate, {
  construct: (target, given, kind) => Reflect.construct(target, made(given), kind),
  apply: (target) => new target(Math.floor(host.now())).toString(),
  get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
});
const now = () => Math.floor(host.now());
RealDate.prototype.constructor = DateOfGuest;
define({ Date: DateOfGuest });

// -- stacks as V8 writes them, with the lines of the files that were written

const { lineOf } = require('./lines');

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

Error.prepareStackTrace = (error, sites) => {
  let head;
  try {
    if (error instanceof TypeError) {
      const message = asNodeSays(error, sites);
      if (message !== error.message) error.message = message;
    }
    head = error instanceof Error ? Error.prototype.toString.call(error) : String(error);
  } catch {
    head = 'Error';
  }
  const lines = [head];
  for (const site of sites) {
    const file = site.getFileName();
    if (!file) continue;
    const name = site.getFunctionName();
    const place = `${file}:${lineOf(file, site.getLineNumber())}:${site.getColumnNumber()}`;
    lines.push(name && name !== '<anonymous>' ? `    at ${name} (${place})` : `    at ${place}`);
  }
  return lines.join('\n');
};
Error.stackTraceLimit = 20;

// -- modules that are global

const clock = require('./clock');

/** What is loaded when it is first looked at, since most of it never is. */
const defineLazily = (makers) => {
  for (const [name, make] of Object.entries(makers)) {
    Object.defineProperty(globalThis, name, {
      get() {
        const value = make();
        define({ [name]: value });
        return value;
      },
      set: (value) => define({ [name]: value }),
      configurable: true,
      enumerable: false,
    });
  }
};

define({
  setTimeout: clock.setTimeout,
  setInterval: clock.setInterval,
  setImmediate: clock.setImmediate,
  clearTimeout: clock.clearTimeout,
  clearInterval: clock.clearInterval,
  clearImmediate: clock.clearImmediate,
  process: require('process'),
});
const of = (path, names) =>
  defineLazily(Object.fromEntries(names.map((name) => [name, () => require(path)[name]])));
of('buffer', ['Buffer']);
of('./web_events', ['Event', 'EventTarget', 'AbortSignal', 'AbortController']);
of('./web_text', ['TextEncoder', 'TextDecoder', 'atob', 'btoa']);
of('url', ['URL', 'URLSearchParams']);
of('perf_hooks', ['performance']);
of('./clone', ['structuredClone']);
defineLazily({ console: () => require('console'), crypto: () => require('crypto').webcrypto });
define({
  fetch: async () => {
    throw new TypeError('fetch failed: the sandbox has no network');
  },
});
if (typeof queueMicrotask !== 'function')
  define({ queueMicrotask: (callback) => Promise.resolve().then(callback) });
