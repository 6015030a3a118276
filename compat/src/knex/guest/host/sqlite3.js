'use strict';
// For `import sqlite3 from 'sqlite3'`: Node loads this file in its place.
module.exports = require('../drivers/sqlite3');
