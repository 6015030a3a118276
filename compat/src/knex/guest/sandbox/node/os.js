'use strict';
// `os`: a machine without properties.

module.exports = {
  EOL: '\n',
  devNull: '/dev/null',
  arch: () => 'x64',
  platform: () => 'linux',
  type: () => 'Linux',
  release: () => '',
  version: () => '',
  machine: () => 'x86_64',
  hostname: () => 'sandbox',
  homedir: () => process.env.HOME || '/',
  tmpdir: () => '/tmp',
  endianness: () => 'LE',
  uptime: () => process.uptime(),
  loadavg: () => [0, 0, 0],
  totalmem: () => 1 << 30,
  freemem: () => 1 << 29,
  cpus: () => [],
  availableParallelism: () => 1,
  networkInterfaces: () => ({}),
  userInfo: () => ({
    uid: 1000,
    gid: 1000,
    username: process.env.USER || 'sandbox',
    homedir: process.env.HOME || '/',
    shell: null,
  }),
  constants: { signals: { SIGINT: 2, SIGTERM: 15, SIGKILL: 9, SIGHUP: 1 }, errno: {}, priority: {} },
};
