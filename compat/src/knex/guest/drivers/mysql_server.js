'use strict';
// As much of a MySQL or MariaDB server as their drivers talk to: the text protocol in, statements to the engine out.

const { EngineError } = require('../wire');
const { session } = require('../session');
const { givesRows, split } = require('./statements');

const CAPABILITIES = {
  LONG_PASSWORD: 1,
  FOUND_ROWS: 1 << 1,
  LONG_FLAG: 1 << 2,
  CONNECT_WITH_DB: 1 << 3,
  IGNORE_SPACE: 1 << 8,
  PROTOCOL_41: 1 << 9,
  TRANSACTIONS: 1 << 13,
  SECURE_CONNECTION: 1 << 15,
  MULTI_STATEMENTS: 1 << 16,
  MULTI_RESULTS: 1 << 17,
  PLUGIN_AUTH: 1 << 19,
};
const OFFERED = Object.values(CAPABILITIES).reduce((all, each) => all | each, 0);
const UTF8MB4 = 45;
// Of utf8mb4, by their numbers, as servers know them.
const COLLATIONS = { 46: 'bin', 224: 'unicode_ci', 246: 'unicode_520_ci', 255: '0900_ai_ci' };
const STATUS = { IN_TRANSACTION: 1, AUTOCOMMIT: 2, MORE_RESULTS: 8 };
const LARGEST = 0xffffff;

// -- parts of packets

function lengthEncoded(number) {
  let bytes;
  if (number < 251) return Buffer.from([number]);
  if (number < 0x10000) {
    bytes = Buffer.alloc(3, 0xfc);
    bytes.writeUInt16LE(number, 1);
  } else if (number < 0x1000000) {
    bytes = Buffer.alloc(4, 0xfd);
    bytes.writeUIntLE(number, 1, 3);
  } else {
    bytes = Buffer.alloc(9, 0xfe);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(number)), 1);
  }
  return bytes;
}

function text(value) {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([lengthEncoded(bytes.length), bytes]);
}

function int16(number) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(number & 0xffff, 0);
  return bytes;
}

function int32(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number >>> 0, 0);
  return bytes;
}

const BINARY = Buffer.from("_BINARY '");
const ESCAPES = {
  0x30: 0,
  0x27: 0x27,
  0x22: 0x22,
  0x62: 8,
  0x6e: 10,
  0x72: 13,
  0x74: 9,
  0x5a: 26,
  0x5c: 0x5c,
};

/** The text of a query. MariaDB's driver writes bytes into it as they are, which become hexadecimal here. */
function textOf(body) {
  if (body.indexOf(BINARY) < 0) return body.toString('utf8');
  const parts = [];
  let at = 0;
  for (let start = body.indexOf(BINARY); start >= 0; start = body.indexOf(BINARY, at)) {
    const bytes = [];
    let end = start + BINARY.length;
    for (; end < body.length && body[end] !== 0x27; end += 1) {
      if (body[end] === 0x5c) {
        end += 1;
        bytes.push(ESCAPES[body[end]] ?? body[end]);
      } else bytes.push(body[end]);
    }
    parts.push(body.toString('utf8', at, start), `X'${Buffer.from(bytes).toString('hex')}'`);
    at = end + 1;
  }
  parts.push(body.toString('utf8', at));
  return parts.join('');
}

class Backend {
  constructor(socket, connection) {
    this.socket = socket;
    this.connection = connection;
    this.buffer = Buffer.alloc(0);
    this.pending = [];
    this.sequence = 0;
    this.greeted = false;
    this.multiple = false;
    this.out = [];
    this.greet();
  }

  // -- packets

  receive(bytes) {
    this.buffer = this.buffer.length ? Buffer.concat([this.buffer, bytes]) : bytes;
    while (this.buffer.length >= 4) {
      const length = this.buffer.readUIntLE(0, 3);
      if (this.buffer.length < length + 4) break;
      this.sequence = (this.buffer[3] + 1) & 255;
      this.pending.push(this.buffer.subarray(4, 4 + length));
      this.buffer = this.buffer.subarray(4 + length);
      if (length < LARGEST) {
        const packet = this.pending.length === 1 ? this.pending[0] : Buffer.concat(this.pending);
        this.pending = [];
        this.handle(packet);
      }
    }
    this.flush();
  }

  send(...parts) {
    const body = Buffer.concat(parts);
    for (let start = 0; start <= body.length; start += LARGEST) {
      const piece = body.subarray(start, start + LARGEST);
      const head = Buffer.alloc(4);
      head.writeUIntLE(piece.length, 0, 3);
      head[3] = this.sequence;
      this.sequence = (this.sequence + 1) & 255;
      this.out.push(head, piece);
      if (piece.length < LARGEST) break;
    }
  }

  flush() {
    if (!this.out.length) return;
    const bytes = Buffer.concat(this.out);
    this.out = [];
    this.socket.deliver(bytes);
  }

  // -- beginning

  greet() {
    const { server } = session;
    const scramble = Buffer.from('dunlindunlindunlindu');
    this.send(
      Buffer.from([10]),
      Buffer.from(`${server.version_text || server.version.join('.')}\0`),
      int32(1),
      scramble.subarray(0, 8),
      Buffer.from([0]),
      int16(OFFERED),
      Buffer.from([UTF8MB4]),
      int16(STATUS.AUTOCOMMIT),
      int16(OFFERED >>> 16),
      Buffer.from([21]),
      Buffer.alloc(10),
      scramble.subarray(8),
      Buffer.from([0]),
      Buffer.from('mysql_native_password\0'),
    );
    this.flush();
  }

  handle(packet) {
    if (!this.greeted) {
      this.greeted = true;
      this.multiple = Boolean(packet.readUInt32LE(0) & CAPABILITIES.MULTI_STATEMENTS);
      try {
        // The engine's session has its own collation; that of the driver is kept by views and literals.
        const names = namesOf(packet[8]);
        if (names) session.introduce({ sql: `SET NAMES ${names}` });
        // Which triggers and routines keep.
        if (packet.readUInt32LE(0) & CAPABILITIES.IGNORE_SPACE)
          session.introduce({ sql: "SET SESSION sql_mode = CONCAT(@@sql_mode, ',IGNORE_SPACE')" });
        this.ok();
      } catch (error) {
        this.error(error);
      }
      this.flush();
      return;
    }
    try {
      this.command(packet[0], packet.subarray(1));
    } catch (error) {
      this.error(error);
    }
  }

  command(code, body) {
    switch (code) {
      case 0x01: // quit
        this.socket.end();
        break;
      case 0x02: // init db
        session.query(this.connection, { sql: `USE \`${body.toString('utf8').replace(/`/g, '``')}\`` });
        this.ok();
        break;
      case 0x03:
        this.queries(textOf(body));
        break;
      case 0x0e: // ping
      case 0x1f: // reset connection
        this.ok();
        break;
      case 0x1b: // set option
        this.multiple = body.readUInt16LE(0) === 0;
        this.eof();
        break;
      case 0x16:
        throw new EngineError({
          message: 'statements are not prepared on the server here: use query() instead of execute()',
          code: 1295,
          sqlstate: 'HY000',
        });
      default:
        throw new EngineError({
          message: `the engine does not support command ${code} of a MySQL driver`,
          code: 1047,
          sqlstate: '08S01',
        });
    }
  }

  // -- queries

  queries(sql) {
    if (!this.multiple) {
      this.result(session.query(this.connection, { sql, single: true }), 0);
      return;
    }
    const statements = split(sql, false);
    const earlier = statements.slice(0, -1);
    // The engine answers with the last result only. Statements before it that give rows are sent by themselves.
    if (earlier.some(givesRows)) {
      statements.forEach((statement, index) => {
        const more = index + 1 < statements.length ? STATUS.MORE_RESULTS : 0;
        this.result(session.query(this.connection, { sql: statement.text.trim() }), more);
      });
      return;
    }
    const result = session.query(this.connection, { sql });
    for (let index = 0; index < earlier.length; index += 1) this.ok(0, 0, STATUS.MORE_RESULTS);
    this.result(result, 0);
  }

  result({ columns, rows, affected, lastId }, more) {
    if (!columns.length) {
      this.ok(affected || 0, lastId || 0, more);
      return;
    }
    this.send(lengthEncoded(columns.length));
    for (const column of columns) this.column(column);
    this.eof(more);
    for (const row of rows) {
      this.send(...row.map((value) => this.value(value)));
    }
    this.eof(more);
  }

  column({ name, type, modifier, flags, charset, length }) {
    this.send(
      text('def'),
      text(''),
      text(''),
      text(''),
      text(name),
      text(name),
      Buffer.from([0x0c]),
      int16(charset ?? UTF8MB4),
      int32(length ?? 0),
      Buffer.from([(type ?? 253) & 255]),
      int16(flags ?? 0),
      Buffer.from([(modifier ?? 0) & 255, 0, 0]),
    );
  }

  value(value) {
    if (value === null) return Buffer.from([0xfb]);
    return text(typeof value === 'string' ? value : Buffer.from(value.bytes, 'base64'));
  }

  status(more) {
    const inside = this.connection.owner || this.connection.savepoint;
    return int16(STATUS.AUTOCOMMIT | (inside ? STATUS.IN_TRANSACTION : 0) | (more || 0));
  }

  ok(affected = 0, lastId = 0, more = 0) {
    this.send(Buffer.from([0]), lengthEncoded(affected), lengthEncoded(lastId), this.status(more), int16(0));
  }

  eof(more = 0) {
    this.send(Buffer.from([0xfe]), int16(0), this.status(more));
  }

  error(error) {
    const answer = error instanceof EngineError ? error.answer : { message: error.message };
    const code = answer.code || 1105;
    const state = (answer.sqlstate || 'HY000').padEnd(5, '0').slice(0, 5);
    this.send(
      Buffer.from([0xff]),
      int16(code),
      Buffer.from(`#${state}`),
      Buffer.from(answer.message || '', 'utf8'),
    );
  }
}

/** The character set and collation that a driver asks for by a number when it logs in, if they are not the engine's. */
function namesOf(collation) {
  if (isShortUtf8(collation)) return 'utf8';
  const name = COLLATIONS[collation];
  return name && `utf8mb4 COLLATE utf8mb4_${name}`;
}

/** Whether a collation is one of the character set that MySQL calls utf8, with three bytes at most. */
function isShortUtf8(collation) {
  return [33, 76, 83, 223].includes(collation) || (collation >= 192 && collation <= 215);
}

/** A server at the other end of a socket. */
function serve(socket, connection) {
  const backend = new Backend(socket, connection);
  return (bytes) => backend.receive(bytes);
}

module.exports = { serve };
