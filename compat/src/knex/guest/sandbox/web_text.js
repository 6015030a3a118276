'use strict';
// `TextEncoder`, `TextDecoder`, `atob` and `btoa`.

const host = globalThis.__dunlin;

const ENCODINGS = {
  'utf-8': 'utf8',
  utf8: 'utf8',
  'unicode-1-1-utf-8': 'utf8',
  'utf-16le': 'utf16le',
  'utf-16': 'utf16le',
  'ucs-2': 'utf16le',
  latin1: 'latin1',
  ascii: 'latin1',
  'us-ascii': 'latin1',
  'iso-8859-1': 'latin1',
  'windows-1252': 'latin1',
};

class TextEncoder {
  get encoding() {
    return 'utf-8';
  }

  encode(text = '') {
    return new Uint8Array(host.encode(String(text).toWellFormed(), 'utf8'));
  }

  encodeInto(text, target) {
    let read = 0;
    let written = 0;
    for (const character of text) {
      const bytes = this.encode(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}

class TextDecoder {
  constructor(label = 'utf-8', options = {}) {
    const encoding = ENCODINGS[String(label).trim().toLowerCase()];
    if (!encoding) throw new RangeError(`The "${label}" encoding is not supported`);
    Object.defineProperties(this, { kind: { value: encoding }, rest: { value: null, writable: true } });
    this.encoding = encoding === 'utf8' ? 'utf-8' : encoding === 'utf16le' ? 'utf-16le' : 'windows-1252';
    this.fatal = Boolean(options.fatal);
    this.ignoreBOM = Boolean(options.ignoreBOM);
  }

  decode(input = new Uint8Array(0), options = {}) {
    let bytes =
      input instanceof ArrayBuffer
        ? new Uint8Array(input)
        : new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    if (this.rest) bytes = Uint8Array.from([...this.rest, ...bytes]);
    const end = options.stream ? completeEnd(bytes, this.kind) : bytes.length;
    this.rest = options.stream && end < bytes.length ? bytes.slice(end) : null;
    const text = host.decode(bytes.slice(0, end), this.kind);
    if (this.fatal && text.includes('\ufffd') && !isValid(bytes.slice(0, end), text)) {
      const error = new TypeError('The encoded data was not valid for encoding utf-8');
      error.code = 'ERR_ENCODING_INVALID_ENCODED_DATA';
      throw error;
    }
    return !this.ignoreBOM && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

/** Where the last whole character ends. */
function completeEnd(bytes, kind) {
  if (kind === 'utf16le') return bytes.length & ~1;
  if (kind !== 'utf8') return bytes.length;
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

function isValid(bytes, text) {
  const again = host.encode(text, 'utf8');
  return again.length === bytes.length && again.every((byte, index) => byte === bytes[index]);
}

const invalid = (text) => new DOMException(text, 'InvalidCharacterError');

function btoa(text) {
  const given = String(text);
  if (/[^\0-\xff]/.test(given)) throw invalid('Invalid character');
  return host.decode(host.encode(given, 'latin1'), 'base64');
}

function atob(text) {
  const given = String(text)
    .replace(/[\t\n\f\r ]/g, '')
    .replace(/={1,2}$/, '');
  if (/[^A-Za-z0-9+/]/.test(given) || given.length % 4 === 1)
    throw invalid('The string to be decoded is not correctly encoded.');
  return host.decode(host.encode(given, 'base64'), 'latin1');
}

module.exports = { TextEncoder, TextDecoder, atob, btoa };
