'use strict';
// The engine's one database session, as all connections of the guest share it.
//
// Knex begins and commits on connections. The engine has a transaction open when a migration begins, and writes
// its history row and commits when it ends: the first BEGIN of a connection takes that transaction over, and the
// last COMMIT or ROLLBACK is held back until something shows that it was not the last.

const frames = require('./frames');
const { EngineError } = require('./wire');

const NAME = '(?:"([^"]+)"|`([^`]+)`|([A-Za-z_][A-Za-z0-9_]*))';
const CONTROL = [
  [
    'begin',
    /^\s*(?:BEGIN|START\s+TRANSACTION)(?:\s+(?:WORK|TRANSACTION|DEFERRED|IMMEDIATE|EXCLUSIVE))*\s*;?\s*$/i,
  ],
  // Modes travel with it: Knex's `transaction({ isolationLevel, readOnly })` on PostgreSQL.
  ['begin', /^\s*BEGIN\s+TRANSACTION\s+((?:ISOLATION\s+LEVEL|READ)\s[A-Za-z\s]+?)\s*;?\s*$/i],
  ['commit', /^\s*(?:COMMIT|END)(?:\s+(?:WORK|TRANSACTION))?\s*;?\s*$/i],
  ['rollback', /^\s*(?:ROLLBACK|ABORT)(?:\s+(?:WORK|TRANSACTION))?\s*;?\s*$/i],
  ['set', new RegExp(`^\\s*SAVEPOINT\\s+${NAME}\\s*;?\\s*$`, 'i')],
  ['release', new RegExp(`^\\s*RELEASE\\s+(?:SAVEPOINT\\s+)?${NAME}\\s*;?\\s*$`, 'i')],
  [
    'back',
    new RegExp(
      `^\\s*ROLLBACK\\s+(?:(?:WORK|TRANSACTION)\\s+)?TO\\s+(?:SAVEPOINT\\s+)?${NAME}\\s*;?\\s*$`,
      'i',
    ),
  ],
];

const CONTROLLING = new Set(['BEGIN', 'START', 'COMMIT', 'END', 'ROLLBACK', 'ABORT', 'SAVEPOINT', 'RELEASE']);
const WORD = /\s*([A-Za-z]*)/y;

/** The first word of a statement, in capitals. */
function firstWord(sql) {
  WORD.lastIndex = 0;
  return WORD.exec(sql)[1].toUpperCase();
}

/** What a statement does to a transaction: `[action, name or modes]`, or null. */
function control(sql) {
  if (sql.length > 300 || !CONTROLLING.has(firstWord(sql))) return null;
  for (const [action, pattern] of CONTROL) {
    const match = pattern.exec(sql);
    if (match) return [action, match[1] || match[2] || match[3]];
  }
  return null;
}

const EMPTY = { columns: [], rows: [], affected: null, lastId: null, notices: [] };

/** A driver's connection, as the session sees it. */
class Connection {
  constructor() {
    /** Whether what it sends is none of the migration's: Knex's version check, search_path, the pool's afterCreate. */
    this.introducing = false;
    /** Whether our instance of Knex made it. */
    this.pooled = false;
    /** Whether it holds the engine's transaction. */
    this.owner = false;
    /** The savepoint that stands for its transaction while another connection holds the engine's. */
    this.savepoint = null;
  }
}

/**
 * Whether a statement begins or ends a rebuild of a table by Knex' `sqlite3/schema/ddl.js`. In a transaction Knex does not
 * switch foreign keys off for it, because SQLite would not; the engine spares the rows that refer to the table.
 */
function rebuildOf(sql) {
  if (!sql.includes('_knex_temp_alter')) return null;
  if (/^\s*CREATE TABLE [`"]_knex_temp_alter\d+[`"]/i.test(sql)) return 'begins';
  return /^\s*ALTER TABLE [`"]_knex_temp_alter\d+[`"] RENAME TO /i.test(sql) ? 'ends' : null;
}

class Session {
  constructor() {
    this.engine = null;
    this.server = null;
    /** Why statements cannot be sent now; null when they can. */
    this.closed = 'nothing is being run';
    this.recording = null;
    /** Whether the engine itself did what a connection begins with. */
    this.enginePrepares = false;
    /** How many connections the project's pool is making. */
    this.pooling = 0;
    this.connections = new Set();
    this.known = new Map();
    this.reset(false);
  }

  reset(inTransaction) {
    this.inTransaction = inTransaction;
    this.owner = null;
    /** `commit` or `rollback`, held back. */
    this.due = null;
    this.savepoints = 0;
    for (const connection of this.connections) {
      connection.owner = false;
      connection.savepoint = null;
    }
  }

  get dialect() {
    return this.server ? this.server.dialect : null;
  }

  // -- the life of a migration

  /** Begins a run, in the engine's transaction or outside of one. */
  open(inTransaction) {
    this.closed = null;
    frames.starting(null);
    this.reset(inTransaction);
  }

  /** Notes statements instead of sending them. */
  record() {
    this.closed = null;
    this.recording = [];
    this.reset(false);
  }

  /** Ends it. A commit that was held back is the engine's; so is a rollback of a migration that failed. */
  close(succeeded) {
    try {
      if (succeeded && this.due === 'rollback') this.settle();
    } finally {
      this.closed = 'nothing is being run';
      this.recording = null;
      this.reset(false);
    }
  }

  /** A driver connects to a server of one of these dialects. */
  connect(...dialects) {
    if (this.closed !== null) throw new Error(`there is no connection to a database: ${this.closed}`);
    if (!dialects.includes(this.dialect)) {
      throw new Error(
        `the code connects to ${dialects[0]}, but the engine is connected to ${this.dialect || 'nothing'}`,
      );
    }
    const connection = new Connection();
    connection.pooled = connection.introducing = this.pooling > 0;
    this.connections.add(connection);
    return connection;
  }

  /** A driver's connection ends. */
  disconnect(connection) {
    this.connections.delete(connection);
    if (this.owner === connection && this.closed === null) this.end(connection, 'rollback');
  }

  /** The session's side of a connection that the pool made; the newest where the driver hides it. */
  connectionOf(driver) {
    const socket = (driver.connection && driver.connection.stream) || driver.stream || driver._socket;
    const known = driver.dunlinConnection || (socket && socket.dunlinConnection);
    return known || [...this.connections].reverse().find((connection) => connection.introducing) || null;
  }

  // -- transactions

  settle() {
    const { due } = this;
    if (!due) return;
    this.due = null;
    this.inTransaction = false;
    if (due === 'commit') this.engine.commit();
    else this.engine.rollback();
  }

  begin(connection, modes) {
    if (connection.owner || connection.savepoint) return this.beginAgain(connection);
    this.settle();
    if (!this.inTransaction) {
      this.engine.begin();
      this.inTransaction = true;
    } else if (this.owner) {
      connection.savepoint = `dunlin_${(this.savepoints += 1)}`;
      this.engine.savepoint('set', connection.savepoint);
      return;
    }
    this.owner = connection;
    connection.owner = true;
    if (modes) this.send({ sql: `SET TRANSACTION ${modes}` });
  }

  /** BEGIN in a transaction: PostgreSQL warns, MySQL commits, SQLite refuses. */
  beginAgain(connection) {
    if (this.dialect === 'sqlite') {
      throw new EngineError({
        message: 'cannot start a transaction within a transaction',
        code: 1,
        kind: 'statement',
      });
    }
    if (this.dialect === 'postgres') return;
    this.end(connection, 'commit');
    this.begin(connection);
  }

  end(connection, how) {
    if (connection.savepoint) {
      const name = connection.savepoint;
      connection.savepoint = null;
      if (how === 'rollback') this.engine.savepoint('rollback', name);
      this.engine.savepoint('release', name);
    } else if (connection.owner) {
      connection.owner = false;
      this.owner = null;
      this.due = how;
    } else if (this.dialect === 'sqlite') {
      throw new EngineError({
        message: `cannot ${how} - no transaction is active`,
        code: 1,
        kind: 'statement',
      });
    }
  }

  // -- statements

  /** Sends a statement of a connection. */
  query(connection, query) {
    if (this.closed !== null) throw new Error(`there is no connection to a database: ${this.closed}`);
    if (connection.introducing) return this.introduce(query);
    const found = query.parameters && query.parameters.length ? null : control(query.sql);
    if (found) return this.control(connection, ...found, query.sql);
    if (!connection.owner) this.settle();
    const rebuild = connection.owner && rebuildOf(query.sql);
    if (rebuild === 'begins') this.send({ sql: 'PRAGMA foreign_keys = OFF' });
    try {
      return this.send({ ...query, ...frames.running(connection.pooled) });
    } finally {
      if (rebuild === 'ends') this.send({ sql: 'PRAGMA foreign_keys = ON' });
    }
  }

  control(connection, action, name, sql) {
    if (this.recording) return { ...EMPTY, tag: firstWord(sql) };
    switch (action) {
      case 'begin':
        this.begin(connection, name);
        break;
      case 'commit':
      case 'rollback':
        this.end(connection, action);
        break;
      case 'set':
      case 'release':
        this.engine.savepoint(action, name);
        break;
      default:
        this.engine.savepoint('rollback', name);
    }
    return { ...EMPTY, tag: firstWord(sql) };
  }

  send(query) {
    if (this.recording) {
      this.recording.push(query);
      return { ...EMPTY, tag: query.sql.trim().split(/[\s;]/)[0].toUpperCase() };
    }
    return this.engine.query(query);
  }

  /** A statement with which a connection begins. Questions are asked once; what changes the session is the engine's. */
  introduce(query) {
    if (/^\s*select\s+version\(\)/i.test(query.sql)) return this.versionOf(query);
    if (this.recording || this.enginePrepares) return this.prepared(query);
    return this.engine.query({ ...query, own: true });
  }

  versionOf(query) {
    if (!this.known.has(query.sql)) this.known.set(query.sql, this.engine.query({ ...query, own: true }));
    return this.known.get(query.sql);
  }

  prepared(query) {
    if (this.recording) this.recording.push(query);
    return { ...EMPTY, affected: 0, tag: query.sql.trim().split(/[\s;]/)[0].toUpperCase() };
  }
}

module.exports = { session: new Session(), Connection };
