'use strict';
// The same randomness when a migration is run again after a crash.

/** A generator of 32-bit numbers (sfc32) from 64 bits of seed. */
function generator(seed) {
  const number = BigInt.asUintN(64, BigInt(seed || 0));
  let a = Number(number & 0xffffffffn) | 0;
  let b = Number(number >> 32n) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}

/** `seed` of a `run`. In the sandbox the carrier seeds the clock and the bytes of `crypto` by itself. */
function seed(message, options) {
  const next = generator(message.seed);
  Math.random = () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
  if (options.deterministic) seedCrypto(generator(BigInt(message.seed || 0) ^ 0x5deece66dn));
}

function seedCrypto(next) {
  const crypto = require('crypto');
  const fill = (view) => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = next() & 255;
    return view;
  };
  const later = (callback, make) => {
    if (typeof callback !== 'function') return make();
    const value = make();
    process.nextTick(callback, null, value);
    return undefined;
  };
  const replaced = {
    randomBytes: (size, callback) => later(callback, () => fill(Buffer.alloc(size))),
    randomFillSync: (view, offset = 0, size = undefined) => {
      fill(
        Buffer.from(view.buffer, view.byteOffset, view.byteLength).subarray(offset, size && offset + size),
      );
      return view;
    },
    randomInt: (min, max, callback) => {
      if (typeof max !== 'number') [min, max, callback] = [0, min, max];
      const range = max - min;
      return later(callback, () => min + Math.floor(((next() >>> 0) / 4294967296) * range));
    },
    randomUUID: () => {
      const bytes = fill(Buffer.alloc(16));
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    },
    getRandomValues: fill,
  };
  Object.assign(crypto, replaced);
  const web = globalThis.crypto;
  if (web) {
    web.getRandomValues = fill;
    web.randomUUID = replaced.randomUUID;
  }
}

module.exports = { seed };
