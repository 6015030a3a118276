'use strict';
// Modules of Node that can be loaded here, since libraries do that without using them, and cannot be used.

const NO_NETWORK = 'the sandbox has no network';
const REASONS = {
  net: NO_NETWORK,
  tls: NO_NETWORK,
  http: NO_NETWORK,
  https: NO_NETWORK,
  http2: NO_NETWORK,
  dgram: NO_NETWORK,
  dns: NO_NETWORK,
  'dns/promises': NO_NETWORK,
  child_process: 'the sandbox starts no processes',
  cluster: 'the sandbox starts no processes',
  worker_threads: 'the sandbox has no threads',
  vm: 'the sandbox has no other contexts',
  zlib: 'the sandbox does not compress',
  readline: 'nobody answers questions in the sandbox',
  'readline/promises': 'nobody answers questions in the sandbox',
  repl: 'nobody answers questions in the sandbox',
  inspector: 'the sandbox has no debugger',
  v8: 'the sandbox is not V8',
  wasi: 'the sandbox runs no WebAssembly',
  domain: 'the sandbox has no domains',
  trace_events: 'the sandbox traces nothing',
  sqlite: "the database is the engine's: use a driver of Knex",
};

/** Clients of HTTP make one when they are loaded, for requests that they may never send. */
class Agent {
  constructor(options) {
    this.options = { ...options };
  }

  destroy() {}
}

// What may be asked of them all the same.
const HARMLESS = {
  net: {
    isIP: (text) => (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? 4 : String(text).includes(':') ? 6 : 0),
    isIPv4: (text) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text),
    isIPv6: (text) => String(text).includes(':'),
  },
  worker_threads: { isMainThread: true, threadId: 0, parentPort: null, workerData: null },
  cluster: { isMaster: true, isPrimary: true, isWorker: false },
  http: { Agent, METHODS: [], STATUS_CODES: {}, globalAgent: new Agent() },
  https: { Agent, globalAgent: new Agent() },
  zlib: { constants: {} },
  domain: { active: null, _stack: [] },
  v8: { getHeapStatistics: () => ({}) },
};

/** What would make of a module a promise, or an ES module transformed: bundled libraries ask with `in`. */
const ABSENT = new Set(['then', '__esModule', 'default']);

/** A function that can be extended and named, and refuses to be called. */
function refusing(what, reason) {
  const refuse = function () {
    const error = new Error(`${what} cannot be used: ${reason}`);
    error.code = 'ERR_DUNLIN_SANDBOX';
    throw error;
  };
  Object.defineProperty(refuse, 'name', { value: what.split('.').pop() });
  return refuse;
}

/** The module of this name; undefined when Node has none. */
function moduleFor(name) {
  if (!Object.hasOwn(REASONS, name)) return undefined;
  const known = { ...HARMLESS[name] };
  return new Proxy(known, {
    get(target, key) {
      if (typeof key === 'symbol' || Object.hasOwn(target, key)) return target[key];
      if (ABSENT.has(key)) return undefined;
      if (key === 'promises') return (target[key] = moduleFor(name));
      return (target[key] = refusing(`${name}.${key}`, REASONS[name]));
    },
    has: (target, key) => typeof key === 'string' && !ABSENT.has(key),
  });
}

const NAMES = Object.keys(REASONS);

module.exports = { moduleFor, NAMES };
