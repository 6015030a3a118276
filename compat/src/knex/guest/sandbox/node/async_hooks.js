'use strict';
// `async_hooks`: stores that follow a call, not what it leaves behind for later; libraries use them for tracing.

class AsyncLocalStorage {
  constructor() {
    this.stack = [];
    this.entered = undefined;
  }

  getStore() {
    return this.stack.length ? this.stack[this.stack.length - 1] : this.entered;
  }

  run(store, callback, ...given) {
    this.stack.push(store);
    const leave = () => {
      const at = this.stack.lastIndexOf(store);
      if (at >= 0) this.stack.splice(at, 1);
    };
    let result;
    try {
      result = callback(...given);
    } catch (error) {
      leave();
      throw error;
    }
    // One thing happens after the other here, so a store lasts until what it was made for is done.
    if (result && typeof result.then === 'function') result.then(leave, leave);
    else leave();
    return result;
  }

  exit(callback, ...given) {
    return this.run(undefined, callback, ...given);
  }

  enterWith(store) {
    this.entered = store;
  }

  disable() {
    this.stack = [];
    this.entered = undefined;
  }

  static bind(callback) {
    return callback;
  }

  static snapshot() {
    return (callback, ...given) => callback(...given);
  }
}

class AsyncResource {
  constructor(type) {
    this.type = type;
  }

  runInAsyncScope(callback, self, ...given) {
    return callback.apply(self, given);
  }

  bind(callback) {
    return callback.bind(this);
  }

  emitDestroy() {
    return this;
  }

  asyncId() {
    return 1;
  }

  triggerAsyncId() {
    return 0;
  }

  static bind(callback) {
    return callback;
  }
}

const hook = { enable: () => hook, disable: () => hook };

module.exports = {
  AsyncLocalStorage,
  AsyncResource,
  createHook: () => hook,
  executionAsyncId: () => 1,
  triggerAsyncId: () => 0,
  executionAsyncResource: () => ({}),
};
