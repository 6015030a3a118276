'use strict';
// Which line of the project is running, as stacks tell.

let project = null;
let pending = null;
let place = () => undefined;

/**
 * Files whose code is the project's own: those in its folder, outside of node_modules. `find` tells the innermost place of an
 * error in a file that a function takes, where the carrier knows that without a text: `{path, line}`, null or undefined.
 */
function setProject(folder, find) {
  project = folder ? folder.replace(/\/+$/, '') + '/' : null;
  if (find) place = find;
}

function inProject(file) {
  return (
    project !== null &&
    file.startsWith(project) &&
    !file.slice(project.length).split('/').includes('node_modules')
  );
}

// `at f (file:///a/b.js:1:2)` of V8 and `at f (/a/b.js:1:2)` of QuickJS.
const FRAME = /^\s*at (?:.*\()?(file:\/\/)?(\/.*?):(\d+)(?::\d+)?\)?\s*$/;

/** The file of a frame. Only a URL has it in other letters: `%` is a letter of paths. */
const pathOf = ([, scheme, path]) => (scheme ? require('url').fileURLToPath(scheme + path) : path);

/** `{path, line}` of the innermost frame in the project, or null. */
function innermost(stack) {
  if (typeof stack !== 'string' || project === null) return null;
  for (const text of stack.split('\n')) {
    // Most frames are of libraries, and the pattern takes long. A URL may spell the folder otherwise.
    if (!text.includes(project) && !text.includes('%')) continue;
    const match = FRAME.exec(text);
    if (match) {
      const path = pathOf(match);
      if (inProject(path)) return { path, line: Number(match[3]) };
    }
  }
  return null;
}

/** The same of an error. */
function placeOf(error) {
  const found = place(error, inProject);
  return found === undefined ? innermost(error.stack) : found;
}

/** A stack of V8's without the functions that only wait for others. */
function withoutAwaiting(stack) {
  return stack.replace(/^\s*at async .*$/gm, '');
}

/** The file that called the guest, as far as the stack tells; null when nobody else did. */
function caller(stack) {
  for (const text of String(stack).split('\n')) {
    const match = FRAME.exec(text);
    const path = match && pathOf(match);
    if (path && !path.startsWith(`${__dirname}/`)) return path;
  }
  return null;
}

/** Knex begins to run a builder, which knows where it was made (`asyncStackTraces`). */
function starting(builder) {
  const made = builder && builder._asyncStack;
  pending = made && made.error ? made.error : null;
}

/** `{path, line}` of what sends a statement now, as far as it is known; `byBuilder`: a builder of Knex does. */
function running(byBuilder) {
  return (byBuilder && pending && placeOf(pending)) || placeOf(new Error()) || {};
}

module.exports = { setProject, inProject, innermost, withoutAwaiting, caller, starting, running };
