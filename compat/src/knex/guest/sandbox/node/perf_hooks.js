'use strict';
// `perf_hooks`.

const host = globalThis.__dunlin;

const origin = host.now();
const performance = {
  timeOrigin: origin,
  now: () => host.monotonic(),
  mark: (name) => ({ name, entryType: 'mark', startTime: host.monotonic(), duration: 0 }),
  measure: (name) => ({ name, entryType: 'measure', startTime: 0, duration: host.monotonic() }),
  clearMarks() {},
  clearMeasures() {},
  getEntries: () => [],
  getEntriesByName: () => [],
  getEntriesByType: () => [],
  timerify: (callback) => callback,
  eventLoopUtilization: () => ({ idle: 0, active: 0, utilization: 0 }),
  toJSON: () => ({ timeOrigin: origin }),
};

class PerformanceObserver {
  observe() {}

  disconnect() {}
}

module.exports = {
  performance,
  PerformanceObserver,
  constants: {},
  monitorEventLoopDelay: () => ({ enable() {}, disable() {} }),
};
