'use strict';
// `stream/promises`.
module.exports = require('stream').promises;
