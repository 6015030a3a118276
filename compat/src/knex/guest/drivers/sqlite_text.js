'use strict';
// As much of SQLite's syntax as its drivers have to see: where a statement ends, its parameters, whether it gives rows.

const TOKEN =
  /([ \t\n\f\r]+|--[^\n]*(?:\n|$)|\/\*[^]*?(?:\*\/|$))|('(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?)|(\?\d*|[:@#][\w$\u0080-\uffff]+|\$(?:[\w$\u0080-\uffff]|::)+(?:\([^)\s]*\))?)|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(;)|\d[\w.]*|[^]/g;

// What Knex sends most: `BEGIN;`, `COMMIT;`.
const SINGLE = /^([A-Za-z]+);?$/;

// What is in a statement whose words say all that has to be known of it.
const TELLING = /returning|trigger|\$/i;

// What is no parameter, no comment and no end of a statement; bounded because the runtime remembers each round.
const PLAIN = /(?:[^'"`[?:@#;/-]+|'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?){1,64}/y;

/**
 * The first statement without its semicolon and what follows it, its words, and the names of its parameters. Of most statements
 * the first word is enough, and looking for others takes longer than all else that is done for them.
 */
function read(sql) {
  const single = SINGLE.exec(sql);
  if (single) return { first: sql, rest: '', words: [single[1].toUpperCase()], parameters: [] };
  const words = [];
  const parameters = [];
  const telling = TELLING.test(sql);
  let depth = 0;
  let trigger = false;
  let end = -1;
  // `matchAll` would compile the pattern anew each time.
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(sql); match; match = TOKEN.exec(sql)) {
    if (match[1] !== undefined) continue;
    if (end >= 0) return { first: sql.slice(0, end), rest: sql.slice(match.index), words, parameters };
    const parameter = match[3];
    const word = match[4];
    const semicolon = match[5];
    if (parameter) note(parameters, parameter);
    else if (word) {
      words.push(word.toUpperCase());
      if (words.length <= 4 && words[0] === 'CREATE' && words[words.length - 1] === 'TRIGGER') trigger = true;
      if (trigger && /^(?:BEGIN|CASE)$/i.test(word)) depth += 1;
      else if (trigger && /^END$/i.test(word) && depth) depth -= 1;
    } else if (semicolon && !depth && words.length) {
      end = match.index;
      continue;
    } else if (!semicolon && !words.length) {
      words.push(match[0]);
    }
    if (!telling && words.length && words[0] !== 'WITH') {
      PLAIN.lastIndex = TOKEN.lastIndex;
      if (PLAIN.test(sql)) TOKEN.lastIndex = PLAIN.lastIndex;
    }
  }
  return { first: sql, rest: '', words, parameters };
}

/** As sqlite3_bind_parameter_name() gives them: null for `?`. */
function note(parameters, text) {
  if (text === '?') parameters.push(null);
  else if (text[0] === '?') {
    const number = Number(text.slice(1));
    while (parameters.length < number) parameters.push(null);
    parameters[number - 1] = parameters[number - 1] || text;
  } else if (!parameters.includes(text)) parameters.push(text);
}

// PRAGMAs that give nothing when something is assigned to them.
const SILENT = new Set(
  `APPLICATION_ID AUTOMATIC_INDEX CELL_SIZE_CHECK CHECKPOINT_FULLFSYNC COUNT_CHANGES CASE_SENSITIVE_LIKE DATA_STORE_DIRECTORY
   DEFER_FOREIGN_KEYS EMPTY_RESULT_CALLBACKS ENCODING FOREIGN_KEYS FULL_COLUMN_NAMES FULLFSYNC IGNORE_CHECK_CONSTRAINTS
   LEGACY_ALTER_TABLE QUERY_ONLY READ_UNCOMMITTED RECURSIVE_TRIGGERS REVERSE_UNORDERED_SELECTS SCHEMA_VERSION
   SHORT_COLUMN_NAMES SYNCHRONOUS TEMP_STORE TRUSTED_SCHEMA USER_VERSION WRITABLE_SCHEMA AUTO_VACUUM CACHE_SIZE
   DEFAULT_CACHE_SIZE CACHE_SPILL`.split(/\s+/),
);

/** Whether a statement has result columns. */
function givesRows({ words, first }) {
  switch (words[0]) {
    case 'SELECT':
    case 'VALUES':
    case 'EXPLAIN':
      return true;
    case 'WITH': {
      const main = words.find((word, index) => index > 0 && /^(?:INSERT|UPDATE|DELETE|REPLACE)$/.test(word));
      return !main || words.includes('RETURNING');
    }
    case 'PRAGMA': {
      const assigned = /[=(]/.test(first);
      const name = /pragma\s+(?:[\w"`[\]]+\s*\.\s*)?(\w+)/i.exec(first);
      return !(assigned && name && SILENT.has(name[1].toUpperCase()));
    }
    default:
      return words.includes('RETURNING');
  }
}

module.exports = { read, givesRows };
