'use strict';
// What the project and its libraries print: told to the engine line by line, in its order among the statements.

const unfinished = { stdout: '', output: '' };
let engine = null;

function write(logger, chunk, encoding) {
  const text =
    typeof chunk === 'string'
      ? chunk
      : Buffer.from(chunk).toString(encoding === 'buffer' ? 'utf8' : encoding);
  const lines = (unfinished[logger] + text).split('\n');
  unfinished[logger] = lines.pop();
  for (const line of lines) engine.log('info', logger, line);
}

/** Takes over standard output and standard error. */
function install(to) {
  engine = to;
  for (const [stream, logger] of [
    [process.stdout, 'stdout'],
    [process.stderr, 'output'],
  ]) {
    stream.write = (chunk, encoding, done) => {
      if (typeof encoding === 'function') [encoding, done] = [undefined, encoding];
      write(logger, chunk, encoding);
      if (typeof done === 'function') process.nextTick(done);
      return true;
    };
  }
}

/** Tells last lines that were not ended, at the end of an exchange. */
function finish() {
  for (const logger of Object.keys(unfinished)) {
    const line = unfinished[logger];
    unfinished[logger] = '';
    if (line && engine) engine.log('info', logger, line);
  }
}

module.exports = { install, finish };
