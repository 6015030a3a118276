'use strict';
// Timers, which the carrier's loop runs one at a time.

const host = globalThis.__dunlin;

const timers = [];
const immediates = [];
let sequence = 0;

/** What `setTimeout` gives: an object as Node's, whose number is its primitive value. */
class Timeout {
  constructor(callback, given, delay, repeat) {
    this.id = sequence += 1;
    this.callback = callback;
    this.given = given;
    this.delay = delay >= 1 && delay <= 2147483647 ? Math.trunc(delay) : 1;
    this.repeat = repeat;
    this.active = true;
    this.schedule();
  }

  schedule() {
    this.due = host.monotonic() + this.delay;
    let index = timers.length;
    while (index > 0 && timers[index - 1].due > this.due) index -= 1;
    timers.splice(index, 0, this);
  }

  cancel() {
    this.active = false;
    const index = timers.indexOf(this);
    if (index >= 0) timers.splice(index, 1);
  }

  ref() {
    return this;
  }

  unref() {
    this.unreferenced = true;
    return this;
  }

  hasRef() {
    return !this.unreferenced;
  }

  refresh() {
    this.cancel();
    this.active = true;
    this.schedule();
    return this;
  }

  close() {
    this.cancel();
    return this;
  }

  [Symbol.toPrimitive]() {
    return this.id;
  }
}

class Immediate {
  constructor(callback, given) {
    this.callback = callback;
    this.given = given;
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }

  hasRef() {
    return true;
  }
}

function checked(callback) {
  if (typeof callback === 'function') return callback;
  const error = new TypeError('The "callback" argument must be of type function.');
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

const setTimeout = (callback, delay, ...given) => new Timeout(checked(callback), given, Number(delay), false);
const setInterval = (callback, delay, ...given) => new Timeout(checked(callback), given, Number(delay), true);

function clearTimeout(timeout) {
  if (timeout instanceof Timeout) timeout.cancel();
  else if (timeout !== undefined && timeout !== null) {
    const found = timers.find((each) => each.id === Number(timeout));
    if (found) found.cancel();
  }
}

function setImmediate(callback, ...given) {
  const immediate = new Immediate(checked(callback), given);
  immediates.push(immediate);
  return immediate;
}

function clearImmediate(immediate) {
  const index = immediates.indexOf(immediate);
  if (index >= 0) immediates.splice(index, 1);
}

/** Runs one timer or immediate. Gives how long to wait for the next in milliseconds; null when none holds the guest. */
function runOne(attempt) {
  const now = host.monotonic();
  if (timers.length && timers[0].due <= now) {
    const timeout = timers.shift();
    attempt(() => timeout.callback(...timeout.given));
    if (timeout.repeat && timeout.active) timeout.schedule();
    return 0;
  }
  if (immediates.length) {
    const immediate = immediates.shift();
    attempt(() => immediate.callback(...immediate.given));
    return 0;
  }
  if (!timers.some((timeout) => timeout.hasRef())) return null;
  // Intervals alone, such as a pool's that looks for idle connections, are nothing to wait for without end.
  host.idle = timers.every((timeout) => timeout.repeat);
  return Math.max(0.1, timers[0].due - now);
}

module.exports = {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval: clearTimeout,
  clearImmediate,
  runOne,
};
