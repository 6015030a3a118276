'use strict';
// Loading migrations and running one, as Knex's Migrator does.

const path = require('path');

const failure = require('./failure');
const frames = require('./frames');
const { session } = require('./session');

/** `load`: what keeps files from being run, as the protocol's problems. */
async function problems(environment, files) {
  const found = [];
  try {
    await environment.config();
    environment.library();
  } catch (error) {
    return [problem(error, environment.options.knexfile || environment.project)];
  }
  for (const file of files) {
    let content;
    try {
      content = await contentOf(environment, file);
    } catch (error) {
      const told = problem(error, file.path, file.source);
      // What another file wants is told by that file, which many migrations may import.
      found.push(told.path === file.path ? told : { ...told, needed_by: file.id });
      continue;
    }
    found.push(...unseen(environment, file, content));
  }
  return found;
}

/** What a migration exports. Whether it can be loaded is found once: the plan was made with what it said. */
function contentOf(environment, file) {
  if (!environment.contents.has(file.id)) environment.contents.set(file.id, load(environment, file));
  return environment.contents.get(file.id);
}

async function load(environment, file) {
  const { source } = environment.shared || (await sharedOf(environment));
  let content;
  if (source) {
    content = await source.getMigration(await wanted(environment, source, file.id));
  } else {
    content = await environment.carrier.importFile(file.path, file.source);
  }
  if (!content || typeof content.up !== 'function' || typeof content.down !== 'function') {
    throw new Invalid(`Invalid migration: ${file.id} must have both an up and down function`);
  }
  return content;
}

/** What Knex refuses wherever it runs. */
class Invalid extends Error {
  get name() {
    return 'Error';
  }
}

/** What a custom source knows a migration by. */
async function wanted(environment, source, name) {
  const named = await source.getMigrations(loadExtensions(await environment.config()));
  const found = named.find((each) => source.getMigrationName(each) === name);
  if (found === undefined) throw new Error(`Migration "${name}" not found.`);
  return found;
}

const DEFAULT_EXTENSIONS = ['.co', '.coffee', '.eg', '.iced', '.js', '.cjs', '.litcoffee', '.ls', '.ts'];

function loadExtensions(config) {
  return (config.migrations && config.migrations.loadExtensions) || DEFAULT_EXTENSIONS;
}

/** What is the same for all migrations, each of which would else wait several times for what is known already. */
async function sharedOf(environment) {
  const { migrations } = await environment.config();
  const hooks = hooksIn(migrations, environment.versionOf('knex'));
  environment.shared = { source: sourceIn(migrations), hooks };
  return environment.shared;
}

async function sourceOf(environment) {
  return (environment.shared || (await sharedOf(environment))).source;
}

/** The project's own source of migrations; Knex prefers a directory that is given beside it. */
function sourceIn(migrations) {
  if (!migrations || !migrations.migrationSource) return null;
  const { directory, sortDirsSeparately, loadExtensions: extensions } = migrations;
  return directory || sortDirsSeparately || extensions ? null : migrations.migrationSource;
}

/** Hooks came with Knex 3.2; earlier versions have no use for them. */
function hooksIn(migrations, version) {
  const [major, minor] = String(version).split('.').map(Number);
  const calls = major > 3 || (major === 3 && minor >= 2);
  return (calls && migrations) || {};
}

function problem(error, file, source) {
  const place = frames.innermost(error && error.stack);
  const missing = error && error.code && /^(?:ERR_)?MODULE_NOT_FOUND$/.test(error.code);
  const name = missing && /Cannot find (?:module|package) '([^']+)'/.exec(error.message);
  return {
    path: place ? place.path : file,
    line: place ? place.line : lineOf(name && name[1], source),
    import: name ? name[1] : undefined,
    everywhere: error instanceof Invalid,
    reason: name ? `Cannot find module '${name[1]}'` : failure.message(error),
  };
}

/** The line that imports a name, where no stack tells it: Node links ES modules before it runs them. */
function lineOf(name, source) {
  const at =
    name && source ? source.search(new RegExp(`['"]${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}['"]`)) : -1;
  return at < 0 ? 1 : source.slice(0, at).split('\n').length;
}

const IMPORT = /\b(?:require|import)\s*\(\s*(['"])([^'"\n]+)\1\s*\)/g;

/** Imports in functions, which loading did not reach; not where a failure is expected. */
function unseen(environment, file, content) {
  const { path: filename } = file;
  // Most import nothing, which is soon seen.
  if (!filename || !file.source || !/require|import/.test(file.source)) return [];
  const source = without(file.source, content, file.direction === 'up' ? 'down' : 'up');
  if (/\b(?:try|createRequire)\b|import\.meta/.test(source)) return [];
  const found = [];
  for (const match of source.matchAll(IMPORT)) {
    const before = source.slice(0, match.index);
    if (/\/\/[^\n]*$/.test(before) || before.lastIndexOf('/*') > before.lastIndexOf('*/')) continue;
    try {
      environment.carrier.resolve(match[2], filename);
    } catch (error) {
      const reason = error.message.split('\n')[0];
      found.push({ path: filename, line: before.split('\n').length, import: match[2], reason });
    }
  }
  return found;
}

/** A file with blanks for a function that it exports and does not call by itself, where its text is what runs. */
function without(source, content, name) {
  const text = String(content[name]);
  const rest = source.replace(text, () => text.replace(/[^\n]/g, ' '));
  return new RegExp(`\\b${name}\\s*\\(`).test(rest) ? source : rest;
}

/** `run`: one migration, in the engine's transaction or outside of one. */
async function run(environment, message) {
  const options = message.options || {};
  const inTransaction = options.transaction !== false;
  session.open(inTransaction);
  let succeeded = false;
  try {
    const content = await contentOf(environment, message);
    const knex = environment.migrating || (await environment.migratingKnex());
    const { source, hooks } = environment.shared || (await sharedOf(environment));
    const known = source ? await knownOf(environment, source, message) : options;
    const task = new Task(hooks, message, known, content, knex);
    if (environment.carrier.enter) environment.carrier.enter();
    if (inTransaction) await task.inTransaction();
    else await task.run(knex);
    succeeded = true;
  } finally {
    session.close(succeeded);
    if (!succeeded) await environment.disconnect().catch(() => {});
  }
}

/** The options, in which hooks get what a custom source gave instead of names. */
async function knownOf(environment, source, message) {
  const options = message.options || {};
  const of = (name) => wanted(environment, source, name);
  const all = (list) => list && Promise.all(list.map((each) => of(each.file)));
  return {
    ...options,
    migration: await of(message.id),
    before_all: await all(options.before_all),
    after_all: await all(options.after_all),
  };
}

class Task {
  constructor(hooks, message, options, content, knex) {
    this.hooks = hooks;
    this.message = message;
    this.options = options;
    this.content = content;
    this.knex = knex;
    this.info = options.migration || {
      file: message.id,
      directory: message.path ? path.dirname(message.path) : undefined,
    };
  }

  async inTransaction() {
    let completed = false;
    await this.knex.transaction(async (trx) => {
      await this.run(trx);
      completed = trx.isCompleted();
    });
    if (completed && this.options.shared_transaction) {
      // Knex's next statement in the transaction of the whole batch is the history row, which fails so.
      throw new Error('Transaction query already complete, run with DEBUG=knex:tx for more info');
    }
  }

  async run(knex) {
    const { beforeAll, afterAll, beforeEach, afterEach } = this.hooks;
    if (beforeAll && this.options.before_all) await beforeAll(knex, this.options.before_all);
    if (beforeEach) await beforeEach(knex, [this.info]);
    await this.call(knex);
    if (afterEach) await afterEach(knex, [this.info]);
    if (afterAll && this.options.after_all) await afterAll(knex, this.options.after_all);
  }

  /** The migration's own promise, if it gave one. */
  call(knex) {
    const promise = this.content[this.message.direction](knex);
    if (!promise || typeof promise.then !== 'function') {
      this.knex.client.logger.warn(`migration ${this.message.id} did not return a promise`);
    }
    return promise;
  }
}

module.exports = { contentOf, problems, run, sourceOf, loadExtensions };
