'use strict';
// Streams that are both read and written to.

const { assignHidden, coded, constructorOf } = require('./base');
const { Readable } = require('./readable');
const { Writable, WRITING } = require('./writable');

class DuplexMethods {
  get writableLength() {
    return this.writing.length;
  }

  get writableNeedDrain() {
    return this.writing.drain;
  }
}
assignHidden(DuplexMethods.prototype, WRITING);

const Duplex = constructorOf('Duplex', DuplexMethods, Readable, function (options) {
  this.initWritable(options);
  this.allowHalfOpen = options.allowHalfOpen !== false;
  if (!this.allowHalfOpen) this.once('end', () => this.end());
});
// A duplex stream is a writable one too.
Object.defineProperty(Writable, Symbol.hasInstance, {
  value(stream) {
    const own = Function.prototype[Symbol.hasInstance].call(this, stream);
    return own || (this === Writable && Function.prototype[Symbol.hasInstance].call(Duplex, stream));
  },
});

class TransformMethods {
  _write(chunk, encoding, callback) {
    this._transform(chunk, encoding, (error, value) => {
      if (error) {
        callback(error);
        return;
      }
      if (value !== undefined && value !== null) this.push(value);
      // A transform goes on when its reader has room.
      if (this.reading.length < this.readableHighWaterMark) callback();
      else this.held = callback;
    });
  }

  _read() {
    this.reading.busy = false;
    const { held } = this;
    this.held = null;
    if (held) held();
  }

  _final(callback) {
    const done = (error, value) => {
      if (error) {
        callback(error);
        return;
      }
      if (value !== undefined && value !== null) this.push(value);
      this.push(null);
      callback();
    };
    if (this._flush) this._flush(done);
    else done();
  }

  _transform(chunk, encoding, callback) {
    callback(coded('The _transform() method is not implemented', 'ERR_METHOD_NOT_IMPLEMENTED'));
  }
}

const Transform = constructorOf('Transform', TransformMethods, Duplex, function (options) {
  if (options.transform) this._transform = options.transform;
  if (options.flush) this._flush = options.flush;
  Object.defineProperty(this, 'held', { value: null, writable: true });
});

class PassThroughMethods {
  _transform(chunk, encoding, callback) {
    callback(null, chunk);
  }
}

const PassThrough = constructorOf('PassThrough', PassThroughMethods, Transform, () => {});

module.exports = { Duplex, Transform, PassThrough };
