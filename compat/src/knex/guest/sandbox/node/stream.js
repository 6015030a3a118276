'use strict';
// `stream`: readable and writable streams, in object mode too, as far as rows, files and digests flow through them.

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
    return pipe(this, target, options);
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

// -- readable

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

// -- writable

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

// -- both

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

function assignHidden(target, methods) {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(target, name, { value, writable: true, configurable: true });
  }
}

// -- pipes

function pipe(source, target, options) {
  const write = (chunk) => {
    if (target.write(chunk) === false && source.pause) source.pause();
  };
  const go = () => source.resume && source.resume();
  const end = () => target.end();
  const stop = () => {
    source.removeListener('data', write);
    source.removeListener('end', end);
    target.removeListener('drain', go);
    if (source.reading) source.reading.pipes.splice(source.reading.pipes.indexOf(entry), 1);
    target.emit('unpipe', source);
  };
  const entry = { target, stop };
  if (source.reading) source.reading.pipes.push(entry);
  source.on('data', write);
  target.on('drain', go);
  target.once('close', () => source.reading && source.reading.pipes.includes(entry) && stop());
  if (!options || options.end !== false) source.on('end', end);
  target.emit('pipe', source);
  if (source.resume && source.readableFlowing !== true) source.resume();
  return target;
}

/** Calls back when a stream is done, well or not. */
function finished(stream, options, callback) {
  if (typeof options === 'function') [options, callback] = [{}, options];
  let called = false;
  const wantsRead =
    options.readable !== false &&
    (stream.reading !== undefined || (typeof stream.read === 'function' && stream.readable));
  const wantsWrite =
    options.writable !== false && (stream.writing !== undefined || typeof stream.write === 'function');
  let read = !wantsRead || stream.readableEnded;
  let written = !wantsWrite || stream.writableFinished;
  const finish = (error) => {
    if (called) return;
    called = true;
    callback.call(stream, error);
  };
  const check = () => read && written && finish();
  stream.on('end', () => {
    read = true;
    check();
  });
  stream.on('finish', () => {
    written = true;
    check();
  });
  stream.on('error', finish);
  stream.on('close', () =>
    read && written
      ? finish()
      : finish(stream.errored || coded('Premature close', 'ERR_STREAM_PREMATURE_CLOSE')),
  );
  if (stream.errored) later(finish, stream.errored);
  else if (read && written) later(finish);
  return () => {
    called = true;
  };
}

function pipeline(...given) {
  const callback =
    typeof given[given.length - 1] === 'function' && given[given.length - 1].length <= 2 && !isStage(given)
      ? given.pop()
      : () => {};
  const stages = (Array.isArray(given[0]) && given.length === 1 ? given[0] : given).filter(
    (each) => each && !isOptions(each),
  );
  let current = null;
  let last = null;
  let failure = null;
  const streams = [];
  stages.forEach((stage, index) => {
    if (typeof stage === 'function') {
      const result = index === 0 ? stage() : stage(current);
      if (result && typeof result.then === 'function') {
        last = result;
        return;
      }
      current = Readable.from(result);
    } else if (index === 0) {
      current = stage.pipe ? stage : Readable.from(stage);
    } else {
      current.pipe(stage);
      current = stage;
    }
    streams.push(current);
  });
  let settled = false;
  const finish = (error, value) => {
    if (settled) return;
    settled = true;
    if (error) for (const each of streams) if (!each.destroyed && each.destroy) each.destroy();
    later(callback, error, value);
  };
  for (const each of streams) {
    each.on('error', (error) => {
      failure = failure || error;
      finish(failure);
    });
  }
  if (last) last.then((value) => finish(undefined, value), finish);
  else finished(current, { readable: false }, (error) => finish(failure || error));
  return current;
}

const isOptions = (value) => Object.getPrototypeOf(value) === Object.prototype && 'signal' in value;
/** Whether the last of what `pipeline` was given is a stage of its own, as in `stream/promises`. */
const isStage = (given) => given.promised === true;

const promises = {
  finished: (stream, options) =>
    new Promise((resolve, reject) =>
      finished(stream, options || {}, (error) => (error ? reject(error) : resolve())),
    ),
  pipeline: (...given) =>
    new Promise((resolve, reject) => {
      pipeline(...given.filter((each) => each && !isOptions(each)), (error, value) =>
        error ? reject(error) : resolve(value),
      );
    }),
};

module.exports = Stream;
Object.assign(Stream, {
  Stream,
  Readable,
  Writable,
  Duplex,
  Transform,
  PassThrough,
  pipeline,
  finished,
  promises,
  addAbortSignal: (signal, stream) => {
    signal.addEventListener('abort', () => stream.destroy(signal.reason), { once: true });
    return stream;
  },
  isReadable: (stream) => Boolean(stream && stream.readable),
  isErrored: (stream) => Boolean(stream && stream.errored),
  isDisturbed: (stream) => Boolean(stream && stream.readableDidRead),
  getDefaultHighWaterMark: (inObjects) => (inObjects ? 16 : 16384),
  setDefaultHighWaterMark() {},
});
const { promisify } = require('util');
pipeline[promisify.custom] = promises.pipeline;
finished[promisify.custom] = promises.finished;
