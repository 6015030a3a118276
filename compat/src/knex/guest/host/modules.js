'use strict';
// How a project's modules are loaded by Node itself: our drivers in their places, TypeScript through what the project has.

const fs = require('fs');
const Module = require('module');
const path = require('path');
const { pathToFileURL } = require('url');

const { substitute } = require('../drivers/packages');

const TYPESCRIPT = /\.[cm]?ts$/;

// What registers itself as a loader of TypeScript, in the order in which Knex's `interpret` tries them, then newer ones.
const REGISTERS = [
  'ts-node/register',
  'sucrase/register/ts',
  '@swc-node/register',
  '@swc/register',
  'tsx/cjs',
  'esbuild-register',
];

let start = null;
let registered = false;

/** Puts our modules into the places of others, for `require` and, where Node has such hooks, for `import`. */
function install(message) {
  start = message;
  try {
    process.chdir(message.project);
  } catch {
    // Whatever is looked up there says so.
  }
  const original = Module._load;
  Module._load = function (request, parent, isMain) {
    const found = substitute(request, parent && parent.filename);
    return found ? found.exports : original.call(this, request, parent, isMain);
  };
  // A driver that is not installed is still found by `require.resolve` and by ES modules.
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, parent, ...rest) {
    try {
      return resolve.call(this, request, parent, ...rest);
    } catch (error) {
      const found = error.code === 'MODULE_NOT_FOUND' && fromImportPaths(resolve, request, rest);
      if (found) return found;
      throw error;
    }
  };
  watchImports();
}

function fromImportPaths(resolve, request, rest) {
  if (/^[./]/.test(request)) return null;
  for (const folder of (start && start.import_paths) || []) {
    const parent = {
      id: folder,
      filename: path.join(folder, 'dunlin.js'),
      paths: [path.join(folder, 'node_modules'), folder],
    };
    try {
      return resolve.call(Module, request, parent, ...rest);
    } catch {
      // The next one may have it.
    }
  }
  return null;
}

let hooked = false;

const drivers = () => ({
  sqlite3: pathToFileURL(path.join(__dirname, 'sqlite3.js')).href,
  'better-sqlite3': pathToFileURL(path.join(__dirname, 'better-sqlite3.js')).href,
});

/**
 * ES modules that import a compiled driver get ours; Node loads it as CommonJS from this folder. Before Node 22.15 such hooks
 * run in a thread of their own, which takes megabytes: it is begun when something is about to be imported.
 */
function hookImports() {
  if (hooked) return;
  hooked = true;
  if (typeof Module.register !== 'function') return;
  const code = `
    const ours = ${JSON.stringify(drivers())};
    export async function resolve(specifier, context, next) {
      if (Object.hasOwn(ours, specifier)) return { url: ours[specifier], format: 'commonjs', shortCircuit: true };
      return next(specifier, context);
    }`;
  Module.register(`data:text/javascript,${encodeURIComponent(code)}`, pathToFileURL(__filename));
}

// Knex' own files, which import migrations where we do not ask them to.
const OF_KNEX = /[\\/]node_modules[\\/]knex[\\/]/;

// A call of `import`, or an ES module, which newer versions of Node require.
const IMPORTS = /\bimport\s*(?:\/[*/]|\()|^\s*(?:import|export)\b/m;

function watchImports() {
  if (typeof Module.registerHooks === 'function') {
    const ours = drivers();
    Module.registerHooks({
      resolve: (specifier, context, next) =>
        context.conditions.includes('import') && Object.hasOwn(ours, specifier)
          ? { url: ours[specifier], format: 'commonjs', shortCircuit: true }
          : next(specifier, context),
    });
    hooked = true;
    return;
  }
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (text, file, ...rest) {
    if (!hooked && !OF_KNEX.test(file) && IMPORTS.test(text)) hookImports();
    return compile.call(this, text, file, ...rest);
  };
}

// -- loading

async function importFile(file) {
  if (TYPESCRIPT.test(file)) return importTypeScript(file);
  if (!isModule(file)) return requireFrom(file, path.dirname(file));
  hookImports();
  return import(pathToFileURL(file).href);
}

/** Whether Node takes a file for an ES module, as Knex's `isModuleType` has it. */
function isModule(file) {
  if (/\.mjs$/.test(file)) return true;
  if (/\.cjs$/.test(file)) return false;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const type = typeOf(folder);
    if (type !== null) return type === 'module';
    if (folder === path.dirname(folder) || path.basename(folder) === 'node_modules') return false;
  }
}

// Migrations lie in few folders.
const types = new Map();

/** What a folder's package.json says of its files; null without one. */
function typeOf(folder) {
  if (!types.has(folder)) {
    const manifest = readJson(path.join(folder, 'package.json'));
    types.set(folder, manifest && (manifest.type || 'commonjs'));
  }
  return types.get(folder);
}

async function importTypeScript(file) {
  const asModule = /\.mts$/.test(file) || (!/\.cts$/.test(file) && isModule(file));
  if (!registered && !process.features.typescript) registered = await register(start.project, asModule);
  if (asModule || process.features.typescript) {
    hookImports();
    return import(pathToFileURL(file).href);
  }
  return requireFrom(file, path.dirname(file));
}

async function register(folder, asModule) {
  const done =
    REGISTERS.some((name) => requireIfThere(name, folder)) || Object.hasOwn(Module._extensions, '.ts');
  // tsx has a second half for ES modules.
  const modules = resolveIfThere('tsx/esm/api', folder);
  if (modules) {
    hookImports();
    (await import(pathToFileURL(modules.replace(/\.cjs$/, '.mjs')).href)).register();
  }
  return done || (!asModule && registerTypeScript(folder));
}

function resolveIfThere(name, folder) {
  try {
    return createRequire(folder).resolve(name);
  } catch {
    return null;
  }
}

function requireIfThere(name, folder) {
  const found = resolveIfThere(name, folder);
  return found ? require(found) || true : null;
}

/** The project's own TypeScript, used as `ts-node --transpile-only` would. */
function registerTypeScript(folder) {
  let typescript;
  try {
    typescript = createRequire(folder)('typescript');
  } catch {
    throw new Error(
      'TypeScript cannot be loaded: the project has none of ts-node, tsx, @swc-node/register and typescript',
    );
  }
  const compile = (module, file) => {
    const { outputText } = typescript.transpileModule(fs.readFileSync(file, 'utf8'), {
      fileName: file,
      compilerOptions: { module: 'commonjs', target: 'es2021', esModuleInterop: true, inlineSourceMap: true },
    });
    module._compile(outputText, file);
  };
  for (const extension of ['.ts', '.cts']) Module._extensions[extension] = compile;
  return true;
}

// -- finding

const createRequire = (folder) => Module.createRequire(path.join(folder, 'dunlin.js'));

function requireFrom(name, folder) {
  return createRequire(folder)(name);
}

/** The file that a name means in a file; throws when there is none. */
function resolve(name, from) {
  if (substitute(name, from)) return name;
  return Module.createRequire(from).resolve(name);
}

function folderOf(name, project) {
  const entry = createRequire(project).resolve(name);
  const marker = path.join('node_modules', name);
  return entry.slice(0, entry.lastIndexOf(marker) + marker.length);
}

function manifestOf(name, project) {
  for (const folder of createRequire(project).resolve.paths(name) || []) {
    const manifest = readJson(path.join(folder, name, 'package.json'));
    if (manifest) return manifest;
  }
  return null;
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** What the dispatcher needs of Node. */
function carrier() {
  return {
    interpreter: `Node.js ${process.versions.node}`,
    install,
    importFile,
    requireFrom,
    resolve,
    folderOf,
    manifestOf,
    hasManifest: (folder) => fs.existsSync(path.join(folder, 'package.json')),
  };
}

module.exports = { carrier };
