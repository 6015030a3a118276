'use strict';
// `events`.

let defaultMaxListeners = 10;

function checkListener(listener) {
  if (typeof listener === 'function') return;
  const error = new TypeError(
    `The "listener" argument must be of type function. Received ${listener === null ? 'null' : typeof listener}`,
  );
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

// Methods are enumerable, as Node's are: Knex and others copy them with Object.assign or `for … in`.
function EventEmitter(options) {
  EventEmitter.init.call(this, options);
}

EventEmitter.init = function () {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = Object.create(null);
    this._eventsCount = 0;
  }
  this._maxListeners = this._maxListeners || undefined;
};

EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;

function eventsOf(emitter) {
  // An object that took the methods over without the constructor.
  if (!emitter._events) {
    emitter._events = Object.create(null);
    emitter._eventsCount = 0;
  }
  return emitter._events;
}

function add(emitter, type, listener, first) {
  checkListener(listener);
  const events = eventsOf(emitter);
  if (events.newListener !== undefined) emitter.emit('newListener', type, listener.listener || listener);
  const list = eventsOf(emitter)[type];
  if (!list) {
    emitter._events[type] = [listener];
    emitter._eventsCount += 1;
  } else if (first) list.unshift(listener);
  else list.push(listener);
  return emitter;
}

function onceWrapper(emitter, type, listener) {
  const wrapper = function (...given) {
    emitter.removeListener(type, wrapper);
    return listener.apply(emitter, given);
  };
  wrapper.listener = listener;
  return wrapper;
}

EventEmitter.prototype.setMaxListeners = function setMaxListeners(count) {
  this._maxListeners = count;
  return this;
};

EventEmitter.prototype.getMaxListeners = function getMaxListeners() {
  return this._maxListeners === undefined ? defaultMaxListeners : this._maxListeners;
};

EventEmitter.prototype.emit = function emit(type, ...given) {
  const list = eventsOf(this)[type];
  if (!list || !list.length) {
    if (type !== 'error') return false;
    const [error] = given;
    if (error instanceof Error) throw error;
    const made = new Error(`Unhandled error. (${typeof error === 'string' ? `'${error}'` : String(error)})`);
    made.code = 'ERR_UNHANDLED_ERROR';
    made.context = error;
    throw made;
  }
  if (list.length === 1) {
    list[0].apply(this, given);
    return true;
  }
  // Listeners may come and go meanwhile.
  const listeners = list.slice();
  for (let index = 0; index < listeners.length; index += 1) listeners[index].apply(this, given);
  return true;
};

EventEmitter.prototype.addListener = function addListener(type, listener) {
  return add(this, type, listener, false);
};
EventEmitter.prototype.on = EventEmitter.prototype.addListener;

EventEmitter.prototype.prependListener = function prependListener(type, listener) {
  return add(this, type, listener, true);
};

EventEmitter.prototype.once = function once(type, listener) {
  checkListener(listener);
  return add(this, type, onceWrapper(this, type, listener), false);
};

EventEmitter.prototype.prependOnceListener = function prependOnceListener(type, listener) {
  checkListener(listener);
  return add(this, type, onceWrapper(this, type, listener), true);
};

EventEmitter.prototype.removeListener = function removeListener(type, listener) {
  checkListener(listener);
  const list = eventsOf(this)[type];
  if (!list) return this;
  for (let index = list.length - 1; index >= 0; index -= 1) {
    if (list[index] !== listener && list[index].listener !== listener) continue;
    // A list that is being gone through is a copy.
    list.splice(index, 1);
    if (!list.length) {
      delete this._events[type];
      this._eventsCount -= 1;
    }
    if (this._events.removeListener) this.emit('removeListener', type, listener);
    break;
  }
  return this;
};
EventEmitter.prototype.off = EventEmitter.prototype.removeListener;

EventEmitter.prototype.removeAllListeners = function removeAllListeners(type) {
  const events = eventsOf(this);
  if (type === undefined) {
    this._events = Object.create(null);
    this._eventsCount = 0;
  } else if (events[type]) {
    delete events[type];
    this._eventsCount -= 1;
  }
  return this;
};

EventEmitter.prototype.listeners = function listeners(type) {
  return (eventsOf(this)[type] || []).map((each) => each.listener || each);
};

EventEmitter.prototype.rawListeners = function rawListeners(type) {
  return [...(eventsOf(this)[type] || [])];
};

EventEmitter.prototype.listenerCount = function listenerCount(type, listener) {
  const list = eventsOf(this)[type] || [];
  return listener
    ? list.filter((each) => each === listener || each.listener === listener).length
    : list.length;
};

EventEmitter.prototype.eventNames = function eventNames() {
  return Reflect.ownKeys(eventsOf(this));
};

function once(emitter, name, options = {}) {
  return new Promise((resolve, reject) => {
    if (typeof emitter.addEventListener === 'function') {
      emitter.addEventListener(name, (...given) => resolve(given), { once: true });
      return;
    }
    const failed = (error) => {
      emitter.removeListener(name, happened);
      reject(error);
    };
    const happened = (...given) => {
      emitter.removeListener('error', failed);
      resolve(given);
    };
    emitter.once(name, happened);
    if (name !== 'error') emitter.once('error', failed);
    if (options.signal)
      options.signal.addEventListener('abort', () => failed(options.signal.reason), { once: true });
  });
}

/** An asynchronous iterator over an emitter's events. */
function on(emitter, name) {
  const waiting = [];
  const arrived = [];
  let failure = null;
  const push = (...given) =>
    waiting.length ? waiting.shift().resolve({ value: given, done: false }) : arrived.push(given);
  const fail = (error) => {
    if (waiting.length) waiting.shift().reject(error);
    else failure = error;
  };
  emitter.on(name, push);
  if (name !== 'error') emitter.on('error', fail);
  return {
    next() {
      if (arrived.length) return Promise.resolve({ value: arrived.shift(), done: false });
      if (failure) return Promise.reject(failure);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() {
      emitter.removeListener(name, push);
      emitter.removeListener('error', fail);
      for (const each of waiting) each.resolve({ value: undefined, done: true });
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

Object.defineProperty(EventEmitter, 'defaultMaxListeners', {
  enumerable: true,
  get: () => defaultMaxListeners,
  set: (count) => {
    defaultMaxListeners = count;
  },
});

module.exports = EventEmitter;
Object.assign(EventEmitter, {
  EventEmitter,
  once,
  on,
  captureRejections: false,
  captureRejectionSymbol: Symbol.for('nodejs.rejection'),
  errorMonitor: Symbol('events.errorMonitor'),
  usingDomains: false,
  listenerCount: (emitter, type) => emitter.listenerCount(type),
  getEventListeners: (emitter, type) => emitter.listeners(type),
  setMaxListeners: (count, ...emitters) =>
    emitters.forEach((each) => each.setMaxListeners && each.setMaxListeners(count)),
});
