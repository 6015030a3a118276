'use strict';
// `structuredClone`, for the values that have a copy.

function structuredClone(value) {
  const seen = new Map();
  const clone = (each) => {
    if (typeof each === 'function' || typeof each === 'symbol') {
      throw new DOMException(`${String(each)} could not be cloned.`, 'DataCloneError');
    }
    if (each === null || typeof each !== 'object') return each;
    if (seen.has(each)) return seen.get(each);
    const note = (made) => {
      seen.set(each, made);
      return made;
    };
    if (each instanceof Date) return note(new Date(each.getTime()));
    if (each instanceof RegExp) return note(new RegExp(each.source, each.flags));
    if (each instanceof ArrayBuffer) return note(each.slice(0));
    if (ArrayBuffer.isView(each)) {
      const bytes = each.buffer.slice(each.byteOffset, each.byteOffset + each.byteLength);
      const Kind = each instanceof Uint8Array ? Uint8Array : each.constructor;
      return note(new Kind(bytes));
    }
    if (each instanceof Map) {
      const made = note(new Map());
      for (const [key, inner] of each) made.set(clone(key), clone(inner));
      return made;
    }
    if (each instanceof Set) {
      const made = note(new Set());
      for (const inner of each) made.add(clone(inner));
      return made;
    }
    if (each instanceof Error) {
      const made = note(Object.create(Object.getPrototypeOf(each)));
      for (const key of ['name', 'message', 'stack', 'cause']) {
        if (Object.hasOwn(each, key))
          Object.defineProperty(made, key, { value: clone(each[key]), writable: true, configurable: true });
      }
      return made;
    }
    if (each instanceof Number || each instanceof String || each instanceof Boolean)
      return note(Object(each.valueOf()));
    const made = note(Array.isArray(each) ? new Array(each.length) : {});
    for (const key of Object.keys(each)) made[key] = clone(each[key]);
    return made;
  };
  return clone(value);
}

module.exports = { structuredClone };
