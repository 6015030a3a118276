'use strict';
// `assert`.

const { inspect } = require('util');

const { equal } = require('../equality');

class AssertionError extends Error {
  constructor({ message, actual, expected, operator }) {
    super(message);
    this.generatedMessage = false;
    this.code = 'ERR_ASSERTION';
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
  }

  get name() {
    return 'AssertionError';
  }

  set name(value) {
    Object.defineProperty(this, 'name', { value, writable: true, configurable: true });
  }
}

function fail(message, actual, expected, operator, words) {
  if (message instanceof Error) throw message;
  const text = message === undefined ? words : message;
  const error = new AssertionError({ message: text, actual, expected, operator });
  error.generatedMessage = message === undefined;
  throw error;
}

function assert(value, message) {
  if (!value) fail(message, value, true, '==', 'The expression evaluated to a falsy value');
}

const comparison = (operator, holds, words) => (actual, expected, message) => {
  if (!holds(actual, expected))
    fail(message, actual, expected, operator, explained(operator, actual, expected, words));
};

const MOST_CHARACTERS = 512;

/** What Node says of a comparison that failed. Where it would show two texts line by line, only both of them are told. */
function explained(operator, actual, expected, words) {
  const shown = (value) => {
    const text = inspect(value, { compact: false, customInspect: false, depth: 1000 });
    return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 3)}...` : text;
  };
  switch (operator) {
    case '==':
    case '!=':
      return `${shown(actual)} ${operator} ${shown(expected)}`;
    case 'deepEqual':
      return `${words}:\n\n${shown(actual)}\n\nshould loosely deep-equal\n\n${shown(expected)}`;
    case 'notDeepEqual':
      return `${words}:\n\n${shown(actual)}`;
    case 'notDeepStrictEqual':
    case 'notStrictEqual': {
      const text = shown(actual);
      const isReference = operator === 'notStrictEqual' && actual === Object(actual);
      const base = isReference ? 'Expected "actual" not to be reference-equal to "expected"' : words;
      if (text.includes('\n')) return `${base}:\n\n${text}\n`;
      return `${base}:${text.length > 5 ? '\n\n' : ' '}${text}`;
    }
    default:
      return `${words}:\n\n${inspect(actual)} !== ${inspect(expected)}\n`;
  }
}

function matchesError(error, expected) {
  if (expected === undefined) return true;
  if (expected instanceof RegExp) return expected.test(String(error));
  if (typeof expected === 'function') {
    if (expected.prototype !== undefined && error instanceof expected) return true;
    if (Object.prototype.isPrototypeOf.call(Error, expected)) return false;
    return expected.call({}, error) === true;
  }
  return Object.keys(expected).every((key) =>
    expected[key] instanceof RegExp && typeof error[key] === 'string'
      ? expected[key].test(error[key])
      : equal(error[key], expected[key], true),
  );
}

function checkThrown(thrown, expected, message) {
  const wanted = typeof expected === 'string' ? undefined : expected;
  const words = typeof expected === 'string' ? expected : message;
  if (!thrown) fail(words, undefined, wanted, 'throws', 'Missing expected exception.');
  if (!matchesError(thrown.error, wanted)) throw thrown.error;
}

Object.assign(assert, {
  AssertionError,
  ok: assert,
  equal: comparison(
    '==',
    (one, other) => one == other || (Number.isNaN(one) && Number.isNaN(other)),
    '',
  ),
  notEqual: comparison('!=', (one, other) => one != other, ''),
  strictEqual: comparison('strictEqual', Object.is, 'Expected values to be strictly equal'),
  notStrictEqual: comparison(
    'notStrictEqual',
    (one, other) => !Object.is(one, other),
    'Expected "actual" to be strictly unequal to',
  ),
  deepEqual: comparison(
    'deepEqual',
    (one, other) => equal(one, other, false),
    'Expected values to be loosely deep-equal',
  ),
  notDeepEqual: comparison(
    'notDeepEqual',
    (one, other) => !equal(one, other, false),
    'Expected "actual" not to be loosely deep-equal to',
  ),
  deepStrictEqual: comparison(
    'deepStrictEqual',
    (one, other) => equal(one, other, true),
    'Expected values to be strictly deep-equal',
  ),
  notDeepStrictEqual: comparison(
    'notDeepStrictEqual',
    (one, other) => !equal(one, other, true),
    'Expected "actual" not to be strictly deep-equal to',
  ),
  match: (text, pattern, message) => {
    if (!pattern.test(text))
      fail(
        message,
        text,
        pattern,
        'match',
        `The input did not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`,
      );
  },
  doesNotMatch: (text, pattern, message) => {
    if (pattern.test(text))
      fail(
        message,
        text,
        pattern,
        'doesNotMatch',
        `The input was expected to not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`,
      );
  },
  fail: (message) => fail(message, undefined, undefined, 'fail', 'Failed'),
  ifError: (value) => {
    if (value !== null && value !== undefined)
      throw value instanceof Error
        ? value
        : new AssertionError({
            message: `ifError got unwanted exception: ${inspect(value)}`,
            actual: value,
            expected: null,
            operator: 'ifError',
          });
  },
  throws: (work, expected, message) => {
    let thrown = null;
    try {
      work();
    } catch (error) {
      thrown = { error };
    }
    checkThrown(thrown, expected, message);
  },
  doesNotThrow: (work) => {
    work();
  },
  rejects: async (work, expected, message) => {
    let thrown = null;
    try {
      await (typeof work === 'function' ? work() : work);
    } catch (error) {
      thrown = { error };
    }
    checkThrown(thrown, expected, message);
  },
  doesNotReject: async (work) => {
    await (typeof work === 'function' ? work() : work);
  },
});
assert.strict = Object.assign((...given) => assert(...given), assert, {
  equal: assert.strictEqual,
  notEqual: assert.notStrictEqual,
  deepEqual: assert.deepStrictEqual,
  notDeepEqual: assert.notDeepStrictEqual,
});
assert.strict.strict = assert.strict;

module.exports = assert;
