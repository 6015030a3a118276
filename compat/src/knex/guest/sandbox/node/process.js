'use strict';
// `process`.

const EventEmitter = require('events');

const host = globalThis.__dunlin;

let folder = host.folder;

const process = new EventEmitter();

function refused(what) {
  const error = new Error(`${what} in the sandbox`);
  error.code = 'ERR_DUNLIN_SANDBOX';
  return error;
}

/** Standard output and error; what is printed before the dispatcher listens is lost. */
function stream(fd) {
  const made = new EventEmitter();
  Object.assign(made, {
    fd,
    isTTY: false,
    writable: true,
    columns: 80,
    write: () => true,
    end() {},
    cork() {},
    uncork() {},
    getColorDepth: () => 1,
    hasColors: () => false,
  });
  return made;
}

function hrtime(before) {
  const time = host.monotonic();
  let seconds = Math.floor(time / 1000);
  let nanoseconds = Math.floor((time % 1000) * 1e6);
  if (before) {
    seconds -= before[0];
    nanoseconds -= before[1];
    if (nanoseconds < 0) {
      seconds -= 1;
      nanoseconds += 1e9;
    }
  }
  return [seconds, nanoseconds];
}
hrtime.bigint = () => BigInt(Math.round(host.monotonic() * 1e6));

const version = '20.0.0';

Object.assign(process, {
  title: 'node',
  argv: ['node', 'knex'],
  argv0: 'node',
  execArgv: [],
  execPath: '/usr/bin/node',
  env: host.environment,
  pid: 1,
  ppid: 0,
  platform: 'linux',
  arch: 'x64',
  version: `v${version}`,
  versions: { node: version, modules: '115', quickjs: '1' },
  release: { name: 'node' },
  config: { variables: {} },
  features: {},
  exitCode: undefined,
  stdout: stream(1),
  stderr: stream(2),
  stdin: Object.assign(new EventEmitter(), {
    fd: 0,
    isTTY: false,
    readable: false,
    resume() {},
    pause() {},
    setEncoding() {},
    unref() {},
  }),
  cwd: () => folder,
  chdir: (path) => {
    folder = require('path').resolve(folder, path);
  },
  nextTick: (callback, ...given) => host.tick(given.length ? () => callback(...given) : callback),
  hrtime,
  uptime: () => host.monotonic() / 1000,
  memoryUsage: Object.assign(() => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }), {
    rss: () => 0,
  }),
  constrainedMemory: () => 0,
  availableMemory: () => 1 << 29,
  cpuUsage: () => ({ user: Math.round(host.monotonic() * 1000), system: 0 }),
  resourceUsage: () => ({}),
  emitWarning(warning, type) {
    const name =
      typeof type === 'string' ? type : (type && type.type) || (warning && warning.name) || 'Warning';
    const message = typeof warning === 'string' ? warning : warning.message;
    process.stderr.write(`(node:1) ${name}: ${message}\n`);
    return undefined;
  },
  exit(code) {
    throw refused(`the code ended the program (process.exit(${code ?? ''})), which it cannot do`);
  },
  abort() {
    throw refused('the code ended the program (process.abort()), which it cannot do');
  },
  kill() {
    throw refused('there are no processes to send signals to');
  },
  binding(name) {
    throw refused(`process.binding('${name}') is not available`);
  },
  umask: () => 0o22,
  getuid: () => 1000,
  geteuid: () => 1000,
  getgid: () => 1000,
  getegid: () => 1000,
  getgroups: () => [1000],
});
process.report = {};
process.allowedNodeEnvironmentFlags = new Set();
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true });

module.exports = process;
