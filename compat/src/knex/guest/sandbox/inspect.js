'use strict';
// `util.inspect` and `util.format`: what Node prints of values, as far as messages and logs show it.

const customInspect = Symbol.for('nodejs.util.inspect.custom');

const DEFAULTS = {
  depth: 2,
  showHidden: false,
  colors: false,
  customInspect: true,
  breakLength: 128,
  compact: 3,
  sorted: false,
  maxArrayLength: 100,
  maxStringLength: 10000,
  getters: false,
  numericSeparator: false,
  showProxy: false,
};

function inspect(value, options, ...old) {
  const given =
    typeof options === 'boolean' ? { showHidden: options, depth: old[0], colors: old[1] } : options || {};
  const settings = { ...DEFAULTS, breakLength: 80 };
  for (const [key, each] of Object.entries(given)) if (each !== undefined) settings[key] = each;
  if (settings.depth === null) settings.depth = Infinity;
  return show(value, {
    ...settings,
    seen: [],
    indentation: 0,
    level: 0,
    circular: new Map(),
    shared: { level: 0 },
  });
}
inspect.custom = customInspect;
inspect.defaultOptions = { ...DEFAULTS };
inspect.colors = {};
inspect.styles = {};

// -- what is no object

function quote(text) {
  let mark = "'";
  if (text.includes("'")) {
    if (!text.includes('"')) mark = '"';
    else if (!text.includes('`') && !text.includes('${')) mark = '`';
  }
  const escaped = text.replace(/[\0-\x1f\x7f-\x9f\\]|\p{Surrogate}/gu, (each) => {
    const known = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' }[each];
    if (known) return known;
    const code = each.charCodeAt(0).toString(16).toUpperCase();
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
  });
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

function primitive(value, context) {
  switch (typeof value) {
    case 'string': {
      const rest = value.length - context.maxStringLength;
      const ending = rest > 0 ? `... ${rest} more character${rest > 1 ? 's' : ''}` : '';
      const text = rest > 0 ? value.slice(0, context.maxStringLength) : value;
      // Long texts are broken after their line ends.
      if (
        context.compact !== true &&
        text.length > 16 &&
        text.length > context.breakLength - context.indentation - 4
      ) {
        const parts = text.match(/[^\n]*\n|[^\n]+$/g) || [text];
        return parts.map(quote).join(` +\n${' '.repeat(context.indentation + 2)}`) + ending;
      }
      return quote(text) + ending;
    }
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'symbol':
      return value.toString();
    default:
      return String(value);
  }
}

// -- objects

function constructorName(value) {
  for (let each = value; each; each = Object.getPrototypeOf(each)) {
    const described = Object.getOwnPropertyDescriptor(each, 'constructor');
    if (described && typeof described.value === 'function' && described.value.name) {
      // An object that is a prototype itself is not called by what it makes.
      if (value instanceof described.value) return described.value.name;
    }
  }
  return null;
}

function prefixOf(value, name, fallback, size) {
  const tag = value[Symbol.toStringTag];
  const shown = typeof tag === 'string' && tag && tag !== name ? ` [${tag}]` : '';
  const counted = size === undefined ? '' : `(${size})`;
  return `${name === null ? `[${fallback}${counted}: null prototype]` : name + counted}${shown} `;
}

function keysOf(value, context, isArrayLike) {
  let keys = context.showHidden ? Object.getOwnPropertyNames(value) : Object.keys(value);
  const symbols = Object.getOwnPropertySymbols(value);
  keys = keys.concat(
    context.showHidden
      ? symbols
      : symbols.filter((key) => Object.prototype.propertyIsEnumerable.call(value, key)),
  );
  return isArrayLike ? keys.filter((key) => typeof key === 'symbol' || !/^(?:0|[1-9]\d*)$/.test(key)) : keys;
}

function property(value, key, context, inArray) {
  const described = Object.getOwnPropertyDescriptor(value, key) || { value: value[key], enumerable: true };
  let text;
  if (described.get || described.set) {
    text = described.get ? (described.set ? '[Getter/Setter]' : '[Getter]') : '[Setter]';
  } else {
    text = show(described.value, {
      ...context,
      indentation: context.indentation + (inArray ? 2 : 2),
      level: context.level + 1,
    });
  }
  if (inArray) return text;
  let name;
  if (typeof key === 'symbol') name = `[${key.toString()}]`;
  else if (key === '__proto__') name = "['__proto__']";
  else name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key);
  return `${described.enumerable === false ? `[${name}]` : name}: ${text}`;
}

function errorText(error, keys, context) {
  let stack =
    typeof error.stack === 'string' && error.stack ? error.stack : Error.prototype.toString.call(error);
  const name = constructorName(error) || 'Error';
  const message = typeof error.message === 'string' ? error.message : '';
  // A message that was changed after the error was made.
  if (message && !stack.includes(message)) {
    const at = stack.indexOf('\n    at ');
    stack = `${error.name || name}: ${message}${at < 0 ? '' : stack.slice(at)}`;
  }
  for (const key of ['name', 'message', 'stack']) {
    const index = keys.indexOf(key);
    if (index >= 0 && (key !== 'name' || stack.includes(error[key]))) keys.splice(index, 1);
  }
  if ('cause' in error && !keys.includes('cause') && Object.hasOwn(error, 'cause')) keys.push('cause');
  if (Array.isArray(error.errors) && !keys.includes('errors')) keys.push('errors');
  if (!stack.includes('\n    at')) stack = `[${stack}]`;
  return context.indentation ? stack.replaceAll('\n', `\n${' '.repeat(context.indentation)}`) : stack;
}

function functionText(value, name) {
  const source = Function.prototype.toString.call(value);
  if (/^class\b/.test(source)) {
    const parent = Object.getPrototypeOf(value);
    const base = parent && parent.name ? ` extends ${parent.name}` : '';
    return `[class ${value.name || '(anonymous)'}${base}]`;
  }
  const kind = /^async\s/.test(source)
    ? 'AsyncFunction'
    : /^(?:async\s+)?function\s*\*/.test(source)
      ? 'GeneratorFunction'
      : 'Function';
  return `[${name === null ? `${kind} (null prototype)` : kind}${value.name ? `: ${value.name}` : ' (anonymous)'}]`;
}

function show(value, context) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function'))
    return primitive(value, context);
  if (context.customInspect) {
    const custom = value[customInspect];
    if (
      typeof custom === 'function' &&
      custom !== inspect &&
      !(value.constructor && value.constructor.prototype === value)
    ) {
      const depth = context.depth === Infinity ? Infinity : context.depth - context.level;
      const plain = Object.fromEntries(Object.keys(DEFAULTS).map((key) => [key, context[key]]));
      const result = custom.call(value, depth, { ...plain, stylize: (text) => `${text}` }, inspect);
      if (result !== value) {
        return typeof result === 'string'
          ? result.replaceAll('\n', `\n${' '.repeat(context.indentation)}`)
          : show(result, context);
      }
    }
  }
  if (context.seen.includes(value)) {
    if (!context.circular.has(value)) context.circular.set(value, context.circular.size + 1);
    return `[Circular *${context.circular.get(value)}]`;
  }
  return showObject(value, context);
}

function showObject(value, context) {
  const name = constructorName(value);
  const isArray = Array.isArray(value);
  const isView = ArrayBuffer.isView(value) && !(value instanceof DataView);
  const keys = keysOf(value, context, isArray || isView);
  let open = '{';
  let close = '}';
  let base = '';
  let entries = null;

  if (isArray) {
    const prefix =
      name !== 'Array' || value[Symbol.toStringTag] ? prefixOf(value, name, 'Array', value.length) : '';
    [open, close] = [`${prefix}[`, ']'];
    if (!value.length && !keys.length) return `${open}]`;
    entries = (inner) => arrayEntries(value, inner);
  } else if (value instanceof Map) {
    open = `${prefixOf(value, name, 'Map', value.size)}{`;
    if (!value.size && !keys.length) return `${open}}`;
    entries = (inner) => [...value].map(([key, each]) => `${show(key, inner)} => ${show(each, inner)}`);
  } else if (value instanceof Set) {
    open = `${prefixOf(value, name, 'Set', value.size)}{`;
    if (!value.size && !keys.length) return `${open}}`;
    entries = (inner) => [...value].map((each) => show(each, inner));
  } else if (Buffer.isBuffer(value)) {
    const hex = value
      .subarray(0, 50)
      .toString('hex')
      .replace(/(..)(?=.)/g, '$1 ');
    const rest = value.length - 50;
    const more = rest > 0 ? ` ... ${rest} more byte${rest > 1 ? 's' : ''}` : '';
    return `<Buffer${hex ? ` ${hex}` : ''}${more}>`;
  } else if (isView) {
    [open, close] = [`${prefixOf(value, name, 'TypedArray', value.length)}[`, ']'];
    if (!value.length && !keys.length) return `${open}]`;
    entries = (inner) => arrayEntries(value, inner);
  } else if (typeof value === 'function') {
    base = functionText(value, name);
    if (!keys.length) return base;
  } else if (value instanceof RegExp) {
    base = String(value);
    if (!keys.length) return base;
  } else if (value instanceof Date) {
    base = Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (!keys.length) return base;
  } else if (value instanceof Error) {
    base = errorText(value, keys, context);
    if (!keys.length) return base;
  } else if (value instanceof Promise) {
    open = `${prefixOf(value, name, 'Promise')}{`;
    entries = () => ['<pending>'];
  } else if (value instanceof WeakMap || value instanceof WeakSet) {
    return `${name} { <items unknown> }`;
  } else if (value instanceof Number || value instanceof String || value instanceof Boolean) {
    base = `[${name}: ${primitive(value.valueOf(), context)}]`;
    const own = keys.filter((key) => typeof key === 'symbol' || !/^\d+$/.test(key));
    if (!own.length) return base;
  } else if (value instanceof ArrayBuffer) {
    const bytes = Buffer.from(value);
    open = `${name} {`;
    entries = () => [
      `[Uint8Contents]: <${bytes.toString('hex').replace(/(..)(?=.)/g, '$1 ')}>`,
      `byteLength: ${value.byteLength}`,
    ];
  } else {
    const isModule = value[Symbol.toStringTag] === 'Module' && name === null;
    const prefix = isModule
      ? '[Module: null prototype] '
      : name === 'Object' && !value[Symbol.toStringTag]
        ? ''
        : prefixOf(value, name, 'Object');
    open = `${prefix}{`;
    if (!keys.length) return `${open}}`;
  }

  if (context.level > context.depth) {
    if (isArray) return '[Array]';
    return `[${name === null ? 'Object: null prototype' : name}]`;
  }
  context.shared.level = context.level;
  const seen = [...context.seen, value];
  const inner = { ...context, seen, level: context.level + 1, indentation: context.indentation + 2 };
  const output = entries ? entries(inner) : [];
  for (const key of keys) output.push(property(value, key, { ...context, seen }, false));
  if (context.sorted) output.sort(typeof context.sorted === 'function' ? context.sorted : undefined);
  if (context.circular.has(value)) {
    const mark = `<ref *${context.circular.get(value)}>`;
    if (base) base = `${mark} ${base}`;
    else open = `${mark} ${open}`;
  }
  return lay(output, base, open, close, context, isArray || isView ? value : null);
}

function arrayEntries(value, context) {
  const length = Math.min(value.length, Math.max(0, context.maxArrayLength ?? Infinity));
  const output = [];
  let holes = 0;
  const tell = () => {
    if (holes) output.push(`<${holes} empty item${holes > 1 ? 's' : ''}>`);
    holes = 0;
  };
  let index = 0;
  for (; index < value.length && output.length < length; index += 1) {
    if (!(index in value)) {
      holes += 1;
      continue;
    }
    tell();
    if (output.length < length) output.push(show(value[index], context));
  }
  tell();
  const rest = value.length - index;
  if (rest > 0) output.push(`... ${rest} more item${rest > 1 ? 's' : ''}`);
  return output;
}

// -- layout: short objects stay on a line, many short elements make columns

function lay(output, base, open, close, context, array) {
  const begin = base ? (open === '{' ? `${base} {` : `${base} ${open}`) : open;
  const indent = ' '.repeat(context.indentation);
  if (context.compact === true) return `${begin} ${output.join(', ')} ${close}`;
  const entries = output.length;
  let lines = output;
  if (array && entries > 6 && context.compact >= 1) lines = columns(output, context, array);
  // An object is put on one line when it is among the innermost three levels, as far as the last of them tells.
  if (context.shared.level - context.level < context.compact && entries === lines.length) {
    const start = lines.length + context.indentation + open.length + base.length + 10;
    const length = lines.reduce((sum, each) => sum + each.length, lines.length + start);
    if (
      length <= context.breakLength &&
      start + 2 * lines.length <= context.breakLength &&
      !lines.some((each) => each.includes('\n')) &&
      !base.includes('\n')
    ) {
      return `${begin} ${lines.join(', ')} ${close}`;
    }
  }
  return `${begin}\n${indent}  ${lines.join(`,\n${indent}  `)}\n${indent}${close}`;
}

function columns(output, context, value) {
  let total = 0;
  let longest = 0;
  let length = output.length;
  if (/^\.\.\. \d+ more item/.test(output[length - 1])) length -= 1;
  const lengths = [];
  for (let index = 0; index < length; index += 1) {
    lengths[index] = output[index].length;
    total += lengths[index] + 2;
    longest = Math.max(longest, lengths[index]);
  }
  const widest = longest + 2;
  if (widest * 3 + context.indentation >= context.breakLength || !(total / widest > 5 || longest <= 6))
    return output;
  const biased = Math.max(widest - 3 - Math.sqrt(widest - total / output.length), 1);
  const count = Math.min(
    Math.round(Math.sqrt(2.5 * biased * length) / biased),
    Math.floor((context.breakLength - context.indentation) / widest),
    context.compact * 4,
    15,
  );
  if (count <= 1) return output;
  const widths = [];
  for (let column = 0; column < count; column += 1) {
    let width = 0;
    for (let index = column; index < length; index += count) width = Math.max(width, lengths[index]);
    widths.push(width + 2);
  }
  const numbers = Array.from(value).every((each) => typeof each === 'number' || typeof each === 'bigint');
  const lines = [];
  for (let start = 0; start < length; start += count) {
    const end = Math.min(start + count, length);
    let line = '';
    for (let index = start; index < end; index += 1) {
      const text = index + 1 < end ? `${output[index]}, ` : output[index];
      const width = widths[index - start];
      if (numbers) line += text.padStart(index + 1 < end ? width : width - 2);
      else line += index + 1 < end ? text.padEnd(width) : text;
    }
    lines.push(line);
  }
  if (length < output.length) lines.push(output[length]);
  return lines;
}

// -- format

function formatWithOptions(options, first, ...rest) {
  const tell = (value) => (typeof value === 'string' ? value : inspect(value, options));
  if (typeof first !== 'string') return [first, ...rest].map(tell).join(' ');
  let at = 0;
  const text = !rest.length
    ? first
    : first.replace(/%[sdifjoOc%]/g, (mark) => {
        if (mark === '%%') return '%';
        if (at >= rest.length) return mark;
        const value = rest[at];
        at += 1;
        switch (mark) {
          case '%s':
            if (typeof value === 'bigint') return `${value}n`;
            if (typeof value === 'object' && value !== null && !hasOwnText(value))
              return inspect(value, { ...options, depth: 0, compact: 3 });
            return Object.is(value, -0) ? '-0' : String(value);
          case '%d':
            return typeof value === 'bigint'
              ? `${value}n`
              : typeof value === 'symbol'
                ? 'NaN'
                : String(Number(value));
          case '%i':
            return typeof value === 'bigint'
              ? `${value}n`
              : typeof value === 'symbol'
                ? 'NaN'
                : String(parseInt(value, 10));
          case '%f':
            return typeof value === 'symbol' ? 'NaN' : String(parseFloat(value));
          case '%j':
            return json(value);
          case '%o':
            return inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 });
          case '%O':
            return inspect(value, options);
          default:
            return '';
        }
      });
  return [text, ...rest.slice(at).map(tell)].join(' ');
}

function hasOwnText(value) {
  if (value instanceof Error || value instanceof Date) return true;
  for (
    let each = value;
    each && each !== Object.prototype && each !== Array.prototype;
    each = Object.getPrototypeOf(each)
  ) {
    if (Object.hasOwn(each, 'toString')) return true;
  }
  return false;
}

function json(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (/circular/i.test(error.message)) return '[Circular]';
    throw error;
  }
}

const format = (...given) => formatWithOptions({}, ...given);

const stripVTControlCharacters = (text) => String(text).replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');

module.exports = { inspect, format, formatWithOptions, stripVTControlCharacters };
