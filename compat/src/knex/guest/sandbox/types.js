'use strict';
// `util.types`.

const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
const holds = (name) => (value) => value !== null && typeof value === 'object' && tag(value) === name;
const instance = (get) => (value) => {
  const Kind = get();
  return typeof Kind === 'function' && value instanceof Kind;
};

const TypedArray = Object.getPrototypeOf(Uint8Array);

const types = {
  isDate: instance(() => Date),
  isRegExp: instance(() => RegExp),
  isMap: instance(() => Map),
  isSet: instance(() => Set),
  isWeakMap: instance(() => WeakMap),
  isWeakSet: instance(() => WeakSet),
  isPromise: instance(() => Promise),
  isArrayBuffer: instance(() => ArrayBuffer),
  isAnyArrayBuffer: (value) => value instanceof ArrayBuffer || holds('SharedArrayBuffer')(value),
  isSharedArrayBuffer: holds('SharedArrayBuffer'),
  isDataView: instance(() => DataView),
  isTypedArray: (value) => value instanceof TypedArray,
  isArrayBufferView: (value) => ArrayBuffer.isView(value),
  isNativeError: instance(() => Error),
  isGeneratorObject: holds('Generator'),
  isAsyncFunction: (value) =>
    typeof value === 'function' && /^(?:AsyncFunction|AsyncGeneratorFunction)$/.test(tag(value)),
  isGeneratorFunction: (value) => typeof value === 'function' && /GeneratorFunction$/.test(tag(value)),
  isNumberObject: instance(() => Number),
  isStringObject: instance(() => String),
  isBooleanObject: instance(() => Boolean),
  isSymbolObject: instance(() => Symbol),
  isBigIntObject: instance(() => BigInt),
  isMapIterator: holds('Map Iterator'),
  isSetIterator: holds('Set Iterator'),
  isArgumentsObject: holds('Arguments'),
  isModuleNamespaceObject: holds('Module'),
  isProxy: () => false,
  isExternal: () => false,
  isKeyObject: () => false,
  isCryptoKey: () => false,
};
types.isBoxedPrimitive = (value) =>
  types.isNumberObject(value) ||
  types.isStringObject(value) ||
  types.isBooleanObject(value) ||
  types.isSymbolObject(value) ||
  types.isBigIntObject(value);
for (const name of [
  'Int8',
  'Uint8',
  'Uint8Clamped',
  'Int16',
  'Uint16',
  'Int32',
  'Uint32',
  'Float32',
  'Float64',
  'BigInt64',
  'BigUint64',
]) {
  types[`is${name}Array`] = instance(() => globalThis[`${name}Array`]);
}

module.exports = types;
