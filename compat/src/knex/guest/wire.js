'use strict';
// Questions to the engine, as the step protocol has them.

/** What the engine answered instead of a result; the drivers turn it into an error of theirs. */
class EngineError extends Error {
  constructor(answer) {
    super(answer.message || 'the engine gave no reason');
    this.answer = answer;
  }
}

/** The engine, through a function that takes the text of a question and gives the text of its answer. */
class Engine {
  constructor(exchange) {
    this.exchange = exchange;
  }

  ask(type, keys) {
    const answer = JSON.parse(this.exchange(JSON.stringify({ type, ...keys })));
    if (answer.type === 'error') throw new EngineError(answer);
    return answer;
  }

  /** Runs a statement; `query` has the keys of the protocol's question. */
  query(query) {
    const answer = this.ask('query', query);
    return {
      columns: answer.columns || [],
      rows: answer.rows || [],
      affected: answer.affected ?? null,
      lastId: answer.last_id ?? null,
      tag: answer.tag || '',
      notices: answer.notices || [],
    };
  }

  begin() {
    this.ask('begin');
  }

  commit() {
    this.ask('commit');
  }

  rollback() {
    this.ask('rollback');
  }

  savepoint(action, name) {
    this.ask('savepoint', { action, name });
  }

  log(level, logger, text) {
    this.ask('log', { level, logger, text });
  }
}

const textParameter = (text) => ({ text });
const bytesParameter = (bytes) => ({ bytes: Buffer.from(bytes).toString('base64') });

module.exports = { Engine, EngineError, textParameter, bytesParameter };
