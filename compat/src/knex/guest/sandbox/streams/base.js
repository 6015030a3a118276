'use strict';
// What all streams share.

const EventEmitter = require('events');

const later = (callback, ...given) => process.nextTick(callback, ...given);

function coded(message, code) {
  const error = new Error(message);
  error.code = code;
  return error;
}

/**
 * A constructor with the methods of a class. Unlike a class it may be called without `new`, as `util.inherits()` needs it:
 * `Stream.call(this)`.
 */
function constructorOf(name, Methods, Parent, initialise) {
  function Constructor(options) {
    if (!(this instanceof Constructor)) return new Constructor(options);
    Parent.call(this, options);
    initialise.call(this, options || {});
  }
  Constructor.prototype = Methods.prototype;
  Object.setPrototypeOf(Methods.prototype, Parent.prototype);
  Object.setPrototypeOf(Constructor, Parent);
  Object.defineProperty(Constructor, 'name', { value: name });
  Object.defineProperty(Constructor.prototype, 'constructor', {
    value: Constructor,
    writable: true,
    configurable: true,
  });
  for (const key of Object.getOwnPropertyNames(Methods)) {
    if (!['prototype', 'length', 'name'].includes(key))
      Object.defineProperty(Constructor, key, Object.getOwnPropertyDescriptor(Methods, key));
  }
  return Constructor;
}

class StreamMethods {
  pipe(target, options) {
    return require('./pipes').pipe(this, target, options);
  }
}

const Stream = constructorOf('Stream', StreamMethods, EventEmitter, () => {});

function destroyOnce(stream, error, callback) {
  if (stream.destroyed) {
    if (callback) later(callback, error);
    return stream;
  }
  stream.destroyed = true;
  const finish = (failure) => {
    const reason = failure || error;
    if (reason) stream.errored = reason;
    if (callback) callback(reason);
    later(() => {
      if (reason && !callback) stream.emit('error', reason);
      stream.closed = true;
      if (stream.emitsClose !== false) stream.emit('close');
    });
  };
  try {
    stream._destroy(error || null, finish);
  } catch (failure) {
    finish(failure);
  }
  return stream;
}

/** Methods that are not seen when a stream's properties are listed. */
function assignHidden(target, methods) {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(target, name, { value, writable: true, configurable: true });
  }
}

module.exports = { Stream, assignHidden, coded, constructorOf, destroyOnce, later };
