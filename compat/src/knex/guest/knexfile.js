'use strict';
// Reading a knexfile, and seeing what it asks of the environment.

const frames = require('./frames');

/** What a knexfile exports, functions called. */
function readKnexfile(carrier, file) {
  return watching(file, async () => {
    let config = await carrier.importFile(file);
    if (config && config.default) config = config.default;
    if (typeof config === 'function') config = await config();
    return config;
  });
}

/** A connection may be a function, which is called as Knex calls it when it connects. */
function resolveConnection(file, config) {
  if (!config || typeof config.connection !== 'function') return config;
  return watching(file, async () => ({ ...config, connection: await config.connection() }));
}

async function watching(file, work) {
  const stop = watchVariables(file);
  try {
    return await work();
  } finally {
    stop();
  }
}

/** Knex takes the key of the environment if there is one, else the whole object. */
function select(config, environment) {
  const name = environment || process.env.NODE_ENV || 'development';
  return (config && config[name]) || config || {};
}

// A module is evaluated once, so what it read is remembered.
const read = new Map();

/** The names of the variables that a knexfile read. */
function variablesOf(file) {
  return [...(read.get(file) || [])].sort();
}

/** Notes the variables that are read until the returned function is called. */
function watchVariables(file) {
  const names = read.get(file) || new Set();
  read.set(file, names);
  const variables = process.env;
  const place = (value) =>
    Object.defineProperty(process, 'env', { value, configurable: true, enumerable: true, writable: true });
  // What libraries look for, such as dotenv's own settings, is none of the project's.
  place(
    new Proxy(variables, {
      get(target, key) {
        if (typeof key === 'string' && !names.has(key) && !Object.hasOwn(Object.prototype, key)) {
          const from = frames.caller(new Error().stack);
          if (from && frames.inProject(from)) names.add(key);
        }
        return target[key];
      },
    }),
  );
  return () => place(variables);
}

module.exports = { readKnexfile, resolveConnection, select, variablesOf };
