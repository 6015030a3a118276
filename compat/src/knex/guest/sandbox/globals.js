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
});
RealDate.now = { now: () => Math.floor(host.now()) }.now;
RealDate.prototype.constructor = DateOfGuest;
define({ Date: DateOfGuest });

require('./stacks');

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
