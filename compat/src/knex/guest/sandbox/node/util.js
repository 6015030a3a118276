'use strict';
// `util`.

const { inspect, format, formatWithOptions, stripVTControlCharacters } = require('../inspect');
const types = require('../types');

const custom = Symbol.for('nodejs.util.promisify.custom');

function promisify(original) {
  if (typeof original !== 'function') {
    const error = new TypeError('The "original" argument must be of type function.');
    error.code = 'ERR_INVALID_ARG_TYPE';
    throw error;
  }
  if (original[custom]) return original[custom];
  function promised(...given) {
    return new Promise((resolve, reject) => {
      original.call(this, ...given, (error, ...values) => (error ? reject(error) : resolve(values[0])));
    });
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = custom;

function callbackify(original) {
  return function callbackified(...given) {
    const callback = given.pop();
    original.apply(this, given).then(
      (value) => process.nextTick(callback, null, value),
      (reason) => {
        let error = reason;
        if (!error) {
          error = new Error('Promise was rejected with a falsy value');
          error.reason = reason;
        }
        process.nextTick(callback, error);
      },
    );
  };
}

function inherits(constructor, parent) {
  Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

function deprecate(original, message) {
  let warned = false;
  const deprecated = function (...given) {
    if (!warned) process.emitWarning(message, 'DeprecationWarning');
    warned = true;
    return new.target ? Reflect.construct(original, given, new.target) : original.apply(this, given);
  };
  Object.setPrototypeOf(deprecated, original);
  if (original.prototype) deprecated.prototype = original.prototype;
  return deprecated;
}

/** `NODE_DEBUG` says which of these speak. */
function debuglog(section) {
  const on = new RegExp(`(?:^|,)\\s*${section}\\s*(?:,|$)`, 'i').test(process.env.NODE_DEBUG || '');
  const log = on
    ? (...given) => process.stderr.write(`${section.toUpperCase()} 1: ${format(...given)}\n`)
    : () => {};
  log.enabled = on;
  return log;
}

function isDeepStrictEqual(one, other) {
  return require('../equality').equal(one, other, true);
}

module.exports = {
  inspect,
  format,
  formatWithOptions,
  promisify,
  callbackify,
  inherits,
  deprecate,
  debuglog,
  debug: debuglog,
  isDeepStrictEqual,
  types,
  stripVTControlCharacters,
  TextEncoder: require('../web_text').TextEncoder,
  TextDecoder: require('../web_text').TextDecoder,
  styleText: (style, text) => text,
  toUSVString: (text) => String(text).toWellFormed(),
  aborted: (signal) => new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
  parseArgs: () => {
    throw new Error('util.parseArgs is not available in the sandbox');
  },
  getSystemErrorName: (number) => `Unknown system error ${number}`,
  isArray: Array.isArray,
  isBoolean: (value) => typeof value === 'boolean',
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: (value) => typeof value === 'number',
  isString: (value) => typeof value === 'string',
  isSymbol: (value) => typeof value === 'symbol',
  isUndefined: (value) => value === undefined,
  isRegExp: types.isRegExp,
  isObject: (value) => value !== null && typeof value === 'object',
  isDate: types.isDate,
  isError: (value) => value instanceof Error,
  isFunction: (value) => typeof value === 'function',
  isPrimitive: (value) => value === null || (typeof value !== 'object' && typeof value !== 'function'),
  isBuffer: (value) => Buffer.isBuffer(value),
  _extend: (target, source) => Object.assign(target, source),
  log: (...given) => console.log(...given),
};
