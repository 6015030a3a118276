'use strict';
// `timers/promises`.
module.exports = require('timers').promises;
