'use strict';
// `path`, of the systems that have slashes.

const SLASH = 47;

function checkText(value, name) {
  if (typeof value === 'string') return;
  const error = new TypeError(
    `The "${name}" argument must be of type string. Received ${value === null ? 'null' : typeof value}`,
  );
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

/** The parts of a path without `.` and `..`, as far as they can be resolved. */
function parts(text, absolute) {
  const found = [];
  for (const part of text.split('/')) {
    if (!part || part === '.') continue;
    if (part !== '..') found.push(part);
    else if (found.length && found[found.length - 1] !== '..') found.pop();
    else if (!absolute) found.push('..');
  }
  return found;
}

function normalize(text) {
  checkText(text, 'path');
  if (!text) return '.';
  const absolute = text[0] === '/';
  const inner = parts(text, absolute).join('/');
  const end = text.endsWith('/') && inner ? '/' : '';
  return (absolute ? '/' : '') + inner + end || (absolute ? '/' : text.endsWith('/') ? './' : '.');
}

function resolve(...given) {
  let whole = '';
  for (let index = given.length - 1; index >= 0 && whole[0] !== '/'; index -= 1) {
    checkText(given[index], `paths[${index}]`);
    if (given[index]) whole = whole ? `${given[index]}/${whole}` : given[index];
  }
  if (whole[0] !== '/') whole = `${process.cwd()}/${whole}`;
  return `/${parts(whole, true).join('/')}`;
}

function join(...given) {
  given.forEach((each) => checkText(each, 'path'));
  const whole = given.filter(Boolean).join('/');
  return whole ? normalize(whole) : '.';
}

/** A path without slashes at its end. No regular expression: this is asked for each module and each folder above it. */
function trimmedOf(text) {
  let end = text.length;
  if (end && text.charCodeAt(end - 1) !== SLASH) return text;
  while (end && text.charCodeAt(end - 1) === SLASH) end -= 1;
  return text.slice(0, end);
}

function dirname(text) {
  checkText(text, 'path');
  const trimmed = trimmedOf(text);
  if (!trimmed) return text ? '/' : '.';
  const end = trimmed.lastIndexOf('/');
  if (end < 0) return '.';
  return trimmedOf(trimmed.slice(0, end)) || '/';
}

function basename(text, ending) {
  checkText(text, 'path');
  const trimmed = trimmedOf(text);
  const base = trimmed.slice(trimmed.lastIndexOf('/') + 1);
  return ending && base.endsWith(ending) && base !== ending ? base.slice(0, -ending.length) : base;
}

function extname(text) {
  const base = basename(text);
  const dot = base.lastIndexOf('.');
  return dot <= 0 || /^\.+$/.test(base.slice(0, dot + 1)) ? '' : base.slice(dot);
}

function relative(from, to) {
  const [start, end] = [parts(resolve(from), true), parts(resolve(to), true)];
  let same = 0;
  while (same < start.length && same < end.length && start[same] === end[same]) same += 1;
  return [...start.slice(same).map(() => '..'), ...end.slice(same)].join('/');
}

function parse(text) {
  const base = basename(text);
  const ext = extname(text);
  const root = text[0] === '/' ? '/' : '';
  const dir = text.includes('/') ? dirname(text) : '';
  return { root, dir, base, ext, name: ext ? base.slice(0, -ext.length) : base };
}

function format({ dir, root = '', base, name = '', ext = '' }) {
  const last = base || name + (ext && ext[0] !== '.' ? `.${ext}` : ext);
  if (!dir) return root + last;
  return dir === root ? dir + last : `${dir}/${last}`;
}

const path = {
  sep: '/',
  delimiter: ':',
  normalize,
  resolve,
  join,
  dirname,
  basename,
  extname,
  relative,
  parse,
  format,
  isAbsolute: (text) => {
    checkText(text, 'path');
    return text[0] === '/';
  },
  toNamespacedPath: (text) => text,
};
path.posix = path;
path.win32 = path;

module.exports = path;
