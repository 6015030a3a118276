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
  'better-sqlite3': (Database) =>
    function (file, options) {
      return new Database(file, { ...options, verbose: log });
    },
};

if (path) {
  const load = Module._load;
  Module._load = function (name, ...rest) {
    const loaded = load.call(this, name, ...rest);
    return watched[name] ? watched[name](loaded) : loaded;
  };
}
