//! Answers that a guest in the sandbox is told while the server still works.
//!
//! Most of a schema's migrations are statements that answer nothing but that they are done. The guest hears that at once and
//! computes what comes next, while the engine sends the statement; the next thing that the guest asks, or says, waits for the
//! server's answer. Should that be another one, the guest is ended, and a new one runs the code again up to there, with the answers
//! that there were: the server sees what it would have seen, and the user hears everything once.

use std::collections::VecDeque;
use std::path::Path;

use dunlin_compat::model::Dialect;

use super::{Asked, CodeSteps};
use crate::db::TypedOutcome;
use crate::engine::RunError;
use crate::engine::code::Stop;
use crate::engine::code_values;
use crate::engine::replay::Operation;
use crate::guest::protocol::{Answer, Query};
use crate::sql;

/// How much of a migration is remembered, in bytes; behind that no answer is foretold.
const LONGEST_MEMORY: usize = 1 << 20;

/// What a migration did, for the case that its guest is told wrongly.
#[derive(Default)]
pub(super) struct Memory {
    operations: Vec<Operation>,
    bytes: usize,
    /// Lines that the user was told.
    lines: usize,
}

impl Memory {
    pub(super) fn note(&mut self, operation: &Operation) {
        if self.is_full() {
            return;
        }
        self.bytes += operation.answer.as_ref().map_or(0, String::len) + operation.digest.len();
        self.operations.push(operation.clone());
    }

    /// The last operation was not done after all.
    pub(super) fn forget_last(&mut self) {
        self.operations.pop();
    }

    fn is_full(&self) -> bool {
        self.bytes > LONGEST_MEMORY
    }
}

/// What a guest that runs the code again is not to do again.
#[derive(Default)]
pub(super) struct Rerun {
    operations: VecDeque<Operation>,
    /// Lines that the user has been told already.
    lines: usize,
    /// The savepoints as the first guest named them.
    savepoints: Vec<String>,
}

impl Rerun {
    /// The name that a savepoint has on the server.
    pub(super) fn savepoint(&self, number: usize) -> Option<&str> {
        self.savepoints.get(number).map(String::as_str)
    }
}

impl CodeSteps<'_, '_> {
    /// See [`crate::guest::Steps::foretell`].
    pub(super) fn foretold(&self, query: &Query) -> Option<Answer> {
        let dialect = self.dialect();
        // SQLite is in this process, and fast.
        let is_possible = self.runner.foretells && dialect != Dialect::Sqlite && !self.memory.is_full();
        // What the journal answers is not remembered.
        let is_new = !self.is_ending()
            && self.kept == 0
            && self.in_flight.is_none()
            && self.rerun.operations.is_empty();
        let is_plain = !query.own && query.parameters.as_ref().is_none_or(Vec::is_empty);
        if !(is_possible && is_new && is_plain && only_defines(&query.sql)) {
            return None;
        }
        Some(code_values::result(TypedOutcome::default(), &sql::verb(&query.sql, dialect)))
    }

    /// Prepares for a new guest after one that was told wrongly; from here on nothing is foretold. What the server, the journal
    /// and the user have stays as it is.
    pub(in crate::engine) fn begin_again(&mut self) {
        self.runner.foretells = false;
        self.runner.ahead = None;
        let memory = std::mem::take(&mut self.memory);
        self.rerun = Rerun {
            operations: memory.operations.into(),
            lines: memory.lines,
            savepoints: std::mem::take(&mut self.savepoints),
        };
        self.open = self.began_open;
    }

    /// Answers what the guest before has done.
    pub(super) fn rerun(&mut self, digest: &str, path: &Path, line: usize) -> Option<Answer> {
        let operation = self.rerun.operations.pop_front()?;
        if operation.digest == digest {
            return Some(operation.read_answer());
        }
        let stop = if self.durable() == 0 {
            Stop::Again
        } else {
            let reason = "a statement was answered otherwise than expected, and the code, run again up to there, did something else \
                          than before; `carrier = \"host\"` in dunlin.toml, for the project or for this migration under \
                          [carriers], has it run only once";
            let (path, reason) = (path.to_path_buf(), reason.to_owned());
            Stop::Failed(RunError::Refused { path, line, reason })
        };
        Some(self.end(stop))
    }

    /// The answer to a question of the driver's own that a guest before the one of a rerun has asked. What it sets then is
    /// set.
    pub(super) fn asked_aside(&self, asked: &Asked<'_>) -> Option<Answer> {
        let sets_anew = asked.verb.tag == "SET" && self.rerun.operations.is_empty();
        if self.runner.foretells || sets_anew { None } else { self.runner.asides.get(&asked.digest).cloned() }
    }

    /// Whether the user has not been told a line yet.
    pub(super) fn is_news(&mut self) -> bool {
        match self.rerun.lines.checked_sub(1) {
            Some(left) => {
                self.rerun.lines = left;
                false
            }
            None => {
                self.memory.lines += 1;
                true
            }
        }
    }
}

/// Whether a text is a single statement that defines something, and that servers answer without a word when it succeeds. One that
/// they have a word for after all costs time, and is no mistake.
fn only_defines(text: &str) -> bool {
    let text = text.trim_end().trim_end_matches(';');
    let mut words = text.split_ascii_whitespace();
    let is = |word: Option<&str>, among: &[&str]| {
        word.is_some_and(|word| among.iter().any(|each| word.eq_ignore_ascii_case(each)))
    };
    let first = words.next();
    let rows = ["SELECT", "EXECUTE", "VALUES"];
    if text.contains(';') || (is(words.next(), &["TABLE"]) && words.clone().any(|word| is(Some(word), &rows)))
    {
        return false;
    }
    let talks = words.clone().any(|word| is(Some(word), &["IF"]))
        || (is(first, &["DROP"]) && words.any(|word| is(Some(word), &["CASCADE"])));
    is(first, &["CREATE", "ALTER", "DROP"]) && !talks
}

#[cfg(test)]
mod tests {
    use super::only_defines;

    #[test]
    fn what_defines_something_has_nothing_to_answer() {
        for (text, expected) in [
            ("CREATE TABLE a (id int REFERENCES b ON DELETE CASCADE)", true),
            ("\ncreate index i on a (b);\n", true),
            ("ALTER TABLE a ADD b int DEFAULT 5", true),
            ("CREATE VIEW v AS SELECT 1", true),
            ("DROP TABLE a", true),
            ("CREATE TABLE IF NOT EXISTS a (b int)", false),
            ("DROP TABLE IF EXISTS a", false),
            ("DROP TABLE a CASCADE", false),
            ("CREATE TABLE a AS SELECT 1", false),
            ("CREATE TABLE a (b int); CREATE TABLE c (b int)", false),
            ("UPDATE a SET b = 1", false),
            ("SELECT 1", false),
            ("", false),
        ] {
            assert_eq!(only_defines(text), expected, "{text}");
        }
    }
}
