'use strict';
// Packages that teach Node TypeScript and ES modules, which the sandbox knows by itself. They would load a compiler.

const NAMES = new Set([
  '@babel/register',
  '@esbuild-kit/cjs-loader',
  '@swc-node/register',
  '@swc-node/register/register',
  '@swc/register',
  'babel-register',
  'esbuild-register',
  'esbuild-register/dist/node',
  'esbuild-runner/register',
  'sucrase/register',
  'sucrase/register/js',
  'sucrase/register/ts',
  'ts-node',
  'ts-node/register',
  'ts-node/register/files',
  'ts-node/register/transpile-only',
  'ts-node/register/type-check',
  'tsx',
  'tsx/cjs',
  'tsx/cjs/api',
  'tsx/esm',
  'tsx/esm/api',
]);

/** They are called themselves or by `register`, with settings, and give something to take it back by. */
const loader = () => loader;
Object.assign(loader, { default: loader, register: loader, unregister: loader, enabled: () => true });

/** What a file gets for the name of such a package: `{ exports }`, or null. */
const substitute = (name) => (NAMES.has(name) ? { exports: loader } : null);

module.exports = { substitute };
