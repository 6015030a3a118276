'use strict';
// `crypto`: digests, and randomness that is the same when a migration is run again.

const { Transform } = require('stream');

const host = globalThis.__dunlin;

function bytesOf(value, encoding) {
  if (typeof value === 'string') return Buffer.from(value, encoding);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  const error = new TypeError(
    'The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView.',
  );
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

const asBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** What `createHash` and `createHmac` give. */
class Digest extends Transform {
  constructor(finish) {
    super();
    this.finishDigest = finish;
    this.parts = [];
    this.done = false;
  }

  update(data, encoding) {
    if (this.done) throw finalized();
    this.parts.push(bytesOf(data, encoding));
    return this;
  }

  digest(encoding) {
    if (this.done) throw finalized();
    this.done = true;
    const bytes = asBuffer(this.finishDigest(Buffer.concat(this.parts)));
    return encoding && encoding !== 'buffer' ? bytes.toString(encoding) : bytes;
  }

  copy() {
    const made = new Digest(this.finishDigest);
    made.parts = [...this.parts];
    return made;
  }

  _transform(chunk, encoding, done) {
    this.update(chunk, encoding === 'buffer' ? undefined : encoding);
    done();
  }

  _flush(done) {
    this.push(this.digest());
    done();
  }
}

function finalized() {
  const error = new Error('Digest already called');
  error.code = 'ERR_CRYPTO_HASH_FINALIZED';
  return error;
}

function known(name) {
  if (host.hash(name, new Uint8Array(0)) !== undefined) return;
  const error = new Error('Digest method not supported');
  error.code = 'ERR_CRYPTO_INVALID_DIGEST';
  throw error;
}

function createHash(name) {
  known(name);
  return new Digest((bytes) => host.hash(name, bytes));
}

function createHmac(name, key) {
  known(name);
  const secret = bytesOf(key);
  return new Digest((bytes) => host.hmac(name, secret, bytes));
}

function randomBytes(size, callback) {
  const bytes = asBuffer(host.random(size));
  if (typeof callback !== 'function') return bytes;
  process.nextTick(callback, null, bytes);
  return undefined;
}

function randomFillSync(view, offset = 0, size) {
  const bytes = new Uint8Array(view.buffer || view, view.byteOffset || 0, view.byteLength);
  const end = size === undefined ? bytes.length : offset + size;
  bytes.set(host.random(end - offset), offset);
  return view;
}

function randomFill(view, ...given) {
  const callback = given.pop();
  randomFillSync(view, ...given);
  process.nextTick(callback, null, view);
}

function randomInt(min, max, callback) {
  if (typeof max !== 'number') [min, max, callback] = [0, min, max];
  const range = max - min;
  if (!(range > 0 && range <= 2 ** 48)) {
    const error = new RangeError(
      `The value of "max" is out of range. It must be greater than the value of "min" (${min}). Received ${max}`,
    );
    error.code = 'ERR_OUT_OF_RANGE';
    throw error;
  }
  const limit = 2 ** 48 - (2 ** 48 % range);
  let value;
  do {
    value = asBuffer(host.random(6)).readUIntBE(0, 6);
  } while (value >= limit);
  const result = min + (value % range);
  if (typeof callback !== 'function') return result;
  process.nextTick(callback, null, result);
  return undefined;
}

function randomUUID() {
  const bytes = asBuffer(host.random(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function timingSafeEqual(one, other) {
  if (one.byteLength !== other.byteLength) {
    const error = new RangeError('Input buffers must have the same byte length');
    error.code = 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH';
    throw error;
  }
  let difference = 0;
  for (let index = 0; index < one.length; index += 1) difference |= one[index] ^ other[index];
  return difference === 0;
}

/** RFC 2898; slow, as it is meant to be. */
function pbkdf2Sync(password, salt, iterations, length, digest = 'sha1') {
  known(digest);
  const key = bytesOf(password);
  const blocks = [];
  for (let index = 1; Buffer.concat(blocks).length < length; index += 1) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(index, 0);
    let last = asBuffer(host.hmac(digest, key, Buffer.concat([bytesOf(salt), number])));
    const block = Buffer.from(last);
    for (let round = 1; round < iterations; round += 1) {
      last = asBuffer(host.hmac(digest, key, last));
      for (let at = 0; at < block.length; at += 1) block[at] ^= last[at];
    }
    blocks.push(block);
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function later(work) {
  return (...given) => {
    const callback = given.pop();
    let result;
    try {
      result = work(...given);
    } catch (error) {
      process.nextTick(callback, error);
      return;
    }
    process.nextTick(callback, null, result);
  };
}

function unsupported(name) {
  const refuse = () => {
    const error = new Error(`crypto.${name} is not available in the sandbox`);
    error.code = 'ERR_DUNLIN_SANDBOX';
    throw error;
  };
  return [name, refuse];
}

const getRandomValues = (view) => randomFillSync(view);

const webcrypto = {
  getRandomValues,
  randomUUID,
  subtle: {
    async digest(algorithm, data) {
      const name = typeof algorithm === 'string' ? algorithm : algorithm.name;
      const bytes = host.hash(name, bytesOf(data));
      if (bytes === undefined) throw new DOMException('Unrecognized algorithm name', 'NotSupportedError');
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    },
  },
};

module.exports = {
  ...Object.fromEntries(
    [
      'createCipheriv',
      'createDecipheriv',
      'createSign',
      'createVerify',
      'sign',
      'verify',
      'scrypt',
      'scryptSync',
      'generateKeyPair',
      'generateKeyPairSync',
      'publicEncrypt',
      'publicDecrypt',
      'privateEncrypt',
      'privateDecrypt',
      'createPublicKey',
      'createPrivateKey',
      'createSecretKey',
      'createDiffieHellman',
      'createECDH',
      'hkdfSync',
    ].map(unsupported),
  ),
  createHash,
  createHmac,
  hash: (name, data, encoding = 'hex') => createHash(name).update(data).digest(encoding),
  getHashes: () => ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'],
  getCiphers: () => [],
  randomBytes,
  pseudoRandomBytes: randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
  timingSafeEqual,
  pbkdf2Sync,
  pbkdf2: later(pbkdf2Sync),
  getRandomValues,
  webcrypto,
  subtle: webcrypto.subtle,
  constants: {},
  Hash: Digest,
  Hmac: Digest,
};
