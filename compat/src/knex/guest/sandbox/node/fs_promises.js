'use strict';
// `fs/promises`.
module.exports = require('fs').promises;
