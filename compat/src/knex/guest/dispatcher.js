'use strict';
// The messages of the engine, and what they make happen.

const path = require('path');

const calls = require('./calls');
const determinism = require('./determinism');
const { Environment } = require('./environment');
const failure = require('./failure');
const frames = require('./frames');
const logs = require('./logs');
const migration = require('./migration');
const { session } = require('./session');
const { Engine } = require('./wire');

const PROTOCOL = 1;

/** One guest, from `start` to `stop`. */
class Dispatcher {
  /**
   * @param exchange takes the text of a question and gives that of its answer
   * @param carrier how files are loaded here: `interpreter`, `install(message)`, `importFile(path, source)`,
   *   `resolve(name, from)`, `hasManifest(folder)`; in the sandbox `enter()`, before a migration is called
   */
  constructor(exchange, carrier) {
    this.engine = new Engine(exchange);
    this.carrier = carrier;
    this.environment = null;
    this.abort = null;
  }

  /** The final message for one of the engine; null after `stop`. */
  async converse(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch (error) {
      return JSON.stringify({ type: 'failed', message: `a message that is no JSON: ${error.message}` });
    }
    if (message.type === 'stop') return null;
    let final;
    try {
      final = await new Promise((resolve, reject) => {
        this.abort = reject;
        this.handle(message).then(resolve, reject);
      });
    } catch (error) {
      final = failure.failed(error);
    } finally {
      this.abort = null;
    }
    try {
      logs.finish();
    } catch {
      // The engine is gone, which the next message tells.
    }
    return JSON.stringify(final);
  }

  /** Ends the exchange that is going on: a promise was rejected and nobody looked, or nothing is left to happen. */
  fail(error) {
    if (!this.abort) return false;
    this.abort(error);
    return true;
  }

  async handle(message) {
    switch (message.type) {
      case 'start':
        return this.start(message);
      case 'load':
        return { type: 'loaded', problems: await migration.problems(this.environment, message.migrations) };
      case 'run':
        determinism.seed(message, this.environment.options);
        await migration.run(this.environment, message);
        return { type: 'done' };
      case 'call':
        return { type: 'done', value: await calls.call(this, message.name, message.arguments || {}) };
      default:
        throw new Error(`unknown message ${JSON.stringify(message.type)}`);
    }
  }

  async start(message) {
    if (message.protocol !== PROTOCOL) return this.ready([]); // The engine compares the versions and refuses.
    frames.setProject(this.packageAround(message.project), this.carrier.placeOf);
    session.engine = this.engine;
    session.server = message.server || null;
    session.enginePrepares = Boolean(message.options && message.options.session_prepared);
    this.carrier.install(message);
    logs.install(this.engine);
    this.environment = new Environment(message, this.engine, this.carrier);
    return this.ready(this.environment.libraries());
  }

  /** A knexfile may have a folder of its own: what is the project's is the package that it is in. */
  packageAround(project) {
    for (let folder = project; ; folder = path.dirname(folder)) {
      if (this.carrier.hasManifest(folder)) return folder;
      if (folder === path.dirname(folder)) return project;
    }
  }

  ready(libraries) {
    return { type: 'ready', protocol: PROTOCOL, interpreter: this.carrier.interpreter, libraries };
  }
}

module.exports = { Dispatcher };
