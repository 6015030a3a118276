'use strict';
// `string_decoder`: bytes that arrive in pieces, as text.

const KEPT = { utf8: 3, utf16le: 3, base64: 2, base64url: 2 };

class StringDecoder {
  constructor(encoding = 'utf8') {
    const known = {
      'utf-8': 'utf8',
      ucs2: 'utf16le',
      'ucs-2': 'utf16le',
      'utf-16le': 'utf16le',
      binary: 'latin1',
    };
    this.encoding = known[String(encoding).toLowerCase()] || String(encoding).toLowerCase();
    if (!Buffer.isEncoding(this.encoding)) throw new TypeError(`Unknown encoding: ${encoding}`);
    this.rest = Buffer.alloc(0);
  }

  write(bytes) {
    if (typeof bytes === 'string') return bytes;
    const whole = this.rest.length ? Buffer.concat([this.rest, bytes]) : Buffer.from(bytes);
    const end = this.complete(whole);
    this.rest = whole.subarray(end);
    return whole.toString(this.encoding, 0, end);
  }

  end(bytes) {
    const text = (bytes ? this.write(bytes) : '') + this.rest.toString(this.encoding);
    this.rest = Buffer.alloc(0);
    return text;
  }

  /** Where the last whole character ends. */
  complete(bytes) {
    if (!Object.hasOwn(KEPT, this.encoding)) return bytes.length;
    if (this.encoding === 'utf16le') {
      const end = bytes.length & ~1;
      const high = end >= 2 && (bytes[end - 1] & 0xfc) === 0xd8;
      return high ? end - 2 : end;
    }
    if (this.encoding !== 'utf8') return bytes.length - (bytes.length % 3);
    for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
      const byte = bytes[bytes.length - back];
      if (byte >= 0xc0) {
        const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
        return needed > back ? bytes.length - back : bytes.length;
      }
      if (byte < 0x80) break;
    }
    return bytes.length;
  }
}

module.exports = { StringDecoder };
