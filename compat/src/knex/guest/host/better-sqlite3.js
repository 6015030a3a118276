'use strict';
// For `import Database from 'better-sqlite3'`: Node loads this file in its place.
module.exports = require('../drivers/better_sqlite3');
