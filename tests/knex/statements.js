// Preloaded into the original: appends what SQLite is given to the file that DUNLIN_STATEMENT_LOG names, as Dunlin itself
// does in tests. A server's statements are seen on their way instead.
const fs = require('node:fs');
const Module = require('node:module');

const path = process.env.DUNLIN_STATEMENT_LOG;
const log = (sql) => fs.appendFileSync(path, JSON.stringify(sql) + '\n');

const watched = {
  sqlite3(driver) {
    const Database = driver.Database;
    return Object.assign(Object.create(driver), {
      Database: function (...given) {
        return new Database(...given).on('trace', log);
      },
    });
  },
  // Its own log shortens values.
  'better-sqlite3': (Database) =>
    function (...given) {
      const database = new Database(...given);
      const prepare = database.prepare;
      database.prepare = (sql) => {
        const statement = prepare.call(database, sql);
        for (const method of ['run', 'all', 'get', 'iterate']) {
          const original = statement[method];
          statement[method] = (...values) => {
            log(expanded(sql, values.flat()));
            return original.apply(statement, values);
          };
        }
        return statement;
      };
      return database;
    },
};

// A statement with its values, as SQLite prints it.
function expanded(sql, values) {
  const rest = [...values];
  return sql.replace(/'[^']*'|`[^`]*`|"[^"]*"|\?/g, (found) => (found === '?' ? literal(rest.shift()) : found));
}

function literal(value) {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') {
    const digits = String(Number(value.toPrecision(15)));
    return Number.isInteger(value) ? `${digits}.0` : digits;
  }
  if (Buffer.isBuffer(value)) return `x'${value.toString('hex')}'`;
  return `'${value.replaceAll("'", "''")}'`;
}

if (path) {
  const load = Module._load;
  Module._load = function (name, ...rest) {
    const loaded = load.call(this, name, ...rest);
    return watched[name] ? watched[name](loaded) : loaded;
  };
}
