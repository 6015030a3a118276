'use strict';
// `buffer`: bytes as Node has them, over Uint8Array.

const host = globalThis.__dunlin;

const ENCODINGS = {
  utf8: 'utf8',
  'utf-8': 'utf8',
  hex: 'hex',
  base64: 'base64',
  base64url: 'base64url',
  latin1: 'latin1',
  binary: 'latin1',
  ascii: 'ascii',
  ucs2: 'utf16le',
  'ucs-2': 'utf16le',
  utf16le: 'utf16le',
  'utf-16le': 'utf16le',
};

function normal(encoding) {
  if (encoding === undefined || encoding === null || encoding === 'utf8') return 'utf8';
  const found = ENCODINGS[String(encoding).toLowerCase()];
  if (found) return found;
  throw coded(new TypeError(`Unknown encoding: ${encoding}`), 'ERR_UNKNOWN_ENCODING');
}

function coded(error, code) {
  error.code = code;
  return error;
}

function outOfRange(name, range, value) {
  return coded(
    new RangeError(`The value of "${name}" is out of range. It must be ${range}. Received ${value}`),
    'ERR_OUT_OF_RANGE',
  );
}

function encode(text, encoding) {
  const kind = normal(encoding);
  const wellFormed = kind === 'utf8' ? text.toWellFormed() : text;
  return host.encode(wellFormed, kind === 'ascii' ? 'latin1' : kind);
}

class Buffer extends Uint8Array {
  // -- making

  static from(value, second, third) {
    if (typeof value === 'string') {
      const bytes = encode(value, second);
      return new FastBuffer(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    if (
      value instanceof ArrayBuffer ||
      (typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer)
    ) {
      return new FastBuffer(value, second, third);
    }
    if (value && typeof value === 'object') {
      if (ArrayBuffer.isView(value)) return copyOf(value);
      if (value.type === 'Buffer' && Array.isArray(value.data)) return copyOf(value.data);
      if (typeof value.length === 'number' || Array.isArray(value)) return copyOf(value);
      const primitive = typeof value.valueOf === 'function' ? value.valueOf() : value;
      if (primitive !== value && primitive !== null && primitive !== undefined)
        return Buffer.from(primitive, second, third);
      if (typeof value[Symbol.toPrimitive] === 'function')
        return Buffer.from(value[Symbol.toPrimitive]('string'), second);
    }
    throw coded(
      new TypeError(
        `The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object. Received ${value === null ? 'null' : `type ${typeof value}`}`,
      ),
      'ERR_INVALID_ARG_TYPE',
    );
  }

  static alloc(size, fill, encoding) {
    const made = new FastBuffer(checkedSize(size));
    return fill === undefined || fill === 0 || size === 0 ? made : made.fill(fill, encoding);
  }

  static allocUnsafe(size) {
    return new FastBuffer(checkedSize(size));
  }

  static allocUnsafeSlow(size) {
    return new FastBuffer(checkedSize(size));
  }

  static concat(list, length) {
    const total = length ?? list.reduce((sum, each) => sum + each.length, 0);
    const made = new FastBuffer(total);
    let at = 0;
    for (const each of list) {
      if (at >= total) break;
      const part = at + each.length > total ? each.subarray(0, total - at) : each;
      made.set(part, at);
      at += part.length;
    }
    return made;
  }

  // -- asking

  static isBuffer(value) {
    return value instanceof Buffer;
  }

  static isEncoding(encoding) {
    return typeof encoding === 'string' && Object.hasOwn(ENCODINGS, encoding.toLowerCase());
  }

  static byteLength(value, encoding) {
    return typeof value === 'string' ? encode(value, encoding).length : value.byteLength;
  }

  static compare(one, other) {
    const length = Math.min(one.length, other.length);
    for (let index = 0; index < length; index += 1) {
      if (one[index] !== other[index]) return one[index] < other[index] ? -1 : 1;
    }
    return Math.sign(one.length - other.length);
  }

  get parent() {
    return this.buffer;
  }

  get offset() {
    return this.byteOffset;
  }

  // -- text

  toString(encoding, start = 0, end = this.length) {
    const from = Math.max(0, Math.trunc(start) || 0);
    const to = Math.min(this.length, end === undefined ? this.length : Math.trunc(end) || 0);
    if (from >= to) return '';
    return host.decode(from === 0 && to === this.length ? this : this.subarray(from, to), normal(encoding));
  }

  toLocaleString(encoding, start, end) {
    return this.toString(encoding, start, end);
  }

  toJSON() {
    return { type: 'Buffer', data: Array.from(this) };
  }

  write(text, offset, length, encoding) {
    if (typeof offset === 'string') [offset, length, encoding] = [0, undefined, offset];
    else if (typeof length === 'string') [length, encoding] = [undefined, length];
    const at = offset || 0;
    let bytes = encode(text, encoding);
    const room = Math.min(length ?? this.length - at, this.length - at);
    if (bytes.length > room) {
      let end = room;
      // No half of a character is written.
      if (normal(encoding) === 'utf8') while (end > 0 && (bytes[end] & 0xc0) === 0x80) end -= 1;
      bytes = bytes.subarray(0, end);
    }
    this.set(bytes, at);
    return bytes.length;
  }

  // -- parts

  slice(start, end) {
    return this.subarray(start, end);
  }

  copy(target, at = 0, start = 0, end = this.length) {
    const part = this.subarray(start, Math.max(start, Math.min(end, start + target.length - at)));
    if (!part.length) return 0;
    target.set(part, at);
    return part.length;
  }

  equals(other) {
    return this === other || (this.length === other.length && Buffer.compare(this, other) === 0);
  }

  compare(other, start = 0, end = other.length, from = 0, to = this.length) {
    return Buffer.compare(this.subarray(from, to), other.subarray(start, end));
  }

  fill(value, offset, end, encoding) {
    if (typeof offset === 'string') [offset, end, encoding] = [0, this.length, offset];
    else if (typeof end === 'string') [end, encoding] = [this.length, end];
    const from = offset ?? 0;
    const to = end ?? this.length;
    if (typeof value === 'number' || typeof value === 'boolean') {
      super.fill(Number(value) & 255, from, to);
      return this;
    }
    const bytes = typeof value === 'string' ? encode(value, encoding) : value;
    if (!bytes.length) {
      super.fill(0, from, to);
      return this;
    }
    for (let index = from; index < to; index += 1) this[index] = bytes[(index - from) % bytes.length];
    return this;
  }

  indexOf(value, offset, encoding) {
    return find(this, value, offset, encoding, 1);
  }

  lastIndexOf(value, offset, encoding) {
    return find(this, value, offset, encoding, -1);
  }

  includes(value, offset, encoding) {
    return this.indexOf(value, offset, encoding) >= 0;
  }

  // -- integers of any length

  readUIntLE(offset, length) {
    checkedPlace(this, offset, length);
    let value = 0;
    for (let index = length - 1; index >= 0; index -= 1) value = value * 256 + this[offset + index];
    return value;
  }

  readUIntBE(offset, length) {
    checkedPlace(this, offset, length);
    let value = 0;
    for (let index = 0; index < length; index += 1) value = value * 256 + this[offset + index];
    return value;
  }

  readIntLE(offset, length) {
    return signed(this.readUIntLE(offset, length), length);
  }

  readIntBE(offset, length) {
    return signed(this.readUIntBE(offset, length), length);
  }

  writeUIntLE(value, offset, length) {
    checkedPlace(this, offset, length);
    let rest = value;
    for (let index = 0; index < length; index += 1) {
      this[offset + index] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return offset + length;
  }

  writeUIntBE(value, offset, length) {
    checkedPlace(this, offset, length);
    let rest = value;
    for (let index = length - 1; index >= 0; index -= 1) {
      this[offset + index] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return offset + length;
  }

  writeIntLE(value, offset, length) {
    return this.writeUIntLE(value < 0 ? value + 256 ** length : value, offset, length);
  }

  writeIntBE(value, offset, length) {
    return this.writeUIntBE(value < 0 ? value + 256 ** length : value, offset, length);
  }

  swap16() {
    return swap(this, 2);
  }

  swap32() {
    return swap(this, 4);
  }

  swap64() {
    return swap(this, 8);
  }
}

// Parts of a buffer are buffers, so whatever makes one has to go this way; `new Buffer(5)` and `Buffer(5)` are old spellings.
const FastBuffer = Buffer;

function checkedSize(size) {
  if (typeof size !== 'number') {
    throw coded(
      new TypeError(`The "size" argument must be of type number. Received type ${typeof size}`),
      'ERR_INVALID_ARG_TYPE',
    );
  }
  if (!(size >= 0 && size <= 2 ** 32)) throw outOfRange('size', `>= 0 && <= ${2 ** 32}`, size);
  return size;
}

function checkedPlace(buffer, offset, length) {
  if (typeof offset !== 'number') {
    throw coded(
      new TypeError(`The "offset" argument must be of type number. Received ${typeof offset}`),
      'ERR_INVALID_ARG_TYPE',
    );
  }
  if (!Number.isInteger(offset) || offset < 0 || offset + length > buffer.length) {
    throw outOfRange('offset', `>= 0 and <= ${buffer.length - length}`, offset);
  }
}

function copyOf(bytes) {
  const made = new FastBuffer(bytes.length);
  for (let index = 0; index < bytes.length; index += 1) made[index] = bytes[index];
  return made;
}

function signed(value, length) {
  const limit = 2 ** (8 * length - 1);
  return value >= limit ? value - 2 * limit : value;
}

function swap(buffer, size) {
  if (buffer.length % size)
    throw coded(
      new RangeError(`Buffer size must be a multiple of ${size * 8}-bits`),
      'ERR_INVALID_BUFFER_SIZE',
    );
  for (let at = 0; at < buffer.length; at += size) buffer.subarray(at, at + size).reverse();
  return buffer;
}

function find(buffer, value, offset, encoding, step) {
  if (typeof offset === 'string') [offset, encoding] = [undefined, offset];
  let at =
    offset === undefined || Number.isNaN(Number(offset))
      ? step > 0
        ? 0
        : buffer.length
      : Math.trunc(offset);
  if (at < 0) at = Math.max(step > 0 ? 0 : -1, buffer.length + at);
  if (typeof value === 'number') {
    return step > 0
      ? Uint8Array.prototype.indexOf.call(buffer, value & 255, at)
      : Uint8Array.prototype.lastIndexOf.call(buffer, value & 255, Math.min(at, buffer.length - 1));
  }
  const wanted = typeof value === 'string' ? encode(value, encoding) : value;
  if (!wanted.length) return step > 0 ? Math.min(at, buffer.length) : Math.min(at, buffer.length);
  at = Math.min(at, buffer.length - wanted.length);
  if (step > 0 && offset > buffer.length - wanted.length) return -1;
  const first = wanted[0];
  for (let index = at; step > 0 ? index <= buffer.length - wanted.length : index >= 0; index += step) {
    if (step > 0) {
      index = Uint8Array.prototype.indexOf.call(buffer, first, index);
      if (index < 0 || index > buffer.length - wanted.length) return -1;
    }
    let same = 0;
    while (same < wanted.length && buffer[index + same] === wanted[same]) same += 1;
    if (same === wanted.length) return index;
  }
  return -1;
}

// -- numbers of fixed length

const NUMBERS = [
  ['Int8', 1, 'Int8'],
  ['UInt8', 1, 'Uint8'],
  ['Int16', 2, 'Int16'],
  ['UInt16', 2, 'Uint16'],
  ['Int32', 4, 'Int32'],
  ['UInt32', 4, 'Uint32'],
  ['Float', 4, 'Float32'],
  ['Double', 8, 'Float64'],
  ['BigInt64', 8, 'BigInt64'],
  ['BigUInt64', 8, 'BigUint64'],
];

const RANGES = {
  Int8: [-0x80, 0x7f],
  UInt8: [0, 0xff],
  Int16: [-0x8000, 0x7fff],
  UInt16: [0, 0xffff],
  Int32: [-0x80000000, 0x7fffffff],
  UInt32: [0, 0xffffffff],
};

const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);

for (const [name, size, method] of NUMBERS) {
  const range = RANGES[name];
  for (const [ending, little] of size === 1
    ? [['', true]]
    : [
        ['LE', true],
        ['BE', false],
      ]) {
    const [get, set] = [`get${method}`, `set${method}`];
    const reader = function (offset = 0) {
      checkedPlace(this, offset, size);
      return view(this)[get](offset, little);
    };
    const writer = function (value, offset = 0) {
      checkedPlace(this, offset, size);
      if (range && (value < range[0] || value > range[1]))
        throw outOfRange('value', `>= ${range[0]} and <= ${range[1]}`, value);
      view(this)[set](offset, value, little);
      return offset + size;
    };
    for (const spelled of [name, name.replace('UInt', 'Uint')]) {
      Object.defineProperty(Buffer.prototype, `read${spelled}${ending}`, {
        value: reader,
        writable: true,
        configurable: true,
      });
      Object.defineProperty(Buffer.prototype, `write${spelled}${ending}`, {
        value: writer,
        writable: true,
        configurable: true,
      });
    }
  }
}

for (const [old, method] of [
  ['readUintLE', 'readUIntLE'],
  ['readUintBE', 'readUIntBE'],
  ['writeUintLE', 'writeUIntLE'],
  ['writeUintBE', 'writeUIntBE'],
]) {
  Object.defineProperty(Buffer.prototype, old, {
    value: Buffer.prototype[method],
    writable: true,
    configurable: true,
  });
}

// What drivers call to be faster: `utf8Slice`, `latin1Write`.
for (const encoding of ['utf8', 'latin1', 'ascii', 'hex', 'base64', 'base64url', 'ucs2']) {
  const methods = {
    [`${encoding}Slice`](start, end) {
      return this.toString(encoding, start, end);
    },
    [`${encoding}Write`](text, offset, length) {
      return this.write(text, offset, length, encoding);
    },
  };
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(Buffer.prototype, name, { value, writable: true, configurable: true });
  }
}

// Node's methods are enumerable, and mysql2 goes through them.
for (const name of Object.getOwnPropertyNames(Buffer.prototype)) {
  if (name !== 'constructor') Object.defineProperty(Buffer.prototype, name, { enumerable: true });
}

Buffer.poolSize = 8192;

/** `Buffer(5)`, `new Buffer('text')`: old, and still in use. */
const Callable = new Proxy(Buffer, {
  apply: (target, self, [value, second, third]) =>
    typeof value === 'number' ? Buffer.alloc(value) : Buffer.from(value, second, third),
  construct(target, given, made) {
    if (typeof given[0] === 'string') return Buffer.from(given[0], given[1]);
    if (Array.isArray(given[0])) return Buffer.from(given[0]);
    return Reflect.construct(target, given, made === Callable ? target : made);
  },
});
Object.defineProperty(Buffer.prototype, 'constructor', { value: Buffer, writable: true, configurable: true });

class Blob {
  constructor(parts = [], options = {}) {
    this.bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
    this.type = options.type || '';
  }

  get size() {
    return this.bytes.length;
  }

  async text() {
    return this.bytes.toString();
  }

  async arrayBuffer() {
    const { bytes } = this;
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  }
}

const { atob, btoa } = require('../web_text');

module.exports = {
  Buffer: Callable,
  SlowBuffer: Callable,
  Blob,
  atob,
  btoa,
  kMaxLength: 2 ** 32,
  kStringMaxLength: 2 ** 29 - 24,
  constants: { MAX_LENGTH: 2 ** 32, MAX_STRING_LENGTH: 2 ** 29 - 24 },
  INSPECT_MAX_BYTES: 50,
  isUtf8: (bytes) => {
    const again = host.encode(host.decode(Buffer.from(bytes), 'utf8'), 'utf8');
    return Buffer.compare(Buffer.from(bytes), again) === 0;
  },
  isAscii: (bytes) => Buffer.from(bytes).every((byte) => byte < 128),
};
