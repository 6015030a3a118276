'use strict';
// As much of a PostgreSQL server as its drivers talk to: protocol 3.0 in, statements to the engine out.

const { EngineError, bytesParameter, textParameter } = require('../wire');
const { session } = require('../session');
const { givesRows, isOne, split } = require('./statements');

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

/** Sizes of types, which a row's description tells; -1 for those of variable length. */
const SIZES = {
  16: 1,
  18: 1,
  19: 64,
  20: 8,
  21: 2,
  23: 4,
  24: 4,
  26: 4,
  27: 6,
  28: 4,
  29: 4,
  600: 16,
  601: 32,
  603: 32,
  628: 24,
  700: 4,
  701: 8,
  718: 24,
  774: 8,
  790: 8,
  829: 6,
  1082: 4,
  1083: 8,
  1114: 8,
  1184: 8,
  1186: 16,
  1266: 12,
  2202: 4,
  2203: 4,
  2204: 4,
  2205: 4,
  2206: 4,
  2950: 16,
  2278: 4,
  3220: 8,
  705: -2,
  2275: -2,
};

/** A message of the server. */
class Message {
  constructor(kind) {
    this.kind = kind;
    this.parts = [];
    this.size = 0;
  }

  bytes(bytes) {
    this.parts.push(bytes);
    this.size += bytes.length;
    return this;
  }

  int32(number) {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(number >>> 0, 0);
    return this.bytes(bytes);
  }

  int16(number) {
    const bytes = Buffer.allocUnsafe(2);
    bytes.writeUInt16BE(number & 0xffff, 0);
    return this.bytes(bytes);
  }

  text(text) {
    return this.bytes(Buffer.from(`${text}\0`, 'utf8'));
  }

  toBytes() {
    const head = Buffer.allocUnsafe(5);
    head[0] = this.kind.charCodeAt(0);
    head.writeUInt32BE(this.size + 4, 1);
    return Buffer.concat([head, ...this.parts], this.size + 5);
  }
}

/** That another query may come, by how the transaction stands. */
const READY = Object.fromEntries(
  [...'ETI'].map((state) => [state, new Message('Z').bytes(Buffer.from(state)).toBytes()]),
);

const COUNTED = new Set(['SELECT', 'UPDATE', 'DELETE', 'MERGE', 'MOVE', 'FETCH', 'COPY']);

class Backend {
  constructor(socket, connection) {
    this.socket = socket;
    this.connection = connection;
    this.buffer = Buffer.alloc(0);
    this.out = [];
    this.started = false;
    this.failed = false;
    this.skipping = false;
    this.statements = new Map();
    this.portals = new Map();
  }

  // -- reading

  receive(bytes) {
    this.buffer = this.buffer.length ? Buffer.concat([this.buffer, bytes]) : bytes;
    while (this.next());
    this.flush();
  }

  next() {
    const { buffer } = this;
    const at = this.started ? 1 : 0;
    if (buffer.length < at + 4) return false;
    const length = buffer.readUInt32BE(at);
    if (buffer.length < at + length) return false;
    const body = buffer.subarray(at + 4, at + length);
    this.buffer = buffer.subarray(at + length);
    if (this.started) this.handle(String.fromCharCode(buffer[0]), new Reader(body));
    else this.start(body.readUInt32BE(0));
    return true;
  }

  send(message) {
    this.out.push(message.toBytes());
  }

  flush() {
    if (!this.out.length) return;
    const { out } = this;
    this.out = [];
    this.socket.deliver(out.length === 1 ? out[0] : Buffer.concat(out));
  }

  // -- beginning

  start(code) {
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      this.out.push(Buffer.from(code === SSL_REQUEST ? 'S' : 'N'));
      return;
    }
    if (code === CANCEL_REQUEST) {
      this.socket.end();
      return;
    }
    this.started = true;
    this.send(new Message('R').int32(0));
    const { server } = session;
    const settings = { client_encoding: 'UTF8', integer_datetimes: 'on', ...server.settings };
    settings.server_version = (server.settings && server.settings.server_version) || versionOf(server);
    for (const [name, value] of Object.entries(settings)) this.send(new Message('S').text(name).text(value));
    this.send(new Message('K').int32(1).int32(1));
    this.ready();
  }

  ready() {
    const inside = this.connection.owner || this.connection.savepoint;
    this.out.push(READY[inside ? (this.failed ? 'E' : 'T') : 'I']);
  }

  // -- messages

  handle(kind, message) {
    if (this.skipping && kind !== 'S' && kind !== 'X') return;
    try {
      this.act(kind, message);
    } catch (error) {
      this.error(error);
      if (kind === 'Q') this.ready();
      else this.skipping = true;
    }
  }

  act(kind, message) {
    switch (kind) {
      case 'Q':
        this.simple(message.text());
        this.ready();
        break;
      case 'P':
        this.parse(message);
        break;
      case 'B':
        this.bind(message);
        break;
      case 'D':
        this.describe(message);
        break;
      case 'E':
        this.execute(message);
        break;
      case 'C':
        this.close(message);
        break;
      case 'S':
        this.skipping = false;
        this.ready();
        break;
      case 'H':
        break;
      case 'X':
        this.socket.end();
        break;
      default:
        throw new EngineError({
          message: `the engine does not support message ${kind} of a PostgreSQL driver`,
          sqlstate: '0A000',
        });
    }
  }

  // -- simple queries

  simple(sql) {
    const statements = isOne(sql) ? [{ text: sql, start: 0 }] : split(sql, true);
    if (!statements.length) {
      this.send(new Message('I'));
      return;
    }
    const earlier = statements.slice(0, -1);
    // The engine answers with the last result only. Statements before it that give rows are sent by themselves.
    if (earlier.some(givesRows) && this.connection.owner) {
      statements.forEach((statement, index) => this.part(sql, statement, index));
      return;
    }
    const result = this.query({ sql });
    for (const { verb, words } of earlier)
      this.send(new Message('C').text(tagOf({ tag: verb, words, affected: null })));
    this.rows(result);
    this.complete(result);
  }

  part(sql, statement) {
    let result;
    try {
      result = this.query({ sql: statement.text.trim() });
    } catch (error) {
      const { answer } = error;
      if (answer && answer.position) {
        const indent = statement.text.length - statement.text.trimStart().length;
        answer.position += [...sql.slice(0, statement.start + indent)].length;
      }
      throw error;
    }
    this.rows(result);
    this.complete(result);
  }

  rows(result) {
    if (!result.columns.length) return;
    this.description(result);
    for (const row of result.rows) this.row(row);
  }

  // -- prepared statements

  parse(message) {
    const name = message.text();
    const sql = message.text();
    const types = [];
    for (let left = message.int16(); left; left -= 1) types.push(message.int32() || null);
    this.statements.set(name, { sql, types });
    this.send(new Message('1'));
  }

  bind(message) {
    const portal = message.text();
    const statement = this.statements.get(message.text());
    if (!statement)
      throw new EngineError({ message: 'prepared statement does not exist', sqlstate: '26000' });
    const formats = [];
    for (let left = message.int16(); left; left -= 1) formats.push(message.int16());
    const parameters = [];
    const count = message.int16();
    for (let index = 0; index < count; index += 1) {
      const length = message.int32();
      const binary = formats.length === 1 ? formats[0] : formats[index];
      if (length === 0xffffffff) parameters.push(null);
      else
        parameters.push(
          binary
            ? bytesParameter(message.bytes(length))
            : textParameter(message.bytes(length).toString('utf8')),
        );
    }
    this.portals.set(portal, { statement, parameters, result: null, sent: 0 });
    this.send(new Message('2'));
  }

  describe(message) {
    const kind = message.bytes(1).toString();
    const name = message.text();
    if (kind === 'S') {
      // What it gives is known only when it runs.
      this.send(new Message('t').int16(0));
      this.send(new Message('n'));
      return;
    }
    const portal = this.portals.get(name);
    const result = this.resultOf(portal);
    if (result.columns.length) this.description(result);
    else this.send(new Message('n'));
  }

  resultOf(portal) {
    if (!portal) throw new EngineError({ message: 'portal does not exist', sqlstate: '34000' });
    if (!portal.result) {
      const { sql, types } = portal.statement;
      const query = { sql, parameters: portal.parameters, single: true };
      if (types.some((type) => type !== null)) query.types = types;
      portal.result = this.query(query);
    }
    return portal.result;
  }

  execute(message) {
    const portal = this.portals.get(message.text());
    const limit = message.int32();
    const result = this.resultOf(portal);
    if (result.empty) {
      this.send(new Message('I'));
      return;
    }
    const end = limit ? portal.sent + limit : result.rows.length;
    for (const row of result.rows.slice(portal.sent, end)) this.row(row);
    portal.sent = end;
    if (end < result.rows.length) this.send(new Message('s'));
    else this.complete(result);
  }

  close(message) {
    const kind = message.bytes(1).toString();
    (kind === 'S' ? this.statements : this.portals).delete(message.text());
    this.send(new Message('3'));
  }

  // -- answers

  query(query) {
    const isEmpty = query.parameters && !isOne(query.sql) && !split(query.sql, true).length;
    if (isEmpty) return { columns: [], rows: [], empty: true };
    const result = session.query(this.connection, query);
    this.failed = false;
    for (const notice of result.notices) this.send(fieldsOf('N', { severity: 'NOTICE', ...notice }));
    return result;
  }

  description({ columns }) {
    const message = new Message('T').int16(columns.length);
    for (const { name, type, modifier } of columns) {
      message
        .text(name)
        .int32(0)
        .int16(0)
        .int32(type || 25);
      message
        .int16(SIZES[type] ?? -1)
        .int32(modifier ?? -1)
        .int16(0);
    }
    this.send(message);
  }

  row(values) {
    const message = new Message('D').int16(values.length);
    for (const value of values) {
      if (value === null) {
        message.int32(-1);
        continue;
      }
      const bytes =
        typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value.bytes, 'base64');
      message.int32(bytes.length).bytes(bytes);
    }
    this.send(message);
  }

  complete(result) {
    this.send(new Message('C').text(tagOf(result)));
  }

  error(error) {
    this.failed = true;
    const answer =
      error instanceof EngineError ? error.answer : { message: error.message, sqlstate: 'XX000' };
    this.send(fieldsOf('E', answer));
  }
}

/** What a statement is called when it is complete: `INSERT 0 3`, `CREATE`. */
function tagOf({ tag, affected }) {
  const verb = (tag || '').split(' ')[0].toUpperCase();
  if (affected === null || affected === undefined) return tag || '';
  if (verb === 'INSERT') return `INSERT 0 ${affected}`;
  return COUNTED.has(verb) ? `${verb} ${affected}` : tag;
}

/** An error or a notice. */
function fieldsOf(kind, answer) {
  const message = new Message(kind);
  const fields = {
    S: answer.severity || 'ERROR',
    V: answer.severity || 'ERROR',
    C: answer.sqlstate || 'XX000',
    M: answer.message,
    D: answer.detail,
    H: answer.hint,
    P: answer.position,
    W: answer.context,
    s: answer.schema,
    t: answer.table,
    c: answer.column,
    d: answer.data_type,
    n: answer.constraint,
  };
  for (const [code, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) message.bytes(Buffer.from(code)).text(value);
  }
  return message.bytes(Buffer.alloc(1));
}

function versionOf(server) {
  const match = /^(?:PostgreSQL )?(\d[^ ]*)/.exec(server.version_text || '');
  return match ? match[1] : (server.version || []).slice(0, 2).join('.');
}

/** Reads the parts of a message. */
class Reader {
  constructor(body) {
    this.body = body;
    this.at = 0;
  }

  text() {
    const end = this.body.indexOf(0, this.at);
    const text = this.body.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }

  int16() {
    this.at += 2;
    return this.body.readUInt16BE(this.at - 2);
  }

  int32() {
    this.at += 4;
    return this.body.readUInt32BE(this.at - 4);
  }

  bytes(length) {
    this.at += length;
    return this.body.subarray(this.at - length, this.at);
  }
}

/** A server at the other end of a socket. */
function serve(socket, connection) {
  const backend = new Backend(socket, connection);
  return (bytes) => backend.receive(bytes);
}

module.exports = { serve };
