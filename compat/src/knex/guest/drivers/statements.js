'use strict';
// As much of SQL's syntax as a driver has to see: where statements end, and their verbs.

const POSTGRES =
  /(--[^\n]*(?:\n|$))|(\/\*)|('(?:[^'\\]|''|\\[^])*'?)|("(?:[^"]|"")*"?)|(\$[A-Za-z_\u0080-\uffff]?[\w\u0080-\uffff]*\$)|(;)|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|[^]/y;
const MYSQL =
  /(--[ \t\n\r][^\n]*(?:\n|$)|#[^\n]*(?:\n|$))|(\/\*)|('(?:[^'\\]|''|\\[^])*'?)|("(?:[^"\\]|""|\\[^])*"?|`(?:[^`]|``)*`?)|(\0\0)|(;)|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|[^]/y;

/** The end of a comment that begins at `start`; PostgreSQL's nest. */
function endOfComment(sql, start, nested) {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start + 2;
  let depth = 1;
  for (let mark = marks.exec(sql); mark; mark = marks.exec(sql)) {
    if (mark[0] === '*/') depth -= 1;
    else if (nested) depth += 1;
    if (!depth) return marks.lastIndex;
  }
  return sql.length;
}

/** Where a string of PostgreSQL ends, whose backslashes mean something only after E. */
function endOfPlainString(sql, start) {
  let end = start;
  do {
    end = sql.indexOf("'", end + 1);
    if (end < 0) return sql.length;
    end += 1;
  } while (sql[end] === "'");
  return end;
}

/** Whether a text is one statement for sure, as most are: there is nothing in it that could end one. */
function isOne(sql) {
  return !sql.includes(';') && /^\s*\w/.test(sql);
}

/** The statements of a text: `{ text, start, verb, words }`, empty ones left out. */
function split(sql, postgres) {
  const pattern = postgres ? POSTGRES : MYSQL;
  pattern.lastIndex = 0;
  const found = [];
  let start = 0;
  let words = [];
  let depth = 0;
  const finish = (end) => {
    const text = sql.slice(start, end);
    if (words.length || text.trim()) found.push({ text, start, verb: words[0] || '', words });
    start = end + 1;
    words = [];
    depth = 0;
  };
  let previous = '';
  while (pattern.lastIndex < sql.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(sql);
    if (match[2]) {
      pattern.lastIndex = endOfComment(sql, at, postgres);
    } else if (match[3] && postgres && !/^e$/i.test(previous)) {
      pattern.lastIndex = endOfPlainString(sql, at);
    } else if (match[5] && postgres) {
      const end = sql.indexOf(match[5], pattern.lastIndex);
      pattern.lastIndex = end < 0 ? sql.length : end + match[5].length;
    } else if (match[6]) {
      if (!depth) finish(at);
    } else if (match[7]) {
      const word = match[7].toUpperCase();
      words.push(word);
      depth = bodyDepth(words, word, depth, postgres);
    }
    previous = match[7] || '';
  }
  finish(sql.length);
  return found.filter((statement) => statement.verb || withoutComments(statement.text));
}

/** Depth of blocks in a routine or trigger, whose semicolons end nothing. */
function bodyDepth(words, word, depth, postgres) {
  if (words[0] !== 'CREATE') return 0;
  if (postgres) {
    if (word === 'ATOMIC' && words[words.length - 2] === 'BEGIN') return depth + 1;
    return word === 'END' && depth ? depth - 1 : word === 'CASE' && depth ? depth + 1 : depth;
  }
  const routine = words.slice(0, 12).some((each) => /^(?:PROCEDURE|FUNCTION|TRIGGER|EVENT)$/.test(each));
  if (!routine) return 0;
  const last = words[words.length - 2];
  if (last === 'END' && /^(?:IF|CASE|LOOP|REPEAT|WHILE)$/.test(word)) return depth;
  if (/^(?:BEGIN|CASE|LOOP|REPEAT)$/.test(word) || (word === 'IF' && depth) || (word === 'WHILE' && depth))
    return depth + 1;
  return word === 'END' ? Math.max(0, depth - 1) : depth;
}

function withoutComments(text) {
  return text.replace(/--[^\n]*|\/\*[^]*?\*\//g, '').trim();
}

const ROWS = new Set([
  'SELECT',
  'WITH',
  'VALUES',
  'TABLE',
  'SHOW',
  'EXPLAIN',
  'DESCRIBE',
  'DESC',
  'FETCH',
  'CALL',
  'PRAGMA',
  'EXECUTE',
]);

/** Whether a statement gives rows. */
function givesRows({ verb, words }) {
  return ROWS.has(verb) || words.includes('RETURNING');
}

module.exports = { split, isOne, givesRows };
