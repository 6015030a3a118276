//! Foreign keys of SQLite, as code switches them.
//!
//! Libraries rebuild a table with foreign keys off, which does nothing while a transaction is open: dropping the old table then
//! deletes the rows that refer to it with `ON DELETE CASCADE`. Here it deletes none.

use dunlin_compat::model::{Dialect, ForeignKeys};

use super::{Asked, CodeSteps};
use crate::db::{DbError, TypedOutcome};
use crate::engine::call;
use crate::engine::code_values;
use crate::guest::protocol::{Answer, StatementResult};
use crate::sql;

impl CodeSteps<'_, '_> {
    /// Answers `PRAGMA foreign_keys = …`. In a transaction it does nothing but tell that a rebuild begins or ends.
    pub(super) fn switch_foreign_keys(&mut self, asked: &Asked<'_>, at_connect: bool) -> Option<Answer> {
        if self.dialect() != Dialect::Sqlite || !sql::is_foreign_keys_pragma(asked.text) {
            return None;
        }
        let (_, value) = asked.text.split_once(['=', '('])?;
        if self.runner.adapter.code_switches_foreign_keys() {
            let on = is_on(value);
            if at_connect || !self.open {
                if let Err(error) = self.runner.connection.enforce_foreign_keys(on) {
                    return Some(code_values::error(&error));
                }
            } else {
                self.rebuilds = !on;
            }
        }
        Some(Answer::Result(StatementResult { tag: asked.verb.tag.clone(), ..StatementResult::default() }))
    }

    /// Sends a statement; what drops the old table of a rebuild deletes no rows of others.
    pub(super) fn send(&mut self, asked: &Asked<'_>) -> Result<TypedOutcome, DbError> {
        let spares = self.rebuilds && drops_table(asked.text);
        let connection = self.runner.connection.as_mut();
        let enforced = if spares { Some(connection.enforce_foreign_keys(false)?) } else { None };
        let outcome =
            call::send(connection, asked.text, asked.parameters, asked.types, asked.verb.returns_rows);
        if let Some(enforced) = enforced {
            connection.enforce_foreign_keys(enforced)?;
        }
        outcome
    }

    /// A failed attempt's connection is gone, and with it what was switched.
    pub(super) fn forget_switches(&mut self) {
        if self.dialect() == Dialect::Sqlite && self.runner.adapter.code_switches_foreign_keys() {
            let enforced = self.runner.adapter.foreign_keys() == ForeignKeys::Enforced;
            // It only fails where the session is of no use any more.
            let _ = self.runner.connection.enforce_foreign_keys(enforced);
        }
    }
}

/// As SQLite reads a boolean.
fn is_on(value: &str) -> bool {
    let value = value.trim_matches(|character: char| !character.is_ascii_alphanumeric());
    match value.parse::<i64>() {
        Ok(number) => number != 0,
        Err(_) => ["on", "yes", "true"].iter().any(|word| value.eq_ignore_ascii_case(word)),
    }
}

fn drops_table(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("drop"))
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case("table"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boolean_is_read_as_sqlite_reads_it() {
        for on in [" ON", "1;", "'yes'", "true)", " 2 "] {
            assert!(is_on(on), "{on}");
        }
        for off in [" OFF", "0", "no", "false)", "", "maybe"] {
            assert!(!is_on(off), "{off}");
        }
    }
}
