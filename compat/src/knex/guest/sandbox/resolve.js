'use strict';
// Which file a name means, as Node resolves it.

const path = require('path');

const { Tsconfig } = require('./tsconfig');

const host = globalThis.__dunlin;

const REQUIRE = ['node', 'require', 'module-sync', 'default'];
const IMPORT = ['node', 'import', 'module-sync', 'default'];
const EXTENSIONS = ['.js', '.json', '.node', '.cjs', '.ts', '.cts', '.mts', '.mjs'];

const FILE = 1;
const FOLDER = 2;

let importPaths = [];

// The folders of `folders`.
const searched = new Map();

// Looking is what loading many modules takes longest for, and modules stay where they are.
const kinds = new Map();

/** What is at a path: FILE, FOLDER or 0. */
function kindAt(file) {
  let found = kinds.get(file);
  if (found === undefined) kinds.set(file, (found = host.kind(file)));
  return found;
}

function setImportPaths(paths) {
  importPaths = paths;
  searched.clear();
}

/** The text of a file. */
function read(file) {
  const bytes = host.read(file);
  if (typeof bytes !== 'string') return host.decode(bytes, 'utf8');
  const { error } = JSON.parse(bytes);
  const made = new Error(`${error.code}: ${error.reason}, open '${file}'`);
  made.code = error.code;
  throw made;
}

/** A path without links; Node knows modules by these. */
function real(file) {
  const answer = host.realModule(file);
  return answer === undefined ? file : answer;
}

const leading = new Map();

/** Whether anything can be in a folder. */
function leads(folder) {
  let found = leading.get(folder);
  if (found === undefined) leading.set(folder, (found = host.leads(folder)));
  return found;
}

const manifests = new Map();

/** package.json of a folder; null without one. */
function manifest(folder) {
  if (!manifests.has(folder)) {
    const file = path.join(folder, 'package.json');
    manifests.set(folder, kindAt(file) === FILE ? JSON.parse(read(file)) : null);
  }
  return manifests.get(folder);
}

const hasManifest = (folder) => kindAt(path.join(folder, 'package.json')) === FILE;

/** The innermost package.json around a file: `[folder, manifest]`. */
function packageAround(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (path.basename(folder) === 'node_modules') return [folder, null];
    const found = manifest(folder);
    if (found) return [folder, found];
    if (folder === path.dirname(folder)) return [folder, null];
  }
}

/** `module`, `commonjs`, or `either` for TypeScript, whose text decides. */
function kindOf(file) {
  const ending = endingOf(file);
  if (ending === '.mjs' || ending === '.mts') return 'module';
  if (ending === '.cjs' || ending === '.cts') return 'commonjs';
  const [, found] = packageAround(file);
  if (found && found.type === 'module') return 'module';
  return ending === '.ts' || ending === '.tsx' ? 'either' : 'commonjs';
}

// Asked for each file, which is why there are no regular expressions.
function endingOf(file) {
  const dot = file.lastIndexOf('.');
  return dot < 0 ? '' : file.slice(dot);
}

const TYPESCRIPT = new Set(['.ts', '.tsx', '.cts', '.ctsx', '.mts', '.mtsx']);

/** Whether a file is TypeScript by its name. */
const isTypeScript = (file) => TYPESCRIPT.has(endingOf(file));

/** The folders in which packages are looked for from a folder. */
function folders(from) {
  if (!searched.has(from)) searched.set(from, foldersOf(from));
  return searched.get(from);
}

function foldersOf(from) {
  const found = [];
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (path.basename(folder) !== 'node_modules') found.push(path.join(folder, 'node_modules'));
    if (folder === path.dirname(folder)) break;
  }
  for (const folder of importPaths) found.push(path.join(folder, 'node_modules'), folder);
  return found;
}

// -- files

function asFile(name) {
  if (kindAt(name) === FILE) return name;
  for (const extension of EXTENSIONS) if (kindAt(name + extension) === FILE) return name + extension;
  return asTypeScript(name);
}

/** TypeScript names the file that will be made of another: `./names.js` is `./names.ts`. */
function asTypeScript(name) {
  const match = /\.([cm]?)jsx?$/.exec(name);
  if (!match) return null;
  const source = `${name.slice(0, match.index)}.${match[1]}ts`;
  return kindAt(source) === FILE ? source : null;
}

function asFolder(name) {
  if (kindAt(name) !== FOLDER) return null;
  const found = manifest(name);
  if (found && typeof found.main === 'string' && found.main) {
    const main = path.join(name, found.main);
    const file = asFile(main) || indexOf(main);
    if (file) return file;
  }
  return indexOf(name);
}

function indexOf(folder) {
  for (const extension of EXTENSIONS) {
    const file = path.join(folder, `index${extension}`);
    if (kindAt(file) === FILE) return file;
  }
  return null;
}

// -- packages

/** What `exports` or `imports` gives under these conditions: a path, null when it forbids, undefined when it says nothing. */
function target(value, conditions, star) {
  if (typeof value === 'string') return star === undefined ? value : value.replaceAll('*', star);
  if (value === null) return null;
  if (Array.isArray(value)) {
    for (const each of value) {
      const found = target(each, conditions, star);
      if (found) return found;
    }
    return undefined;
  }
  for (const [condition, each] of Object.entries(value)) {
    if (!conditions.includes(condition)) continue;
    const found = target(each, conditions, star);
    if (found !== undefined) return found;
  }
  return undefined;
}

function matchKey(map, key, conditions) {
  if (Object.hasOwn(map, key) && !key.includes('*')) return target(map[key], conditions);
  let best = null;
  for (const pattern of Object.keys(map)) {
    const at = pattern.indexOf('*');
    if (at < 0) continue;
    const [start, end] = [pattern.slice(0, at), pattern.slice(at + 1)];
    const longer =
      !best ||
      start.length > best.start.length ||
      (start.length === best.start.length && pattern.length > best.pattern.length);
    if (longer && key.length >= pattern.length && key.startsWith(start) && key.endsWith(end)) {
      best = { pattern, start, end };
    }
  }
  if (!best) return undefined;
  return target(map[best.pattern], conditions, key.slice(best.start.length, key.length - best.end.length));
}

function fromExports(folder, name, subpath, exported, conditions) {
  const isMap = typeof exported === 'object' && exported !== null && !Array.isArray(exported);
  const map =
    isMap && Object.keys(exported).some((key) => key.startsWith('.')) ? exported : { '.': exported };
  const found = matchKey(map, subpath, conditions);
  if (found) {
    const file = path.join(folder, found);
    return kindAt(file) === FILE ? file : asTypeScript(file);
  }
  const what =
    subpath === '.'
      ? 'No "exports" main defined'
      : `Package subpath '${subpath}' is not defined by "exports"`;
  const error = new Error(`${what} in ${path.join(folder, 'package.json')}`);
  error.code = 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  throw error;
}

function fromImports(name, from, conditions) {
  const [folder, found] = packageAround(from);
  const value = found && found.imports ? matchKey(found.imports, name, conditions) : undefined;
  if (!value) return null;
  return value.startsWith('.')
    ? path.join(folder, value)
    : resolve(value, path.join(folder, 'package.json'), conditions);
}

function fromPackages(name, from, conditions) {
  const parts = name.split('/');
  const length = name[0] === '@' ? 2 : 1;
  const owner = parts.slice(0, length).join('/');
  const subpath = ['.', ...parts.slice(length)].join('/');
  // A package may name itself.
  const [own, self] = packageAround(from);
  if (self && self.name === owner && self.exports)
    return fromExports(own, owner, subpath, self.exports, conditions);
  for (const folder of folders(path.dirname(from))) {
    if (!leads(folder)) continue;
    const place = path.join(folder, owner);
    if (kindAt(place) === FOLDER) {
      const found = manifest(place);
      if (found && found.exports !== undefined && found.exports !== null) {
        return fromExports(place, owner, subpath, found.exports, conditions);
      }
    }
    const whole = path.join(folder, name);
    const file = asFile(whole) || asFolder(whole);
    if (file) return file;
  }
  return null;
}

/** The file that a name means in a file; null when there is none. */
function resolve(name, from, conditions) {
  let found;
  if (name[0] === '#') found = fromImports(name, from, conditions) || fromTsconfig(name, from);
  else if (/^(?:\.{1,2})?(?:\/|$)|^\.{1,2}$/.test(name)) {
    const whole = path.resolve(path.dirname(from), name);
    found = (name.endsWith('/') ? null : asFile(whole)) || asFolder(whole);
  } else found = fromTsconfig(name, from) || fromPackages(name, from, conditions);
  return found ? real(found) : null;
}

/** What tsconfig.json makes of a name in a file of TypeScript. */
function fromTsconfig(name, from) {
  if (!isTypeScript(from) || from.includes('/node_modules/')) return null;
  for (const place of tsconfig.places(name, path.dirname(from))) {
    const file = asFile(place) || asFolder(place);
    if (file) return file;
  }
  return null;
}

const tsconfig = new Tsconfig((file) => kindAt(file) === FILE, read, folders);

const BUILTINS = [
  'assert',
  'async_hooks',
  'buffer',
  'child_process',
  'cluster',
  'console',
  'constants',
  'crypto',
  'dgram',
  'diagnostics_channel',
  'dns',
  'domain',
  'events',
  'fs',
  'fs/promises',
  'http',
  'http2',
  'https',
  'module',
  'net',
  'os',
  'path',
  'perf_hooks',
  'process',
  'punycode',
  'querystring',
  'readline',
  'stream',
  'stream/promises',
  'string_decoder',
  'timers',
  'timers/promises',
  'tls',
  'tty',
  'url',
  'util',
  'util/types',
  'v8',
  'vm',
  'worker_threads',
  'zlib',
];

module.exports = {
  REQUIRE,
  IMPORT,
  BUILTINS,
  setImportPaths,
  read,
  real,
  manifest,
  hasManifest,
  kindOf,
  isTypeScript,
  folders,
  resolve,
};
