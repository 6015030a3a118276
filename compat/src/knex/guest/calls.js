'use strict';
// What else the adapter needs of the project and its library.

const fs = require('fs');
const path = require('path');

const { readKnexfile, resolveConnection, select, variablesOf } = require('./knexfile');
const migration = require('./migration');
const { session } = require('./session');

async function call(dispatcher, name, given) {
  const known = { knexfile, names, make, transactions, session: statementsOfConnection };
  if (!Object.hasOwn(known, name)) throw new Error(`unknown call ${JSON.stringify(name)}`);
  return known[name](dispatcher.environment, given);
}

// -- knexfile

/** A knexfile's configuration as JSON, and what it asked of the environment. */
async function knexfile(environment, { path: file, environment: name }) {
  const all = await readKnexfile(environment.carrier, file);
  const chosen = name || process.env.NODE_ENV || 'development';
  const keyed = Boolean(all && typeof all === 'object' && all[chosen]);
  return {
    config: plain(await resolveConnection(file, select(all, name))),
    environments: all && typeof all === 'object' ? Object.keys(all) : [],
    environment: keyed ? chosen : null,
    variables: variablesOf(file),
  };
}

/** A value as JSON; what JSON cannot hold is named: `{"function": true}`. */
function plain(value, seen = []) {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'function':
      return { function: true };
    case 'symbol':
      return { symbol: String(value) };
    case 'bigint':
      return { bigint: String(value) };
    case 'number':
      return Number.isFinite(value) ? value : { number: String(value) };
    case 'object':
      break;
    default:
      return value;
  }
  if (seen.includes(value)) return { circular: true };
  const inner = [...seen, value];
  if (Array.isArray(value)) return value.map((each) => plain(each, inner));
  if (value instanceof RegExp) return { regexp: String(value) };
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? { date: null } : { date: value.toISOString() };
  if (ArrayBuffer.isView(value))
    return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && prototype.constructor !== undefined) {
    const name = prototype.constructor.name;
    // A class of the project, such as a migrationSource: its data, and what it is.
    if (name && name !== 'Object') return { instance: name, ...entries(value, inner) };
  }
  return entries(value, inner);
}

function entries(value, seen) {
  const result = {};
  for (const key of Object.keys(value)) if (value[key] !== undefined) result[key] = plain(value[key], seen);
  return result;
}

// -- names

/** The names of a custom migrationSource's migrations, in its order; null without one. */
async function names(environment) {
  const source = await migration.sourceOf(environment);
  if (!source) return null;
  const all = await source.getMigrations(migration.loadExtensions(await environment.config()));
  return all.map((each) => source.getMigrationName(each));
}

// -- transactions

/**
 * What `config.transaction` of migrations says, by their names; null where it says nothing. What cannot be loaded says
 * nothing here: `load` tells why.
 */
async function transactions(environment, { migrations }) {
  const result = {};
  for (const file of migrations) {
    const { config } = await migration.contentOf(environment, file).catch(() => ({}));
    const said = config === null || config === undefined ? undefined : config.transaction;
    result[file.id] = typeof said === 'boolean' ? said : null;
  }
  return result;
}

// -- make

/** What Knex writes into a new migration with this extension. */
function make(environment, { extension, stub, variables }) {
  const { carrier, project } = environment;
  const file = stub ? path.resolve(project, stub) : stubOf(carrier.folderOf('knex', project), extension);
  const template = carrier.requireFrom('lodash/template', carrier.folderOf('knex', project));
  // As Knex does it: template strings of JavaScript are none of lodash's.
  const render = template(fs.readFileSync(file, 'utf8'), { variable: 'd', interpolate: /<%=([\s\S]+?)%>/g });
  return { text: render(variables || {}), stub: file };
}

function stubOf(knex, extension) {
  return path.join(knex, 'lib', 'migrations', 'migrate', 'stub', `${extension}.stub`);
}

// -- session

/** The statements that a new connection begins with: search_path, the pool's `afterCreate`. */
async function statementsOfConnection(environment) {
  const knex = await environment.knex();
  session.record();
  let statements;
  try {
    const connection = await knex.client.acquireConnection();
    statements = session.recording;
    await knex.client.releaseConnection(connection);
  } finally {
    session.close(false);
    await environment.disconnect();
  }
  return {
    statements: statements.map(({ sql, parameters }) => (parameters ? { sql, parameters } : { sql })),
  };
}

module.exports = { call };
