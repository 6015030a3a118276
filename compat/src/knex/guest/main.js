'use strict';
// `node FOLDER/main.js`: the guest as a child process of the machine's own Node.

require('./host/carrier').main();
