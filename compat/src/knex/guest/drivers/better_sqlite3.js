'use strict';
// The module `better-sqlite3` over the engine's session. Its own half is compiled; this follows what that does.

const failure = require('../failure');
const { session } = require('../session');
const { EngineError } = require('../wire');
const { bytesParameter, extendedName, real, textParameter } = require('./sqlite_values');
const { givesRows, read } = require('./sqlite_text');

class SqliteError extends Error {
  constructor(message, code) {
    super(`${message}`);
    this.code = code;
  }
}
Object.defineProperty(SqliteError.prototype, 'name', {
  value: 'SqliteError',
  writable: true,
  configurable: true,
});

function errorOf(error) {
  if (!(error instanceof EngineError)) return error;
  return failure.fromAnswer(new SqliteError(error.answer.message, extendedName(error.answer.code || 1)));
}

// -- values

function parameterOf(value) {
  switch (typeof value) {
    case 'string':
      return textParameter(value);
    case 'number':
      return Number.isNaN(value) ? null : real(value);
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value)
        throw new RangeError('The bound string, buffer, or bigint is too big');
      return { int: String(value) };
    case 'undefined':
      return null;
    default:
  }
  if (value === null) return null;
  if (ArrayBuffer.isView(value))
    return bytesParameter(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  throw new TypeError('SQLite3 can only bind numbers, strings, bigints, buffers, and null');
}

function valueOf(value, safeIntegers) {
  if (value === null || typeof value === 'string') return value;
  if (value.int !== undefined) return safeIntegers ? BigInt(value.int) : Number(value.int);
  if (value.real !== undefined) return Number(value.real);
  return Buffer.from(value.bytes, 'base64');
}

/** The values of a statement's parameters, by number. */
function bind(names, given) {
  if (!names.length && given.every((value) => Array.isArray(value) && !value.length)) return [];
  const values = names.map(() => undefined);
  let next = 0;
  let count = 0;
  let object = null;
  const add = (value) => {
    while (next < names.length && names[next] !== null) next += 1;
    if (next >= names.length) throw new RangeError('Too many parameter values were provided');
    values[next] = parameterOf(value);
    next += 1;
    count += 1;
  };
  for (const value of given) {
    if (Array.isArray(value)) value.forEach(add);
    else if (isPlain(value)) {
      if (object) throw new TypeError('You cannot specify named parameters in two different objects');
      object = value;
    } else add(value);
  }
  names.forEach((name, index) => {
    if (name === null || !object) return;
    const key = name.slice(1);
    if (!Object.hasOwn(object, key)) throw new RangeError(`Missing named parameter "${key}"`);
    values[index] = parameterOf(object[key]);
    count += 1;
  });
  if (count < names.length) {
    if (!object && names.some((name) => name !== null)) throw new TypeError('Missing named parameters');
    throw new RangeError('Too few parameter values were provided');
  }
  return values;
}

function isPlain(value) {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

// -- statements

const READING = new Set(['SELECT', 'VALUES', 'EXPLAIN']);

class Statement {
  constructor(database, sql) {
    const text = read(sql);
    if (!text.words.length) throw new RangeError('The supplied SQL string contains no statements');
    if (text.rest && read(text.rest).words.length)
      throw new RangeError('The supplied SQL string contains more than one statement');
    Object.defineProperties(this, {
      text: { value: text },
      bound: { value: null, writable: true },
      shape: { value: 'flat', writable: true },
      safe: { value: database.safe, writable: true },
    });
    this.reader = givesRows(text);
    this.readonly = READING.has(text.words[0]);
    this.source = sql;
    this.database = database;
    this.busy = false;
  }

  execute(given) {
    if (!this.database.open) throw new TypeError('The database connection is not open');
    if (this.bound && given.length) {
      throw new TypeError('This statement already has bound parameters');
    }
    const parameters = bind(this.text.parameters, this.bound || given);
    const query = { sql: this.text.first, single: true };
    if (parameters.length) query.parameters = parameters;
    try {
      return session.query(this.database.dunlinConnection, query);
    } catch (error) {
      throw errorOf(error);
    }
  }

  run(...given) {
    if (this.reader)
      throw new TypeError('This statement returns data. Use get(), all(), or iterate() instead');
    const { affected, lastId } = this.execute(given);
    const { database } = this;
    if (lastId !== null) database.lastId = lastId;
    const id = this.safe ? BigInt(database.lastId) : Number(database.lastId);
    return { changes: affected || 0, lastInsertRowid: id };
  }

  all(...given) {
    if (!this.reader) throw new TypeError('This statement does not return data. Use run() instead');
    const { columns, rows, lastId } = this.execute(given);
    if (lastId !== null) this.database.lastId = lastId;
    return rows.map((row) => this.rowOf(columns, row));
  }

  get(...given) {
    return this.all(...given)[0];
  }

  iterate(...given) {
    return this.all(...given)[Symbol.iterator]();
  }

  rowOf(columns, row) {
    const values = row.map((value) => valueOf(value, this.safe));
    if (this.shape === 'pluck') return values[0];
    if (this.shape === 'raw') return values;
    const result = {};
    columns.forEach(({ name }, index) => {
      result[name] = values[index];
    });
    return this.shape === 'expand' ? { $: result } : result;
  }

  bind(...given) {
    if (this.bound) throw new TypeError('The bind() method can only be invoked once per statement object');
    bind(this.text.parameters, given);
    this.bound = given;
    return this;
  }

  safeIntegers(on = true) {
    this.safe = Boolean(on);
    return this;
  }

  columns() {
    throw new Error('the columns of a statement are not known before it runs here');
  }
}

for (const shape of ['pluck', 'expand', 'raw']) {
  Statement.prototype[shape] = function (on = true) {
    if (!this.reader) throw new TypeError(`The ${shape}() method is only for statements that return data`);
    this.shape = on ? shape : 'flat';
    return this;
  };
}

// -- the database

function Database(filename, options) {
  if (new.target === undefined) return new Database(filename, options);
  const name = filename === undefined || filename === null ? '' : String(filename);
  Object.defineProperties(this, {
    dunlinConnection: { value: session.connect('sqlite') },
    safe: { value: false, writable: true },
    lastId: { value: 0, writable: true },
  });
  this.name = name;
  this.open = true;
  this.memory = !name.trim() || name === ':memory:';
  this.readonly = Boolean(options && options.readonly);
}

Object.assign(Database.prototype, {
  prepare(sql) {
    if (typeof sql !== 'string') throw new TypeError('Expected first argument to be a string');
    return new Statement(this, sql);
  },

  exec(sql) {
    if (!read(sql).words.length) return this;
    try {
      session.query(this.dunlinConnection, { sql });
    } catch (error) {
      throw errorOf(error);
    }
    return this;
  },

  pragma(source, options) {
    const statement = this.prepare(`PRAGMA ${source}`);
    if (!statement.reader) {
      statement.run();
      return options && options.simple ? undefined : [];
    }
    return options && options.simple ? statement.pluck().get() : statement.all();
  },

  transaction(work) {
    if (typeof work !== 'function') throw new TypeError('Expected first argument to be a function');
    const database = this;
    const kind = (begin) =>
      function (...given) {
        const nested = database.inTransaction;
        database.exec(nested ? 'SAVEPOINT `_bs3.`' : begin);
        try {
          const result = work.apply(this, given);
          database.exec(nested ? 'RELEASE `_bs3.`' : 'COMMIT');
          return result;
        } catch (error) {
          database.exec(nested ? 'ROLLBACK TO `_bs3.`' : 'ROLLBACK');
          if (nested) database.exec('RELEASE `_bs3.`');
          throw error;
        }
      };
    const result = kind('BEGIN');
    Object.assign(result, {
      default: result,
      deferred: kind('BEGIN DEFERRED'),
      immediate: kind('BEGIN IMMEDIATE'),
      exclusive: kind('BEGIN EXCLUSIVE'),
      database,
    });
    return result;
  },

  defaultSafeIntegers(on = true) {
    this.safe = Boolean(on);
    return this;
  },

  unsafeMode() {
    return this;
  },

  close() {
    if (this.open) session.disconnect(this.dunlinConnection);
    this.open = false;
    return this;
  },
});

Object.defineProperty(Database.prototype, 'inTransaction', {
  get() {
    return Boolean(this.dunlinConnection.owner || this.dunlinConnection.savepoint);
  },
});

for (const name of ['function', 'aggregate', 'table', 'loadExtension', 'backup', 'serialize']) {
  Database.prototype[name] = () => {
    throw new Error(`the engine's SQLite has no ${name}() from a migration`);
  };
}

module.exports = Database;
module.exports.SqliteError = SqliteError;
