'use strict';
// `fs`: reading in the project and where it imports from. Nothing is written.

const host = globalThis.__dunlin;

const constants = {
  F_OK: 0,
  R_OK: 4,
  W_OK: 2,
  X_OK: 1,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 64,
  COPYFILE_EXCL: 1,
};
const NUMBERS = { ENOENT: -2, EIO: -5, EACCES: -13, ENOTDIR: -20, EISDIR: -21, EINVAL: -22, EROFS: -30 };

function nameOf(path) {
  if (path instanceof URL) return require('url').fileURLToPath(path);
  if (ArrayBuffer.isView(path)) return Buffer.from(path).toString();
  if (typeof path !== 'string') {
    const error = new TypeError(
      'The "path" argument must be of type string or an instance of Buffer or URL.',
    );
    error.code = 'ERR_INVALID_ARG_TYPE';
    throw error;
  }
  return require('path').resolve(path);
}

function failure({ code, reason }, call, path) {
  const error = new Error(`${code}: ${reason}, ${call} '${path}'`);
  return Object.assign(error, { errno: NUMBERS[code] || -5, code, syscall: call, path });
}

function answerOf(text, call, path) {
  const answer = JSON.parse(text);
  if (answer && answer.error) throw failure(answer.error, call, path);
  return answer;
}

// -- reading

function readFileSync(path, options) {
  const encoding = typeof options === 'string' ? options : options && options.encoding;
  const name = nameOf(path);
  const bytes = host.read(name);
  if (typeof bytes === 'string') answerOf(bytes, 'open', path);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
}

class Stats {
  constructor({ file, directory, size, mtime }) {
    Object.assign(this, {
      dev: 0,
      ino: 0,
      nlink: 1,
      uid: 0,
      gid: 0,
      rdev: 0,
      blksize: 4096,
      blocks: 0,
      size,
    });
    this.mode = (directory ? 0o40000 : 0o100000) | 0o444;
    this.mtimeMs = this.atimeMs = this.ctimeMs = this.birthtimeMs = mtime;
    this.mtime = this.atime = this.ctime = this.birthtime = new Date(mtime);
    Object.defineProperties(this, { kind: { value: directory ? 'directory' : file ? 'file' : 'other' } });
  }
}

class Dirent {
  constructor(name, kind, path) {
    this.name = name;
    this.parentPath = this.path = path;
    Object.defineProperty(this, 'kind', { value: kind });
  }
}

for (const Kind of [Stats, Dirent]) {
  Object.assign(Kind.prototype, {
    isFile() {
      return this.kind === 'file';
    },
    isDirectory() {
      return this.kind === 'directory';
    },
    isSymbolicLink: () => false,
    isFIFO: () => false,
    isSocket: () => false,
    isBlockDevice: () => false,
    isCharacterDevice: () => false,
  });
}

function statSync(path, options) {
  try {
    return new Stats(answerOf(host.stat(nameOf(path)), 'stat', path));
  } catch (error) {
    if (options && options.throwIfNoEntry === false && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function existsSync(path) {
  try {
    return host.kind(nameOf(path)) !== 0;
  } catch {
    return false;
  }
}

function accessSync(path, mode = constants.F_OK) {
  statSync(path);
  if (mode & constants.W_OK) throw readOnly('access', path);
}

function readdirSync(path, options) {
  const name = nameOf(path);
  const list = answerOf(host.list(name), 'scandir', path);
  const typed = options && options.withFileTypes;
  const recursive = options && options.recursive;
  const found = [];
  for (const [entry, directory] of list) {
    found.push(typed ? new Dirent(entry, directory ? 'directory' : 'file', name) : entry);
    if (recursive && directory) {
      for (const inner of readdirSync(`${name}/${entry}`, options))
        found.push(typed ? inner : `${entry}/${inner}`);
    }
  }
  return found;
}

const realpathSync = (path) => answerOf(host.realPath(nameOf(path)), 'lstat', path);
realpathSync.native = realpathSync;

// -- open files

const open = new Map();
let next = 10;

function openSync(path, flags = 'r') {
  if (flags !== 'r' && flags !== 'rs' && flags !== 0) throw readOnly('open', path);
  const bytes = readFileSync(path);
  open.set((next += 1), { bytes, at: 0, path });
  return next;
}

function handleOf(descriptor) {
  const found = open.get(descriptor);
  if (found) return found;
  throw failure({ code: 'EBADF', reason: 'bad file descriptor' }, 'read', String(descriptor));
}

function readSync(descriptor, buffer, offset = 0, length = buffer.length - offset, position = null) {
  const handle = handleOf(descriptor);
  const from = typeof position === 'number' ? position : handle.at;
  const part = handle.bytes.subarray(from, from + length);
  buffer.set(part, offset);
  if (typeof position !== 'number') handle.at += part.length;
  return part.length;
}

function closeSync(descriptor) {
  handleOf(descriptor);
  open.delete(descriptor);
}

function createReadStream(path, options) {
  const { Readable } = require('stream');
  const encoding = typeof options === 'string' ? options : options && options.encoding;
  const { start = 0, end = Infinity, highWaterMark = 65536 } = (typeof options === 'object' && options) || {};
  let bytes = null;
  let at = start;
  const stream = new Readable({
    highWaterMark,
    encoding,
    read() {
      try {
        if (bytes === null) bytes = readFileSync(path);
      } catch (error) {
        this.destroy(error);
        return;
      }
      const until = Math.min(at + highWaterMark, bytes.length, end + 1);
      const part = bytes.subarray(at, until);
      at = until;
      this.push(part.length ? part : null);
    },
  });
  stream.path = path;
  return stream;
}

// -- writing

function readOnly(call, path) {
  const error = failure({ code: 'EROFS', reason: 'the sandbox writes no files' }, call, path);
  return error;
}

const WRITING = [
  'writeFile',
  'appendFile',
  'mkdir',
  'mkdtemp',
  'rm',
  'rmdir',
  'unlink',
  'rename',
  'copyFile',
  'cp',
  'symlink',
  'link',
  'chmod',
  'chown',
  'utimes',
  'truncate',
  'write',
  'ftruncate',
  'fchmod',
  'lchown',
  'futimes',
];

// -- the three ways to call a function

const SYNCHRONOUS = {
  readFile: readFileSync,
  stat: statSync,
  lstat: statSync,
  access: accessSync,
  readdir: readdirSync,
  realpath: realpathSync,
  open: openSync,
  close: closeSync,
  fstat: (descriptor) => statSync(handleOf(descriptor).path),
};
for (const name of WRITING) {
  SYNCHRONOUS[name] = (path) => {
    throw readOnly(name.toLowerCase(), path);
  };
}

function withCallback(work) {
  return (...given) => {
    const callback = given.pop();
    if (typeof callback !== 'function') {
      const error = new TypeError('The "cb" argument must be of type function.');
      error.code = 'ERR_INVALID_ARG_TYPE';
      throw error;
    }
    let results;
    try {
      results = [null, work(...given)];
    } catch (error) {
      results = [error];
    }
    setImmediate(() => callback(...results));
  };
}

const fs = { constants, ...constants, Stats, Dirent, existsSync, readSync, createReadStream };
const promises = { constants };
for (const [name, work] of Object.entries(SYNCHRONOUS)) {
  fs[`${name}Sync`] = work;
  fs[name] = withCallback(work);
  promises[name] = async (...given) => work(...given);
}
fs.realpath.native = fs.realpath;
fs.promises = promises;
fs.exists = (path, callback) => setImmediate(() => callback(existsSync(path)));
fs.read = (descriptor, buffer, offset, length, position, callback) => {
  const count = readSync(descriptor, buffer, offset, length, position);
  setImmediate(() => callback(null, count, buffer));
};
fs.createWriteStream = (path) => {
  throw readOnly('open', path);
};
fs.watch = fs.watchFile = () => {
  throw readOnly('watch', '');
};
fs.unwatchFile = () => {};
promises.open = async (path, flags) => {
  const descriptor = openSync(path, flags);
  return {
    fd: descriptor,
    readFile: async (options) => readFileSync(path, options),
    stat: async () => statSync(path),
    close: async () => closeSync(descriptor),
  };
};

module.exports = fs;
