'use strict';
// `querystring`.

function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const escape = (text) => encodeURIComponent(text);

function parse(text, separator = '&', equals = '=', options = {}) {
  const result = Object.create(null);
  if (typeof text !== 'string' || !text) return result;
  const decode = options.decodeURIComponent || unescape;
  const most = options.maxKeys === undefined ? 1000 : options.maxKeys;
  const pairs = text.split(separator);
  for (const pair of most > 0 ? pairs.slice(0, most) : pairs) {
    if (!pair) continue;
    const at = pair.indexOf(equals);
    const key = decode((at < 0 ? pair : pair.slice(0, at)).replace(/\+/g, ' '));
    const value = at < 0 ? '' : decode(pair.slice(at + equals.length).replace(/\+/g, ' '));
    if (!Object.hasOwn(result, key)) result[key] = value;
    else if (Array.isArray(result[key])) result[key].push(value);
    else result[key] = [result[key], value];
  }
  return result;
}

function textOf(value) {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  return typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : '';
}

function stringify(object, separator = '&', equals = '=', options = {}) {
  if (object === null || typeof object !== 'object') return '';
  const encode = options.encodeURIComponent || escape;
  return Object.entries(object)
    .flatMap(([key, value]) => (Array.isArray(value) ? value.map((each) => [key, each]) : [[key, value]]))
    .map(([key, value]) => `${encode(key)}${equals}${encode(textOf(value))}`)
    .join(separator);
}

module.exports = { parse, stringify, escape, unescape, decode: parse, encode: stringify };
