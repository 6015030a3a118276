'use strict';
// One stream into another, and waiting for the end.

const { coded, later } = require('./base');
const { Readable } = require('./readable');

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

module.exports = { pipe, finished, pipeline, promises };
