'use strict';
// `net` and `tls` as the project's own database drivers get them: their sockets end in an emulated server, whose
// statements go to the engine. So every value is decoded and encoded by the driver itself.

const { EventEmitter } = require('events');

const { session } = require('../session');

function bytesOf(chunk, encoding) {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding);
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** A socket that is connected to `serve`, a function that is given the socket and gives a function for what is written. */
class Socket extends EventEmitter {
  constructor(serve) {
    super();
    this.serve = serve;
    this.receive = null;
    this.readable = this.writable = true;
    this.destroyed = this.connecting = false;
    this.readyState = 'open';
    this.bytesRead = this.bytesWritten = 0;
    this.queue = [];
    this.scheduled = this.paused = false;
    this.farewell = null;
  }

  connect(...given) {
    const callback = given.find((each) => typeof each === 'function');
    if (callback) this.once('connect', callback);
    this.connecting = true;
    process.nextTick(() => {
      this.connecting = false;
      if (this.destroyed) return;
      try {
        this.receive = this.serve(this);
      } catch (error) {
        this.destroy(error);
        return;
      }
      this.emit('connect');
      this.emit('ready');
    });
    return this;
  }

  write(chunk, encoding, callback) {
    if (typeof encoding === 'function') [encoding, callback] = [undefined, encoding];
    const bytes = bytesOf(chunk, encoding);
    this.bytesWritten += bytes.length;
    if (this.destroyed) return false;
    if (this.receive) {
      this.receive(bytes);
    } else {
      this.once('connect', () => this.receive && this.receive(bytes));
    }
    if (callback) process.nextTick(callback);
    return true;
  }

  end(chunk, encoding, callback) {
    const done = [chunk, encoding, callback].find((each) => typeof each === 'function');
    if (chunk && chunk !== done) this.write(chunk, encoding);
    if (done) this.once('finish', done);
    this.writable = false;
    process.nextTick(() => {
      this.emit('finish');
      this.destroy();
    });
    return this;
  }

  destroy(error) {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.readable = this.writable = false;
    this.readyState = 'closed';
    if (this.farewell) this.farewell();
    process.nextTick(() => {
      if (error) this.emit('error', error);
      this.emit('end');
      this.emit('close', Boolean(error));
    });
    return this;
  }

  /** What the server sends; it arrives later, in order. */
  deliver(bytes) {
    this.queue.push(bytes);
    this.schedule();
  }

  schedule() {
    if (this.scheduled || this.paused) return;
    this.scheduled = true;
    process.nextTick(() => {
      this.scheduled = false;
      const { queue } = this;
      if (this.paused || this.destroyed || !queue.length) return;
      this.queue = [];
      const bytes = queue.length === 1 ? queue[0] : Buffer.concat(queue);
      this.bytesRead += bytes.length;
      this.emit('data', bytes);
    });
  }

  pause() {
    this.paused = true;
    return this;
  }

  resume() {
    this.paused = false;
    if (this.queue.length) this.schedule();
    return this;
  }

  address() {
    return { address: 'engine', family: 'IPv4', port: 0 };
  }
}

// Settings of a connection that is none.
for (const name of [
  'setNoDelay',
  'setKeepAlive',
  'setTimeout',
  'ref',
  'unref',
  'cork',
  'uncork',
  'setEncoding',
]) {
  Socket.prototype[name] = function () {
    return this;
  };
}

/** `net` for a driver of servers of these dialects. */
function netFor(dialects, serve) {
  const begin = (socket) => {
    const connection = session.connect(...dialects);
    socket.dunlinConnection = connection;
    socket.farewell = () => session.disconnect(connection);
    return serve(socket, connection);
  };
  class EngineSocket extends Socket {
    constructor() {
      super(begin);
    }
  }
  const connect = (...given) => new EngineSocket().connect(...given);
  const isIP = (text) => (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? 4 : String(text).includes(':') ? 6 : 0);
  return { Socket: EngineSocket, Stream: EngineSocket, connect, createConnection: connect, isIP };
}

/** `tls` for a driver: the engine has encrypted the connection, or not; a driver's socket stays as it is. */
const tls = {
  createSecureContext: () => ({}),
  TLSSocket: Socket,
  rootCertificates: [],
  connect(options, callback) {
    const { socket } = options;
    socket.encrypted = socket.authorized = true;
    if (callback) socket.once('secureConnect', callback);
    process.nextTick(() => socket.emit('secureConnect'));
    return socket;
  },
};

module.exports = { netFor, tls };
