'use strict';
// Where tsconfig.json says that names lead, by `paths` and `baseUrl`, as tsx and tsconfig-paths take it.

const path = require('path');

/** What a project without one says. */
const NOTHING = { base: null, origin: null, patterns: [] };

class Tsconfig {
  /**
   * @param isFile whether there is a file at a path
   * @param read gives its text
   * @param packages the folders in which packages are looked for from a folder
   */
  constructor(isFile, read, packages) {
    this.isFile = isFile;
    this.read = read;
    this.packages = packages;
    this.known = new Map();
  }

  /** The paths that a name may mean in a file of this folder, in order. TypeScript tries them before packages. */
  places(name, folder) {
    const { base, origin, patterns } = this.around(folder);
    const pattern = patterns.find((each) => each.fits(name));
    // What leads to types alone says nothing of the code.
    const places = pattern ? pattern.of(name).filter((place) => !DECLARATIONS.test(place)) : [];
    const found = places.map((place) => path.resolve(base || origin, place));
    if (base !== null) found.push(path.resolve(base, name));
    return found;
  }

  /** The innermost file around a folder. */
  around(folder) {
    let found = this.known.get(folder);
    if (found !== undefined) return found;
    const file = path.join(folder, 'tsconfig.json');
    const above = path.dirname(folder);
    if (this.isFile(file)) found = this.options(file, []);
    else found = above === folder ? NOTHING : this.around(above);
    this.known.set(folder, found);
    return found;
  }

  /** `base` is `baseUrl`; without one, the places of `patterns` begin at `origin`. */
  options(file, extending) {
    if (extending.includes(file)) return NOTHING;
    const folder = path.dirname(file);
    const { extends: above, compilerOptions } = parsed(this.read(file));
    let found = NOTHING;
    for (const name of [above].flat()) {
      const place = typeof name === 'string' ? this.extended(name, folder) : undefined;
      if (place === undefined) continue;
      const { base, origin, patterns } = this.options(place, [...extending, file]);
      if (base !== null) found = { ...found, base };
      if (origin !== null) found = { ...found, origin, patterns };
    }
    const { baseUrl, paths } = compilerOptions || {};
    if (typeof baseUrl === 'string') found = { ...found, base: path.resolve(folder, baseUrl) };
    if (!paths) return found;
    return { ...found, origin: folder, patterns: patternsOf(paths) };
  }

  /** The file that `extends` names: a path, or one in a package. */
  extended(name, folder) {
    const isPath = /^(?:\.{1,2}(?:\/|$)|\/)/.test(name);
    const packages = () => this.packages(folder).map((each) => path.join(each, name));
    const wholes = isPath ? [path.resolve(folder, name)] : packages();
    const files = wholes.flatMap((whole) => [whole, `${whole}.json`, path.join(whole, 'tsconfig.json')]);
    return files.find((file) => this.isFile(file));
  }
}

const DECLARATIONS = /\.d\.[cm]?ts$/;

class Pattern {
  constructor(text, places) {
    [this.start, this.end] = text.split('*');
    this.places = places;
    // Exact names come first, then the longest beginning.
    this.rank = this.end === undefined ? Infinity : this.start.length;
  }

  fits(name) {
    if (this.end === undefined) return name === this.start;
    const length = this.start.length + this.end.length;
    return name.length >= length && name.startsWith(this.start) && name.endsWith(this.end);
  }

  of(name) {
    const star = this.end === undefined ? '' : name.slice(this.start.length, name.length - this.end.length);
    return this.places.map((place) => place.replace('*', () => star));
  }
}

function patternsOf(paths) {
  const all = Object.entries(paths).filter(([, places]) => Array.isArray(places));
  const patterns = all.map(([text, places]) => new Pattern(text, places));
  return patterns.sort((left, right) => (left.rank === right.rank ? 0 : left.rank < right.rank ? 1 : -1));
}

/** Comments and commas at the end are allowed there. */
function parsed(text) {
  const plain = text
    .replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[^]*?\*\//g, '$1')
    .replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, '$1');
  try {
    return JSON.parse(plain) || {};
  } catch {
    return {};
  }
}

module.exports = { Tsconfig };
