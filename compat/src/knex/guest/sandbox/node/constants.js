'use strict';
// `constants`.
module.exports = { ...require('fs').constants };
