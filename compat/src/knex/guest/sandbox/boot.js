// The guest in QuickJS: evaluated first, over the functions of `__dunlin`. It makes what Node's global object has, loads the
// guest's modules, and gives the carrier its loop: `converse`, `ticks`, `next` and `rejected`.
(() => {
  'use strict';

  const host = globalThis.__dunlin;
  delete globalThis.__dunlin;
  Object.defineProperty(globalThis, '__dunlin', { value: host, enumerable: false });
  globalThis.global = globalThis;

  // -- the guest's own modules

  const loaded = new Map();
  const builtins = new Map();

  const join = (folder, name) => {
    const parts = folder ? folder.split('/') : [];
    for (const part of name.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '.') parts.push(part);
    }
    return parts.join('/');
  };

  function load(path) {
    const known = loaded.get(path);
    if (known) return known.exports;
    const body = host.module(path, 'exports, require, module, __filename, __dirname');
    const module = { exports: {}, id: path, filename: `dunlin:${path}`, loaded: false };
    loaded.set(path, module);
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    const require = (name) => (name[0] === '.' ? load(join(folder, `${name}.js`)) : builtin(name));
    body(module.exports, require, module, module.filename, `dunlin:${folder}`);
    module.loaded = true;
    return module.exports;
  }

  /** A module of Node's, by its name without `node:`; undefined when there is none. */
  function builtin(name) {
    const plain = name.startsWith('node:') ? name.slice(5) : name;
    if (!builtins.has(plain)) {
      const path = `sandbox/node/${plain.replace('/', '_')}.js`;
      if (host.has(path)) builtins.set(plain, load(path));
      else builtins.set(plain, load('sandbox/refused.js').moduleFor(plain));
    }
    const found = builtins.get(plain);
    if (found === undefined) throw new Error(`Cannot find module '${name}'`);
    return found;
  }
  host.builtin = (name) => {
    try {
      return builtin(name);
    } catch (error) {
      if (/^Cannot find module/.test(error.message)) return undefined;
      throw error;
    }
  };

  // -- the loop

  const ticks = [];
  let turn = [];
  host.tick = (callback) => ticks.push(callback);

  let dispatcher = null;
  const fail = (error) => {
    if (!dispatcher || !dispatcher.fail(error)) host.lost = error;
  };

  const attempt = (callback) => {
    try {
      callback();
    } catch (error) {
      fail(error);
    }
  };

  /** Runs what `process.nextTick` noted; whether there was anything. */
  host.ticks = () => {
    if (!ticks.length) return false;
    turn = ticks.splice(0);
    for (const callback of turn) attempt(callback);
    return true;
  };

  // Promises that were rejected while nobody looked.
  const unhandled = new Map();
  host.rejected = (promise, reason, handled) => {
    if (handled) unhandled.delete(promise);
    else unhandled.set(promise, reason);
  };

  let finished = false;
  host.idle = false;
  host.final = null;

  /** What is next: how many milliseconds to wait, or that the exchange is finished, or that nothing will happen. */
  host.next = () => {
    for (const reason of unhandled.values()) {
      unhandled.clear();
      fail(reason);
      return 0;
    }
    if (finished) return -2;
    const wait = load('sandbox/clock.js').runOne(attempt);
    if (wait !== null) return wait;
    if (dispatcher.fail(new Error('the code waits for something that will never happen'))) return 0;
    return -1;
  };

  /** Begins an exchange. */
  host.converse = (message) => {
    finished = false;
    host.final = null;
    unhandled.clear();
    if (!dispatcher) {
      load('sandbox/globals.js');
      const { Dispatcher } = load('dispatcher.js');
      dispatcher = new Dispatcher(host.ask, load('sandbox/modules.js').carrier());
    }
    dispatcher.converse(message).then((final) => {
      host.final = final;
      finished = true;
    });
  };
})();
