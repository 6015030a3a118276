'use strict';
// The module `sqlite3` over the engine's session. Its own half is compiled; this follows what that does.

const { EventEmitter } = require('events');
const path = require('path');

const failure = require('../failure');
const { session } = require('../session');
const { EngineError } = require('../wire');
const { bytesParameter, primaryName, real, textParameter } = require('./sqlite_values');
const { read } = require('./sqlite_text');

// -- values

/** A parameter; undefined for what sqlite3 leaves unbound. */
function parameterOf(value) {
  switch (typeof value) {
    case 'string':
      return textParameter(value);
    case 'number':
      return Number.isInteger(value) && value === (value | 0) ? { int: String(value | 0) } : real(value);
    case 'boolean':
      return { int: value ? '1' : '0' };
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (value instanceof RegExp) return textParameter(String(value));
  if (ArrayBuffer.isView(value))
    return bytesParameter(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : real(value.getTime());
  return textParameter('[object Object]');
}

function valueOf(value) {
  if (value === null || typeof value === 'string') return value;
  if (value.int !== undefined) return Number(value.int);
  if (value.real !== undefined) return Number(value.real);
  return Buffer.from(value.bytes, 'base64');
}

function rowOf(columns, values) {
  const row = {};
  columns.forEach(({ name }, index) => {
    row[name] = valueOf(values[index]);
  });
  return row;
}

/** sqlite3's error: its message begins with the name of the code. */
function errorOf(error) {
  if (!(error instanceof EngineError)) return error;
  const code = error.answer.code || 1;
  const name = primaryName(code);
  const made = new Error(`${name}: ${error.answer.message}`);
  made.errno = code & 255;
  made.code = name;
  return failure.fromAnswer(made);
}

function misuse(text) {
  const made = new Error(`SQLITE_MISUSE: ${text}`);
  made.errno = 21;
  made.code = 'SQLITE_MISUSE';
  return made;
}

// -- the database

class Database extends EventEmitter {
  constructor(filename, mode, callback) {
    super();
    if (typeof mode === 'function') [mode, callback] = [undefined, mode];
    this.filename = filename;
    this.mode = mode ?? sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE | sqlite3.OPEN_FULLMUTEX;
    this.open = false;
    this.changes = 0;
    this.lastID = 0;
    this.jobs = [];
    this.running = false;
    let failed = null;
    try {
      this.dunlinConnection = session.connect('sqlite');
      this.open = true;
    } catch (error) {
      failed = error;
    }
    setImmediate(() => {
      if (callback) callback.call(this, failed);
      else if (failed) this.emit('error', failed);
      if (!failed) this.emit('open');
    });
  }

  /** Runs jobs one after the other, each in a turn of its own, as the thread of SQLite would. */
  schedule(job) {
    this.jobs.push(job);
    if (!this.running) {
      this.running = true;
      setImmediate(() => this.work());
    }
  }

  work() {
    const job = this.jobs.shift();
    try {
      job();
    } finally {
      if (this.jobs.length) setImmediate(() => this.work());
      else this.running = false;
    }
  }

  /** Runs one statement. */
  execute(sql, parameters) {
    if (!this.open) throw misuse('Database is closed');
    const text = read(sql);
    if (!text.words.length) throw misuse('not an error');
    const query = { sql: text.first, single: true };
    const bound = bind(text.parameters, parameters);
    if (bound.length) query.parameters = bound;
    const result = session.query(this.dunlinConnection, query);
    if (result.affected !== null && !result.columns.length) this.changes = result.affected;
    else if (
      /^(?:INSERT|UPDATE|DELETE|REPLACE|WITH)$/.test(text.words[0]) &&
      text.words.includes('RETURNING')
    ) {
      this.changes = result.rows.length;
    }
    if (result.lastId !== null) this.lastID = Number(result.lastId);
    return result;
  }

  prepare(sql, ...given) {
    const callback = takeCallback(given);
    const statement = new Statement(this, sql, callback && ((error) => error && callback(error)));
    return given.length || callback ? statement.bind(...given, ...(callback ? [callback] : [])) : statement;
  }

  exec(sql, callback) {
    this.schedule(() => {
      let failed = null;
      try {
        if (!this.open) throw misuse('Database is closed');
        if (read(sql).words.length) session.query(this.dunlinConnection, { sql });
      } catch (error) {
        failed = errorOf(error);
      }
      if (callback) callback.call(this, failed);
      else if (failed) this.emit('error', failed);
    });
    return this;
  }

  close(callback) {
    this.schedule(() => {
      const failed = this.open ? null : misuse('Database handle is closed');
      this.open = false;
      if (this.dunlinConnection) session.disconnect(this.dunlinConnection);
      if (callback) callback.call(this, failed);
      else if (failed) this.emit('error', failed);
      if (!failed) this.emit('close');
    });
    return this;
  }

  serialize(callback) {
    if (callback) callback.call(this);
    return this;
  }

  parallelize(callback) {
    if (callback) callback.call(this);
    return this;
  }

  wait(callback) {
    this.schedule(() => callback && callback.call(this, null));
    return this;
  }

  configure() {}

  interrupt() {}

  loadExtension(file, callback) {
    refuse(this, 'extensions of SQLite are not loaded here', callback);
  }

  backup() {
    throw new Error('a database is not backed up from a migration here');
  }
}

function refuse(database, text, callback) {
  const error = new Error(text);
  if (!callback) throw error;
  setImmediate(() => callback.call(database, error));
}

for (const method of ['run', 'get', 'all', 'each', 'map']) {
  Database.prototype[method] = function (sql, ...given) {
    const last = given[given.length - 1];
    const callback = typeof last === 'function' ? last : undefined;
    const statement = new Statement(
      this,
      sql,
      callback && ((error) => error && callback.call(statement, error)),
    );
    statement[method](...given).finalize();
    return this;
  };
}

// -- statements

class Statement extends EventEmitter {
  constructor(database, sql, callback) {
    super();
    if (typeof sql !== 'string') throw new TypeError('SQL query expected');
    this.sql = sql;
    this.database = database;
    this.bound = [];
    this.pending = null;
    this.finalized = false;
    if (callback) database.schedule(() => callback.call(this, null));
  }

  bind(...given) {
    const callback = takeCallback(given);
    if (given.length) this.bound = given;
    if (callback) this.database.schedule(() => callback.call(this, null));
    return this;
  }

  reset(callback) {
    this.pending = null;
    if (callback) this.database.schedule(() => callback.call(this, null));
    return this;
  }

  finalize(callback) {
    this.database.schedule(() => {
      this.finalized = true;
      if (callback) callback.call(this, null);
    });
    return this.database;
  }

  /** Schedules a run of the statement; `use` gets its result. */
  later(given, callback, use) {
    if (given.length) this.bound = given;
    const { bound } = this;
    this.database.schedule(() => {
      let result;
      try {
        result = this.database.execute(this.sql, bound);
      } catch (error) {
        const made = errorOf(error);
        if (callback) callback.call(this, made);
        else if (this.listenerCount('error')) this.emit('error', made);
        else this.database.emit('error', made);
        return;
      }
      use(result);
    });
    return this;
  }

  run(...given) {
    const callback = takeCallback(given);
    return this.later(given, callback, () => {
      this.lastID = this.database.lastID;
      this.changes = this.database.changes;
      if (callback) callback.call(this, null);
    });
  }

  get(...given) {
    const callback = takeCallback(given);
    if (this.pending && !given.length) {
      this.database.schedule(() => callback && callback.call(this, null, this.pending.shift()));
      return this;
    }
    return this.later(given, callback, ({ columns, rows }) => {
      this.pending = rows.map((row) => rowOf(columns, row));
      if (callback) callback.call(this, null, this.pending.shift());
    });
  }

  all(...given) {
    const callback = takeCallback(given);
    return this.later(given, callback, ({ columns, rows }) => {
      if (callback)
        callback.call(
          this,
          null,
          rows.map((row) => rowOf(columns, row)),
        );
    });
  }

  each(...given) {
    let complete;
    if (given.length >= 2 && given.slice(-2).every((value) => typeof value === 'function'))
      complete = given.pop();
    const callback = takeCallback(given);
    return this.later(given, complete || callback, ({ columns, rows }) => {
      for (const row of rows) if (callback) callback.call(this, null, rowOf(columns, row));
      if (complete) complete.call(this, null, rows.length);
    });
  }

  map(...given) {
    const callback = takeCallback(given);
    return this.all(...given, (error, rows) => {
      if (error) return callback(error);
      const keys = rows.length ? Object.keys(rows[0]) : [];
      const value = (row) => (keys.length > 2 ? row : row[keys[1]]);
      return callback(null, Object.fromEntries(rows.map((row) => [row[keys[0]], value(row)])));
    });
  }
}

function takeCallback(given) {
  return typeof given[given.length - 1] === 'function' ? given.pop() : undefined;
}

/** The values of a statement's parameters, by number. */
function bind(names, given) {
  const [first] = given;
  const values = names.map(() => null);
  const set = (index, value) => {
    const parameter = parameterOf(value);
    if (parameter === undefined) return;
    if (index < 0 || index >= names.length) {
      throw new EngineError({ message: 'column index out of range', code: 25 });
    }
    values[index] = parameter;
  };
  const plain =
    first &&
    typeof first === 'object' &&
    !Array.isArray(first) &&
    !(first instanceof Date || first instanceof RegExp);
  if (Array.isArray(first)) first.forEach((value, index) => set(index, value));
  else if (plain && !ArrayBuffer.isView(first)) {
    for (const [name, value] of Object.entries(first))
      set(/^\d+$/.test(name) ? Number(name) - 1 : names.indexOf(name), value);
  } else given.forEach((value, index) => set(index, value));
  return values;
}

// -- the module

const CODES = {
  OK: 0,
  ERROR: 1,
  INTERNAL: 2,
  PERM: 3,
  ABORT: 4,
  BUSY: 5,
  LOCKED: 6,
  NOMEM: 7,
  READONLY: 8,
  INTERRUPT: 9,
  IOERR: 10,
  CORRUPT: 11,
  NOTFOUND: 12,
  FULL: 13,
  CANTOPEN: 14,
  PROTOCOL: 15,
  EMPTY: 16,
  SCHEMA: 17,
  TOOBIG: 18,
  CONSTRAINT: 19,
  MISMATCH: 20,
  MISUSE: 21,
  NOLFS: 22,
  FORMAT: 24,
  RANGE: 25,
  NOTADB: 26,
  OPEN_READONLY: 1,
  OPEN_READWRITE: 2,
  OPEN_CREATE: 4,
  OPEN_URI: 0x40,
  OPEN_FULLMUTEX: 0x10000,
  OPEN_SHAREDCACHE: 0x20000,
  OPEN_PRIVATECACHE: 0x40000,
};

const sqlite3 = { ...CODES, VERSION: '3', SOURCE_ID: '', VERSION_NUMBER: 3000000, Database, Statement };

sqlite3.cached = {
  objects: {},
  Database(file, a, b) {
    if (file === '' || file === ':memory:') return new Database(file, a, b);
    const key = path.resolve(file);
    const known = sqlite3.cached.objects[key];
    if (!known) {
      sqlite3.cached.objects[key] = new Database(key, a, b);
      return sqlite3.cached.objects[key];
    }
    const callback = typeof a === 'number' ? b : a;
    if (typeof callback === 'function') process.nextTick(() => callback.call(known, null));
    return known;
  },
};
sqlite3.verbose = () => sqlite3;

module.exports = sqlite3;
