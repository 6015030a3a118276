'use strict';
// Streams that are read.

const { Stream, assignHidden, coded, constructorOf, destroyOnce, later } = require('./base');

const READING = {
  initReadable(options = {}) {
    const {
      objectMode,
      readableObjectMode,
      highWaterMark,
      readableHighWaterMark,
      encoding,
      read,
      destroy,
      autoDestroy,
      emitClose,
    } = options;
    const inObjects = Boolean(objectMode || readableObjectMode);
    this.readableObjectMode = inObjects;
    this.readableHighWaterMark = readableHighWaterMark ?? highWaterMark ?? (inObjects ? 16 : 65536);
    this.readableFlowing = null;
    this.readable = true;
    this.readableEnded = false;
    this.readableEncoding = null;
    this.emitsClose = emitClose !== false;
    this.autoDestroy = autoDestroy !== false;
    this.destroyed = this.closed = false;
    this.errored = null;
    Object.defineProperty(this, 'reading', {
      value: {
        queue: [],
        length: 0,
        ended: false,
        busy: false,
        scheduled: false,
        pipes: [],
        decoder: null,
        wanted: false,
      },
    });
    // What others look at, such as readable-stream's users.
    Object.defineProperty(this, '_readableState', {
      value: {
        objectMode: inObjects,
        highWaterMark: this.readableHighWaterMark,
        ended: false,
        endEmitted: false,
        pipes: this.reading.pipes,
      },
    });
    if (read) this._read = read;
    if (destroy) this._destroy = destroy;
    if (encoding) this.setEncoding(encoding);
  },

  setEncoding(encoding) {
    const { StringDecoder } = require('string_decoder');
    this.reading.decoder = new StringDecoder(encoding);
    this.readableEncoding = encoding;
    return this;
  },

  push(chunk, encoding) {
    return this.accept(chunk, encoding, false);
  },

  unshift(chunk, encoding) {
    return this.accept(chunk, encoding, true);
  },

  accept(chunk, encoding, first) {
    const { reading } = this;
    reading.busy = false;
    if (chunk === null) {
      if (!reading.ended) {
        reading.ended = this._readableState.ended = true;
        const rest = reading.decoder ? reading.decoder.end() : '';
        if (rest) this.store(rest, false);
        this.schedule();
      }
      return false;
    }
    if (reading.ended && !first) {
      this.destroy(coded('stream.push() after EOF', 'ERR_STREAM_PUSH_AFTER_EOF'));
      return false;
    }
    let value = chunk;
    if (!this.readableObjectMode) {
      if (typeof value === 'string') value = Buffer.from(value, encoding);
      else if (value instanceof Uint8Array && !Buffer.isBuffer(value))
        value = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      if (reading.decoder) value = reading.decoder.write(value);
      if (!value.length) {
        this.schedule();
        return true;
      }
    }
    this.store(value, first);
    this.schedule();
    return reading.length < this.readableHighWaterMark;
  },

  store(value, first) {
    const { reading } = this;
    reading.length += this.readableObjectMode ? 1 : value.length;
    if (first) reading.queue.unshift(value);
    else reading.queue.push(value);
  },

  /** Takes what there is: all of it, or so much. */
  read(size) {
    const { reading } = this;
    reading.wanted = true;
    if (!reading.queue.length) {
      if (reading.ended) this.endReading();
      else this.fetch();
      if (!reading.queue.length) return null;
    }
    let value;
    if (this.readableObjectMode) value = reading.queue.shift();
    else if (size === undefined || Number.isNaN(size)) {
      const { queue } = reading;
      value =
        queue.length === 1 ? queue[0] : typeof queue[0] === 'string' ? queue.join('') : Buffer.concat(queue);
      reading.queue = [];
    } else if (size <= 0) return null;
    else {
      if (size > reading.length && !reading.ended) {
        this.fetch();
        if (size > reading.length) return null;
      }
      const { queue } = reading;
      const whole = typeof queue[0] === 'string' ? queue.join('') : Buffer.concat(queue);
      value = whole.slice(0, size);
      const rest = whole.slice(size);
      reading.queue = rest.length ? [rest] : [];
    }
    reading.length -= this.readableObjectMode ? 1 : value.length;
    if (!reading.ended && reading.length < this.readableHighWaterMark) later(() => this.fetch());
    if (reading.ended && !reading.queue.length) later(() => this.endReading());
    this.emit('data', value);
    return value;
  },

  fetch() {
    const { reading } = this;
    if (reading.busy || reading.ended || this.destroyed) return;
    reading.busy = true;
    try {
      this._read(this.readableHighWaterMark);
    } catch (error) {
      this.destroy(error);
    }
  },

  schedule() {
    const { reading } = this;
    if (reading.scheduled) return;
    reading.scheduled = true;
    later(() => {
      reading.scheduled = false;
      this.flow();
    });
  },

  flow() {
    const { reading } = this;
    if (this.destroyed) return;
    if (this.readableFlowing) {
      while (this.readableFlowing && reading.queue.length && !this.destroyed) this.read();
      if (!this.readableFlowing || this.destroyed) return;
      if (reading.ended) this.endReading();
      else this.fetch();
    } else if (this.listenerCount('readable') && (reading.queue.length || reading.ended)) {
      if (!this.readableEnded) this.emit('readable');
      if (reading.ended && !reading.queue.length) this.endReading();
    }
  },

  endReading() {
    if (this.readableEnded || this.destroyed || this.reading.queue.length) return;
    this.readableEnded = this._readableState.endEmitted = true;
    this.readable = false;
    later(() => {
      this.emit('end');
      if (this.autoDestroy && (this.writing === undefined || this.writableFinished)) this.destroy();
    });
  },

  resume() {
    this.readableFlowing = true;
    this.schedule();
    this.emit('resume');
    return this;
  },

  pause() {
    if (this.readableFlowing !== false) {
      this.readableFlowing = false;
      this.emit('pause');
    }
    return this;
  },

  isPaused() {
    return this.readableFlowing === false;
  },

  unpipe(target) {
    const { pipes } = this.reading;
    for (const each of target ? pipes.filter((known) => known.target === target) : [...pipes]) each.stop();
    return this;
  },

  wrap() {
    return this;
  },

  _read() {
    throw coded('The _read() method is not implemented', 'ERR_METHOD_NOT_IMPLEMENTED');
  },

  async *iterate() {
    let failure = null;
    let wake = () => {};
    const note = (error) => {
      if (error) failure = error;
      wake();
    };
    this.on('readable', note);
    this.on('end', () => note());
    this.on('close', () => note());
    this.on('error', note);
    this.readableFlowing = false;
    try {
      for (;;) {
        if (failure) throw failure;
        const value = this.destroyed ? null : this.read();
        if (value !== null) yield value;
        else if (this.readableEnded || this.destroyed) return;
        else {
          await new Promise((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      if (!this.destroyed) this.destroy();
    }
  },
};

class ReadableMethods {
  static from(source, options) {
    if (typeof source === 'string' || Buffer.isBuffer(source)) source = [source];
    const iterator = source[Symbol.asyncIterator]
      ? source[Symbol.asyncIterator]()
      : source[Symbol.iterator]();
    return new Readable({
      objectMode: true,
      highWaterMark: 1,
      ...options,
      read() {
        Promise.resolve(iterator.next()).then(
          async ({ value, done }) => this.push(done ? null : await value),
          (error) => this.destroy(error),
        );
      },
      destroy(error, callback) {
        if (iterator.return) Promise.resolve(iterator.return()).then(() => callback(error), callback);
        else callback(error);
      },
    });
  }

  on(event, listener) {
    Stream.prototype.on.call(this, event, listener);
    if (event === 'data' && this.readableFlowing !== false) this.resume();
    if (event === 'readable') {
      if (this.readableFlowing === null) this.readableFlowing = false;
      this.schedule();
      later(() => this.fetch());
    }
    return this;
  }

  destroy(error, callback) {
    return destroyOnce(this, error, callback);
  }

  _destroy(error, callback) {
    callback(error);
  }

  [Symbol.asyncIterator]() {
    return this.iterate();
  }

  get readableLength() {
    return this.reading.length;
  }

  async toArray() {
    const all = [];
    for await (const each of this) all.push(each);
    return all;
  }

  map(work) {
    const source = this;
    return Readable.from(
      (async function* () {
        for await (const each of source) yield await work(each);
      })(),
    );
  }

  filter(work) {
    const source = this;
    return Readable.from(
      (async function* () {
        for await (const each of source) if (await work(each)) yield each;
      })(),
    );
  }

  async forEach(work) {
    for await (const each of this) await work(each);
  }

  async reduce(work, first) {
    let value = first;
    for await (const each of this) value = await work(value, each);
    return value;
  }
}
ReadableMethods.prototype.addListener = ReadableMethods.prototype.on;
assignHidden(ReadableMethods.prototype, READING);

const Readable = constructorOf('Readable', ReadableMethods, Stream, function (options) {
  this.initReadable(options);
});

module.exports = { Readable };
