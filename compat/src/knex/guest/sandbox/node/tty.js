'use strict';
// `tty`: there is none.

const EventEmitter = require('events');

module.exports = {
  isatty: () => false,
  ReadStream: class ReadStream extends EventEmitter {},
  WriteStream: class WriteStream extends EventEmitter {},
};
