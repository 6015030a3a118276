'use strict';
// `Event`, `EventTarget`, `AbortController` and `AbortSignal`.

class Event {
  constructor(type, options = {}) {
    this.type = String(type);
    this.cancelable = Boolean(options.cancelable);
    this.defaultPrevented = false;
    this.target = this.currentTarget = null;
    this.timeStamp = globalThis.__dunlin.monotonic();
    Object.defineProperty(this, 'stopped', { value: false, writable: true, enumerable: false });
  }

  preventDefault() {
    if (this.cancelable) this.defaultPrevented = true;
  }

  stopImmediatePropagation() {
    this.stopped = true;
  }

  stopPropagation() {}
}

const LISTENERS = Symbol('listeners');

class EventTarget {
  constructor() {
    Object.defineProperty(this, LISTENERS, { value: new Map() });
  }

  addEventListener(type, listener, options) {
    if (!listener) return;
    const listeners = this[LISTENERS].get(type) || [];
    this[LISTENERS].set(type, listeners);
    if (listeners.some((each) => each.listener === listener)) return;
    listeners.push({ listener, once: Boolean(options && options.once) });
  }

  removeEventListener(type, listener) {
    const listeners = this[LISTENERS].get(type) || [];
    const index = listeners.findIndex((each) => each.listener === listener);
    if (index >= 0) listeners.splice(index, 1);
  }

  dispatchEvent(event) {
    event.target = event.currentTarget = this;
    const property = this[`on${event.type}`];
    if (typeof property === 'function') property.call(this, event);
    for (const each of [...(this[LISTENERS].get(event.type) || [])]) {
      if (each.once) this.removeEventListener(event.type, each.listener);
      if (typeof each.listener === 'function') each.listener.call(this, event);
      else each.listener.handleEvent(event);
      if (event.stopped) break;
    }
    return !event.defaultPrevented;
  }
}

class AbortSignal extends EventTarget {
  constructor() {
    super();
    this.aborted = false;
    this.reason = undefined;
    this.onabort = null;
  }

  throwIfAborted() {
    if (this.aborted) throw this.reason;
  }

  static abort(reason) {
    const signal = new AbortSignal();
    abort(signal, reason);
    return signal;
  }

  static timeout(milliseconds) {
    const signal = new AbortSignal();
    const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    setTimeout(() => abort(signal, reason), milliseconds).unref();
    return signal;
  }

  static any(signals) {
    const signal = new AbortSignal();
    for (const each of signals) {
      if (each.aborted) abort(signal, each.reason);
      else each.addEventListener('abort', () => abort(signal, each.reason), { once: true });
    }
    return signal;
  }
}

function abort(signal, reason) {
  if (signal.aborted) return;
  signal.aborted = true;
  signal.reason =
    reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
  signal.dispatchEvent(new Event('abort'));
}

class AbortController {
  constructor() {
    this.signal = new AbortSignal();
  }

  abort(reason) {
    abort(this.signal, reason);
  }
}

module.exports = { Event, EventTarget, AbortSignal, AbortController };
