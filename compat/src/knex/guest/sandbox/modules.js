'use strict';
// How a project's modules are loaded in QuickJS: CommonJS as Node does it, ES modules and TypeScript transformed into functions.

const path = require('path');

const { substitute } = require('../drivers/packages');
const { noteLines } = require('./lines');
const loaders = require('./loaders');
const resolution = require('./resolve');
const { placeOf } = require('./stacks');

const host = globalThis.__dunlin;

const cache = Object.create(null);
const sources = new Map();

class Module {
  constructor(id, parent) {
    this.id = id;
    this.path = path.dirname(id);
    this.exports = {};
    this.filename = id;
    this.loaded = false;
    this.children = [];
    this.paths = [...resolution.folders(this.path)];
    this.parent = parent;
    if (parent && parent.children) parent.children.push(this);
  }

  require(name) {
    return requireFrom(name, this);
  }
}
Module._cache = cache;
Module._extensions = { '.js': null, '.json': null, '.node': null };

// -- loading

function textOf(file) {
  const given = sources.get(file);
  const text = given !== undefined ? given : resolution.read(file);
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function missing(name, from) {
  const stack = from ? `\nRequire stack:\n- ${from}` : '';
  const error = new Error(`Cannot find module '${name}'${stack}`);
  error.code = 'MODULE_NOT_FOUND';
  error.requireStack = from ? [from] : [];
  return error;
}

/** What a name means in a file: `{ exports }` of a module that is not the project's, or `{ file }`. */
function find(name, from, conditions) {
  const ours = substitute(name, from) || loaders.substitute(name);
  if (ours) return ours;
  if (!'./#'.includes(name[0])) {
    const builtin = host.builtin(name);
    if (builtin !== undefined) return { exports: builtin };
  }
  const file = resolution.resolve(name, from, conditions);
  if (!file) throw missing(name, from);
  return { file };
}

function requireFrom(name, parent) {
  if (typeof name !== 'string' || !name) {
    const error = new TypeError('The "id" argument must be of type string.');
    error.code = 'ERR_INVALID_ARG_TYPE';
    throw error;
  }
  const found = find(changed(name, parent), parent.filename, resolution.REQUIRE);
  return found.file ? loadSync(found.file, parent) : found.exports;
}

/** What packages that give names a meaning of their own make of one, such as module-alias: they replace Node's function. */
function changed(name, parent) {
  return Module._resolveFilename === resolveFilename ? name : Module._resolveFilename(name, parent, false);
}

function resolveFilename(name, parent, isMain, options) {
  return resolve(name, (parent && parent.filename) || path.join(process.cwd(), 'dunlin.js'), options);
}

function loadSync(file, parent) {
  const known = cache[file];
  if (known) return known.namespace ? waitFor(known) : known.exports;
  const module = new Module(file, parent);
  cache[file] = module;
  try {
    evaluate(module);
  } catch (error) {
    delete cache[file];
    throw error;
  }
  return module.namespace ? waitFor(module) : module.exports;
}

/** An ES module that `require` asks for has to be there at once. */
function waitFor(module) {
  while (!module.loaded && !module.failed && host.jobs());
  if (module.failed) throw module.failed.error;
  if (!module.loaded) {
    const error = new Error(`require() cannot be used on an ES module that awaits: ${module.filename}`);
    error.code = 'ERR_REQUIRE_ASYNC_MODULE';
    throw error;
  }
  return Object.hasOwn(module.namespace, 'module.exports')
    ? module.namespace['module.exports']
    : module.namespace;
}

const PARAMETERS = 'exports, require, module, __filename, __dirname, __vite_ssr_dynamic_import__';
const OF_MODULES =
  '__vite_ssr_exports__, __vite_ssr_import__, __vite_ssr_dynamic_import__, __vite_ssr_import_meta__, __vite_ssr_exportAll__, __vite_ssr_exportName__';
const COMMON_JS = 'require, module, exports, __filename, __dirname';

/** Runs a file. A file that is an ES module goes on by itself; `module.finished` is its promise. */
function evaluate(module) {
  const { filename } = module;
  if (filename.endsWith('.json')) {
    try {
      module.exports = JSON.parse(textOf(filename));
    } catch (error) {
      error.message = `${filename}: ${error.message}`;
      throw error;
    }
    module.loaded = true;
    return;
  }
  if (filename.endsWith('.node')) {
    const error = new Error(`${filename} is compiled code, which the sandbox does not run`);
    error.code = 'ERR_DLOPEN_FAILED';
    throw error;
  }
  const kind = resolution.kindOf(filename);
  const plain = kind === 'commonjs' && !resolution.isTypeScript(filename);
  if (plain && !sources.has(filename)) {
    const body = host.commonJs(filename, PARAMETERS);
    if (body !== undefined) {
      runCommonJs(module, body);
      return;
    }
  }
  const text = textOf(filename);
  const source = text.startsWith('#!') ? text.replace(/^#!.*/, '') : text;
  if (plain && !(source.includes('import') && /\bimport\s*\(/.test(source))) {
    let body;
    try {
      body = host.compile(source, filename, PARAMETERS, false);
    } catch (error) {
      // Node looks again at a file that imports or exports although nothing else says that it is a module.
      if (!/^\s*(?:import|export)\b/m.test(source)) throw placed(error, filename);
      runTransformed(module, transformed(source, filename, 'either'));
      return;
    }
    runCommonJs(module, body);
    return;
  }
  runTransformed(module, transformed(source, filename, kind === 'commonjs' && !plain ? 'either' : kind));
}

/** QuickJS tells the place of a syntax error in its stack only. */
function placed(error, filename) {
  if (error instanceof SyntaxError && !String(error.stack).includes(filename))
    error.stack = `${filename}:1\n${error.stack}`;
  return error;
}

function transformed(source, filename, kind) {
  // `export =` is TypeScript's word for `module.exports =`, and `import a = require()` for a constant.
  const text = resolution.isTypeScript(filename) ? commonJsOfTypeScript(source) : source;
  const result = JSON.parse(host.transform(text, filename, kind));
  if (result.error !== undefined) {
    const error = new SyntaxError(result.error);
    error.stack = `${filename}:${result.line}\n\nSyntaxError: ${result.error}\n    at ${filename}:${result.line}:1`;
    throw error;
  }
  noteLines(filename, result.lines);
  return result;
}

function commonJsOfTypeScript(source) {
  return source
    .replace(/^(\s*)export\s*=\s*/m, '$1module.exports = ')
    .replace(/^(\s*)(?:export\s+)?import\s+([\w$]+)\s*=\s*require\s*\(/gm, '$1const $2 = require(');
}

function runTransformed(module, { code, module: isModule }) {
  if (!isModule) {
    runCommonJs(module, host.compile(code, module.filename, PARAMETERS, false));
    return;
  }
  const both = resolution.isTypeScript(module.filename) && resolution.kindOf(module.filename) !== 'module';
  const body = host.compile(
    `'use strict';${code}`,
    module.filename,
    both ? `${OF_MODULES}, ${COMMON_JS}` : OF_MODULES,
    true,
  );
  runModule(module, body, both);
}

function runCommonJs(module, body) {
  const { filename } = module;
  body.call(
    module.exports,
    module.exports,
    makeRequire(module),
    module,
    filename,
    module.path,
    dynamicImport(filename),
  );
  module.loaded = true;
}

// -- CommonJS

function makeRequire(module) {
  const require = (name) => requireFrom(name, module);
  require.resolve = (name, options) =>
    options ? resolve(name, module.filename, options) : resolve(changed(name, module), module.filename);
  require.resolve.paths = (name) =>
    /^\.{0,2}\//.test(name) ? [module.path] : [...resolution.folders(module.path)];
  require.cache = cache;
  require.main = undefined;
  require.extensions = Module._extensions;
  return require;
}

/** The file that a name means in a file; throws when there is none. */
function resolve(name, from, options) {
  if (options && options.paths) {
    for (const folder of options.paths) {
      try {
        return resolve(name, path.join(path.resolve(folder), 'dunlin.js'));
      } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND') throw error;
      }
    }
    throw missing(name, from);
  }
  const found = find(name, from, resolution.REQUIRE);
  return found.file || name;
}

// -- ES modules

function namespaceOf() {
  const namespace = Object.create(null);
  Object.defineProperty(namespace, Symbol.toStringTag, { value: 'Module' });
  return namespace;
}

function runModule(module, body, both) {
  module.namespace = namespaceOf();
  const { filename } = module;
  const url = require('url').pathToFileURL(filename).href;
  const meta = Object.assign(Object.create(null), {
    dirname: module.path,
    filename,
    url,
    resolve: (name) => {
      const found = find(name, filename, resolution.IMPORT);
      return found.file ? require('url').pathToFileURL(found.file).href : `node:${name}`;
    },
  });
  const { namespace } = module;
  const exportName = (name, get) =>
    Object.defineProperty(namespace, name, { enumerable: true, configurable: true, get });
  const exportAll = (other) => {
    for (const name of Object.keys(other)) {
      if (name !== 'default' && !Object.hasOwn(namespace, name)) exportName(name, () => other[name]);
    }
  };
  const load = (name) => importFrom(name, filename, module);
  // TypeScript that no package calls a module may use both worlds.
  const original = module.exports;
  module.finished = body
    .call(
      undefined,
      namespace,
      load,
      dynamicImport(filename),
      meta,
      exportAll,
      exportName,
      ...(both ? [makeRequire(module), module, original, filename, module.path] : []),
    )
    .then(
      () => {
        if (both && (module.exports !== original || Object.keys(original).length))
          module.namespace = interop(module.exports);
        module.loaded = true;
      },
      (error) => {
        module.failed = { error };
        delete cache[filename];
        throw error;
      },
    );
  module.finished.catch(() => {});
}

/** The namespace of what a file imports. */
async function importFrom(name, from, importer) {
  const found = findImport(name, from);
  if (!found.file) return interop(found.exports);
  return importModule(found.file, importer);
}

function findImport(name, from) {
  if (name.startsWith('data:')) throw missing(name, from);
  if (name.startsWith('file:')) return { file: resolution.real(require('url').fileURLToPath(name)) };
  try {
    // What TypeScript makes of an import is `require`, unless its package says that it is a module.
    const asked = resolution.kindOf(from) === 'module' ? name : changed(name, { filename: from });
    return find(asked, from, resolution.IMPORT);
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') {
      const kind = /^[./]/.test(name) ? 'module' : 'package';
      error.message = `Cannot find ${kind} '${name}' imported from ${from}`;
      error.code = 'ERR_MODULE_NOT_FOUND';
    }
    throw error;
  }
}

async function importModule(file, importer) {
  let module = cache[file];
  if (!module) {
    module = new Module(file, importer && cache[importer.filename]);
    cache[file] = module;
    try {
      evaluate(module);
    } catch (error) {
      delete cache[file];
      throw error;
    }
  }
  if (!module.namespace) return interop(module.exports);
  // Modules that import each other in a circle do not wait for each other.
  if (!module.loaded && !waitsFor(module, importer)) {
    if (importer) importer.waiting = module;
    try {
      await module.finished;
    } finally {
      if (importer) importer.waiting = null;
    }
  }
  return module.namespace;
}

/** Whether a module is waiting for another, directly or not. */
function waitsFor(module, other) {
  for (let each = module; each; each = each.waiting) if (each === other) return true;
  return false;
}

function dynamicImport(from) {
  return async (name) => importFrom(String(name), from, null);
}

const interops = new WeakMap();

/** CommonJS as a namespace: `default` is what it exports, its properties are names. */
function interop(exported) {
  const holds = (typeof exported === 'object' && exported !== null) || typeof exported === 'function';
  if (holds && interops.has(exported)) return interops.get(exported);
  const namespace = namespaceOf();
  if (holds) {
    for (const name of Object.keys(exported)) {
      if (name !== 'default')
        Object.defineProperty(namespace, name, { enumerable: true, get: () => exported[name] });
    }
    interops.set(exported, namespace);
  }
  Object.defineProperty(namespace, 'default', { enumerable: true, value: exported });
  if (holds) Object.defineProperty(namespace, 'module.exports', { enumerable: true, value: exported });
  return namespace;
}

/** TypeScript that is no ES module by its package imports CommonJS as `esModuleInterop` has it. */
async function importFile(file, source) {
  if (source !== undefined) sources.set(file, source);
  const real = resolution.real(file);
  if (source !== undefined) sources.set(real, source);
  const kind = resolution.kindOf(real);
  if (kind === 'commonjs' && !resolution.isTypeScript(real)) return loadSync(real, null);
  return importModule(real, null);
}

// -- what else is asked

function createRequire(from) {
  const file = from instanceof URL || String(from).startsWith('file:') ? require('url').fileURLToPath(from) : String(from);
  return makeRequire(new Module(file.endsWith('/') ? `${file}dunlin.js` : file, null));
}

function folderOf(name, from) {
  const file = resolve(name, path.join(from, 'dunlin.js'));
  const marker = `/node_modules/${name}`;
  return file.slice(0, file.lastIndexOf(marker) + marker.length);
}

function manifestOf(name, from) {
  for (const folder of resolution.folders(from)) {
    const manifest = resolution.manifest(path.join(folder, name));
    if (manifest) return manifest;
  }
  return null;
}

/** What the dispatcher needs of QuickJS. */
function carrier() {
  return {
    interpreter: 'QuickJS',
    install(message) {
      process.chdir(message.project);
      resolution.setImportPaths(message.import_paths || []);
    },
    importFile,
    requireFrom: (name, folder) => createRequire(path.join(folder, 'dunlin.js'))(name),
    resolve: (name, from) => resolve(changed(name, { filename: from }), from),
    folderOf,
    manifestOf,
    placeOf,
    hasManifest: resolution.hasManifest,
    enter: host.enter,
  };
}

Object.assign(Module, {
  Module,
  _resolveFilename: resolveFilename,
  createRequire,
  builtinModules: resolution.BUILTINS,
  isBuiltin: (name) => host.builtin(name) !== undefined,
});

module.exports = { carrier, Module, createRequire };
