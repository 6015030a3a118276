'use strict';
// The project: its configuration, its Knex, and an instance of it over the engine's session.

const frames = require('./frames');
const { readKnexfile, select } = require('./knexfile');
const { session } = require('./session');

const SERVERS = ['pg', 'mysql2', 'mysql', 'mariadb', 'sqlite3', 'better-sqlite3'];

class Environment {
  constructor(start, engine, carrier) {
    this.project = start.project;
    this.options = start.options || {};
    this.engine = engine;
    this.carrier = carrier;
    this.instance = null;
    /** What migrations share, as far as it is known. */
    this.migrating = null;
    this.shared = null;
    this.loadedConfig = null;
    this.contents = new Map();
    this.versions = new Map();
  }

  /** Libraries that matter, with their versions, as far as they are found. */
  libraries() {
    const found = [];
    for (const name of ['knex', ...SERVERS]) {
      const version = this.versionOf(name);
      if (version) found.push({ name, version });
    }
    return found;
  }

  /** Of a package; found once, because each migration asks. */
  versionOf(name) {
    if (!this.versions.has(name)) {
      const manifest = this.carrier.manifestOf(name, this.project);
      this.versions.set(name, manifest ? manifest.version : null);
    }
    return this.versions.get(name);
  }

  /** The project's Knex. */
  library() {
    const { knex: where } = this.options;
    return this.carrier.requireFrom(where || 'knex', this.project);
  }

  /** The configuration of the environment that was asked for, as Knex's command line reads it. */
  async config() {
    if (!this.loadedConfig) this.loadedConfig = (await this.readConfig()) || {};
    return this.loadedConfig;
  }

  async readConfig() {
    const { knexfile, environment, config: given } = this.options;
    if (!knexfile) return given || {};
    const all = await readKnexfile(this.carrier, knexfile);
    const chosen = select(all, environment);
    return { ...chosen, ...given };
  }

  /** The instance; made when it is first asked for. */
  async knex() {
    if (!this.instance) {
      const library = this.library();
      const make = typeof library === 'function' ? library : library.knex || library.default;
      this.instance = make(this.prepared(await this.config()));
      this.instance.on('start', frames.starting);
      watchPool(this.instance.client);
    }
    return this.instance;
  }

  /**
   * What all migrations of a command share, as in the Migrator: parameters of its own, so that a migration cannot change the
   * project's. Knex copies its client for that, driver and all, which takes milliseconds.
   */
  async migratingKnex() {
    const instance = await this.knex();
    if (!this.migrating) this.migrating = instance.withUserParams({ ...instance.userParams });
    return this.migrating;
  }

  /** The configuration with what has to be different here. */
  prepared(config) {
    const { engine } = this;
    const tell = (level) => (message) =>
      engine.log(level, 'knex', typeof message === 'string' ? message : require('util').inspect(message, { depth: 6 }));
    const log = { warn: tell('warning'), error: tell('error'), debug: tell('debug'), deprecate: undefined };
    const prepared = {
      ...config,
      client: clientOf(config),
      // So that a failing statement can be told by the line that made it.
      asyncStackTraces: true,
      log: { ...dropUndefined(log), ...config.log },
      pool: introducing(config.pool),
    };
    if (!config.connectionPool) prepared.connection = connectionOf(config.connection, session.server);
    return prepared;
  }

  /** Ends the connections, so that the next ones begin anew. */
  async disconnect() {
    const { instance } = this;
    if (!instance || !instance.client || !instance.client.pool) return;
    // It has the pool that ends.
    this.migrating = null;
    await instance.destroy();
    instance.initialize();
  }
}

function dropUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function clientOf(config) {
  // libpq is not needed: there is no connection for it to make.
  return config.client === 'pgnative' ? 'pg' : config.client || config.dialect;
}

/** What a project connects to, without encryption and passwords: the connection is the engine's. */
function connectionOf(connection, server) {
  if (typeof connection === 'function') {
    return async () => connectionOf(await connection(), server);
  }
  if (typeof connection === 'string') return connectionOf(parsed(connection), server);
  const known = server && server.dialect !== 'sqlite' ? { database: server.database, user: server.user } : {};
  const result = { ...known, ...connection };
  for (const key of ['ssl', 'password', 'passwordSha1', 'stream', 'expirationChecker', 'connectionString'])
    delete result[key];
  if (connection && connection.expirationChecker) result.expirationChecker = () => false;
  if (server && server.dialect !== 'sqlite') Object.assign(result, known);
  return result;
}

/** A connection's URL; Knex takes its query parameters as options, and what is no URL for a SQLite file. */
function parsed(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return { filename: text };
  }
  const result = { host: url.hostname, port: url.port ? Number(url.port) : undefined };
  result.database = decodeURIComponent(url.pathname.slice(1)) || undefined;
  if (url.username) result.user = decodeURIComponent(url.username);
  const database = /^(?:mysql|mariadb|mssql)/.test(url.protocol);
  for (const [key, value] of url.searchParams) result[key] = database ? jsonOrText(value) : value;
  return dropUndefined(result);
}

function jsonOrText(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Tells the session while the pool makes a connection. */
function watchPool(client) {
  const acquire = client.acquireRawConnection;
  client.acquireRawConnection = async function (...given) {
    session.pooling += 1;
    try {
      return await acquire.apply(this, given);
    } finally {
      session.pooling -= 1;
    }
  };
}

/** The pool's settings: what a connection does until it is created is none of the migration's. */
function introducing(pool) {
  const users = pool && pool.afterCreate;
  const afterCreate = (connection, done) => {
    const finish = (...results) => {
      const own = session.connectionOf(connection);
      if (own) own.introducing = false;
      done(...results);
    };
    if (!users) return finish(null, connection);
    const result = users(connection, finish);
    if (result && typeof result.then === 'function') result.then(undefined, finish);
    return result;
  };
  return { ...pool, afterCreate };
}

module.exports = { Environment };
