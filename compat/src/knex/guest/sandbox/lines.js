'use strict';
// Which line of a file stands behind a line of what was made of it.

const maps = new Map();

const noteLines = (file, lines) => maps.set(file, lines);

function lineOf(file, line) {
  const lines = maps.get(file);
  return lines ? lines[line - 1] || lines[lines.length - 1] || line : line;
}

module.exports = { noteLines, lineOf };
