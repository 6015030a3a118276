'use strict';
// `util/types`.
module.exports = require('util').types;
