'use strict';
// Reading a knexfile, and seeing what it asks of the environment.

/** What a knexfile exports, functions called. */
async function readKnexfile(carrier, file) {
  const stop = watchVariables(file);
  try {
    let config = await carrier.importFile(file);
    if (config && config.default) config = config.default;
    if (typeof config === 'function') config = await config();
    return config;
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
  // dotenv looks whether a variable is there, with `in` or a list of all; neither says what the project reads.
  place(
    new Proxy(variables, {
      get(target, key) {
        if (typeof key === 'string' && !Object.hasOwn(Object.prototype, key)) names.add(key);
        return target[key];
      },
    })
  );
  return () => place(variables);
}

module.exports = { readKnexfile, select, variablesOf };
