'use strict';
// `stream`: readable and writable streams, in object mode too, as far as rows, files and digests flow through them.

const { promisify } = require('util');

const { Stream } = require('../streams/base');
const { Duplex, PassThrough, Transform } = require('../streams/duplex');
const { finished, pipeline, promises } = require('../streams/pipes');
const { Readable } = require('../streams/readable');
const { Writable } = require('../streams/writable');

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
pipeline[promisify.custom] = promises.pipeline;
finished[promisify.custom] = promises.finished;
