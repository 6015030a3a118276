'use strict';
// Which modules of a project are drivers, and what they get instead of what they ask for.

// Loaded when they are asked for: a knexfile alone needs none of them.
const mysql = () => require('./net').netFor(['mysql', 'mariadb'], require('./mysql_server').serve);

// The packages whose sockets end in an emulated server.
const SERVERS = {
  pg: () => require('./net').netFor(['postgres'], require('./postgres_server').serve),
  mysql,
  mysql2: mysql,
  mariadb: mysql,
};

// Compiled packages: ours altogether.
const WHOLE = {
  sqlite3: () => require('./sqlite3'),
  'better-sqlite3': () => require('./better_sqlite3'),
};

const made = new Map();

function once(key, make) {
  if (!made.has(key)) made.set(key, make());
  return made.get(key);
}

/** The package in node_modules that a file belongs to; null for the project's own. */
function packageOf(file) {
  const start = file.lastIndexOf('/node_modules/');
  if (start < 0) return null;
  const [first, second] = file.slice(start + 14).split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** The module that a file gets for a name, if it is one of ours: `{ exports }`, or null. */
function substitute(name, from) {
  if (Object.hasOwn(WHOLE, name)) return { exports: once(name, WHOLE[name]) };
  const plain = name.startsWith('node:') ? name.slice(5) : name;
  if (plain !== 'net' && plain !== 'tls') return null;
  const owner = from ? packageOf(from) : null;
  if (!owner || !Object.hasOwn(SERVERS, owner)) return null;
  return { exports: plain === 'tls' ? require('./net').tls : once(owner, SERVERS[owner]) };
}

module.exports = { substitute };
