'use strict';
// Streams that are written to.

const { Stream, assignHidden, coded, constructorOf, destroyOnce, later } = require('./base');

const WRITING = {
  initWritable(options = {}) {
    const {
      objectMode,
      writableObjectMode,
      highWaterMark,
      writableHighWaterMark,
      decodeStrings,
      write,
      writev,
      final,
      destroy,
      autoDestroy,
      emitClose,
    } = options;
    const inObjects = Boolean(objectMode || writableObjectMode);
    this.writableObjectMode = inObjects;
    this.writableHighWaterMark = writableHighWaterMark ?? highWaterMark ?? (inObjects ? 16 : 16384);
    this.writable = true;
    this.writableEnded = this.writableFinished = false;
    this.writableCorked = 0;
    this.destroyed = this.closed = false;
    this.errored = null;
    this.emitsClose = emitClose !== false;
    this.autoDestroy = autoDestroy !== false;
    Object.defineProperty(this, 'writing', {
      value: {
        queue: [],
        length: 0,
        busy: false,
        drain: false,
        decode: decodeStrings !== false,
        finishing: false,
      },
    });
    Object.defineProperty(this, '_writableState', {
      value: {
        objectMode: inObjects,
        highWaterMark: this.writableHighWaterMark,
        ended: false,
        finished: false,
        length: 0,
      },
    });
    if (write) this._write = write;
    if (writev) this._writev = writev;
    if (final) this._final = final;
    if (destroy) this._destroy = destroy;
  },

  write(chunk, encoding, callback) {
    if (typeof encoding === 'function') [encoding, callback] = [undefined, encoding];
    const { writing } = this;
    let failure = null;
    if (chunk === null) throw coded('May not write null values to stream', 'ERR_STREAM_NULL_VALUES');
    if (this.writableEnded) failure = coded('write after end', 'ERR_STREAM_WRITE_AFTER_END');
    else if (this.destroyed)
      failure = coded('Cannot call write after a stream was destroyed', 'ERR_STREAM_DESTROYED');
    if (failure) {
      if (callback) later(callback, failure);
      if (!this.destroyed) this.destroy(failure);
      return false;
    }
    let value = chunk;
    let kind = encoding || 'utf8';
    if (!this.writableObjectMode) {
      if (typeof value === 'string' && writing.decode)
        [value, kind] = [Buffer.from(value, encoding), 'buffer'];
      else if (value instanceof Uint8Array) {
        if (!Buffer.isBuffer(value)) value = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
        kind = 'buffer';
      } else if (typeof value !== 'string') {
        const error = new TypeError(
          'The "chunk" argument must be of type string or an instance of Buffer or Uint8Array.',
        );
        error.code = 'ERR_INVALID_ARG_TYPE';
        throw error;
      }
    }
    writing.length += this.writableObjectMode ? 1 : value.length;
    writing.queue.push({ value, kind, callback });
    const room = writing.length < this.writableHighWaterMark;
    if (!room) writing.drain = true;
    this.advance();
    return room;
  },

  advance() {
    const { writing } = this;
    if (writing.busy || this.writableCorked || this.destroyed) return;
    const next = writing.queue.shift();
    if (!next) {
      this.finish();
      return;
    }
    writing.busy = true;
    let synchronous = true;
    const done = (error) => {
      writing.busy = false;
      writing.length -= this.writableObjectMode ? 1 : next.value.length;
      const settle = () => {
        if (error) {
          if (next.callback) next.callback(error);
          this.destroy(error);
          return;
        }
        if (writing.drain && !writing.length && !this.writableEnded) {
          writing.drain = false;
          this.emit('drain');
        }
        if (next.callback) next.callback(null);
        this.advance();
      };
      if (synchronous) later(settle);
      else settle();
    };
    try {
      this._write(next.value, next.kind, done);
    } catch (error) {
      done(error);
    }
    synchronous = false;
  },

  end(chunk, encoding, callback) {
    const given = [chunk, encoding, callback];
    const done = given.find((each) => typeof each === 'function');
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') {
      this.write(chunk, typeof encoding === 'string' ? encoding : undefined);
    }
    this.writableCorked = 0;
    if (this.writableEnded) {
      if (done)
        later(done, this.writableFinished ? null : coded('write after end', 'ERR_STREAM_ALREADY_FINISHED'));
      return this;
    }
    this.writableEnded = this._writableState.ended = true;
    this.writable = false;
    if (done) {
      if (this.writableFinished) later(done);
      else this.once('finish', done);
    }
    this.advance();
    return this;
  },

  finish() {
    const { writing } = this;
    if (!this.writableEnded || writing.finishing || writing.busy || writing.queue.length) return;
    writing.finishing = true;
    const done = (error) => {
      if (error) {
        this.destroy(error);
        return;
      }
      later(() => {
        this.emit('prefinish');
        this.writableFinished = this._writableState.finished = true;
        this.emit('finish');
        if (this.autoDestroy && (this.reading === undefined || this.readableEnded)) this.destroy();
      });
    };
    try {
      this._final(done);
    } catch (error) {
      done(error);
    }
  },

  cork() {
    this.writableCorked += 1;
  },

  uncork() {
    if (this.writableCorked) this.writableCorked -= 1;
    this.advance();
  },

  setDefaultEncoding() {
    return this;
  },

  _write(chunk, encoding, callback) {
    if (this._writev) this._writev([{ chunk, encoding }], callback);
    else callback(coded('The _write() method is not implemented', 'ERR_METHOD_NOT_IMPLEMENTED'));
  },

  _final(callback) {
    callback();
  },
};

class WritableMethods {
  destroy(error, callback) {
    return destroyOnce(this, error, callback);
  }

  _destroy(error, callback) {
    callback(error);
  }

  get writableLength() {
    return this.writing.length;
  }

  get writableNeedDrain() {
    return this.writing.drain;
  }
}
assignHidden(WritableMethods.prototype, WRITING);

const Writable = constructorOf('Writable', WritableMethods, Stream, function (options) {
  this.initWritable(options);
});

module.exports = { Writable, WRITING };
