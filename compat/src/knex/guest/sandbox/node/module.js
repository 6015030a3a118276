'use strict';
// `module`.
module.exports = require('../modules').Module;
