'use strict';
// Deep equality, as `assert` and `util.isDeepStrictEqual` have it.

function equal(one, other, strict, seen = []) {
  if (strict ? Object.is(one, other) : one == other || (Number.isNaN(one) && Number.isNaN(other)))
    return true;
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return false;
  if (strict && Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  if (seen.some(([left, right]) => left === one && right === other)) return true;
  const inner = [...seen, [one, other]];
  if (one instanceof Date && other instanceof Date) {
    if (!Object.is(one.getTime(), other.getTime())) return false;
  } else if (one instanceof RegExp && other instanceof RegExp) {
    if (String(one) !== String(other)) return false;
  } else if (one instanceof Error && other instanceof Error) {
    if (one.message !== other.message || one.name !== other.name) return false;
  } else if (ArrayBuffer.isView(one) && ArrayBuffer.isView(other)) {
    if (one.length !== other.length) return false;
    for (let index = 0; index < one.length; index += 1)
      if (!Object.is(one[index], other[index])) return false;
    return true;
  } else if (one instanceof Map || other instanceof Map) {
    return equalMaps(one, other, strict, inner);
  } else if (one instanceof Set || other instanceof Set) {
    return equalSets(one, other, strict, inner);
  } else if (one instanceof Number || one instanceof String || one instanceof Boolean) {
    if (!Object.is(one.valueOf(), other.valueOf())) return false;
  }
  const keys = keysOf(one);
  if (keys.length !== keysOf(other).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && equal(one[key], other[key], strict, inner));
}

function keysOf(object) {
  const symbols = Object.getOwnPropertySymbols(object).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(object, key),
  );
  return [...Object.keys(object), ...symbols];
}

function equalMaps(one, other, strict, seen) {
  if (!(one instanceof Map && other instanceof Map) || one.size !== other.size) return false;
  return [...one].every(([key, value]) => {
    if (other.has(key)) return equal(value, other.get(key), strict, seen);
    return [...other].some(
      ([otherKey, otherValue]) =>
        equal(key, otherKey, strict, seen) && equal(value, otherValue, strict, seen),
    );
  });
}

function equalSets(one, other, strict, seen) {
  if (!(one instanceof Set && other instanceof Set) || one.size !== other.size) return false;
  return [...one].every(
    (value) => other.has(value) || [...other].some((each) => equal(value, each, strict, seen)),
  );
}

module.exports = { equal };
