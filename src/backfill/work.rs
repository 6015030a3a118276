//! What is done with a chunk: the seam between going through a table and changing its rows.

use super::BackfillError;
use super::key::{Key, KeyValue};
use super::table::Table;
use crate::db::{Connection, DbError};

/// Changes the rows of chunks. Every worker has one of its own.
pub trait RowTransform: Send {
    /// Changes the rows of one chunk, in the transaction that is open on `connection`; whoever calls commits or takes back.
    ///
    /// # Errors
    /// Nothing of the chunk is kept.
    fn run(&mut self, connection: &mut dyn Connection, chunk: &Chunk<'_>) -> Result<Changed, WorkError>;
}

/// Makes the [`RowTransform`] of a worker.
pub type MakeTransform<'a> = dyn Fn() -> Result<Box<dyn RowTransform>, BackfillError> + Sync + 'a;

/// Rows from one key to another.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// The table.
    pub table: &'a Table,
    /// The first key.
    pub from: &'a KeyValue,
    /// The last.
    pub to: &'a KeyValue,
    /// The condition for rows still to be done.
    pub filter: Option<&'a str>,
}

impl Chunk<'_> {
    /// The condition that holds for its rows.
    pub fn condition(&self) -> String {
        let range = self.key().between(self.from, self.to);
        match self.filter {
            // A comment at the end of the filter ends with its line.
            Some(filter) => format!("{range} AND ({filter}\n)"),
            None => range,
        }
    }

    /// The key that they are ordered by.
    pub fn key(&self) -> &Key {
        &self.table.key
    }
}

/// What became of a chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// Rows changed, as the server counts them.
    pub rows: u64,
    /// Bytes that were read of them.
    pub bytes: u64,
    /// Rows that were left as they are, because they cannot be changed.
    pub failed: Vec<FailedRow>,
    /// What a plugin said.
    pub notes: Vec<String>,
}

/// A row that cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRow {
    /// Its key.
    pub key: KeyValue,
    /// Why.
    pub message: String,
}

/// Why a chunk failed.
#[derive(Debug)]
pub enum WorkError {
    /// The server refused a statement.
    Database(DbError),
    /// It would fail again whatever the rows: a plugin that breaks its contract.
    Fatal(BackfillError),
    /// Fewer rows may do: a plugin that ran into a limit which grows with them.
    TooLarge(BackfillError),
}

impl From<DbError> for WorkError {
    fn from(error: DbError) -> WorkError {
        WorkError::Database(error)
    }
}

/// Whether an error is about the values of rows, so that other rows of the chunk may do.
pub fn is_about_rows(error: &DbError) -> bool {
    use crate::db::DbErrorKind::Statement;
    if error.kind != Statement {
        return false;
    }
    match (error.sqlstate.as_deref(), error.code) {
        // PostgreSQL, and MySQL where it says so: data, constraints, checks of views, errors that functions raise.
        (Some(state), None) => matches!(state.get(..2), Some("22" | "23" | "44" | "P0")) && state != "P0004",
        // MySQL and MariaDB put many of theirs under HY000.
        (Some(state), Some(code)) => {
            matches!(state.get(..2), Some("22" | "23" | "45"))
                || matches!(code, 1265 | 1292 | 1366 | 1411 | 1525 | 1690 | 3140..=3158 | 3819 | 4025 | 4038)
        }
        // SQLite: constraint, wrong type, too big, and what functions say. That statements can be prepared was seen before.
        (None, Some(code)) => matches!(code & 0xff, 1 | 18 | 19 | 20),
        (None, None) => false,
    }
}

/// Whether a statement was ended because it took longer than it may.
pub fn took_too_long(error: &DbError) -> bool {
    error.sqlstate.as_deref() == Some("57014") || matches!(error.code, Some(1317 | 1969 | 3024))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::DbErrorKind;

    fn error(sqlstate: Option<&str>, code: Option<i32>) -> DbError {
        let mut error = DbError::new(DbErrorKind::Statement, "no");
        error.sqlstate = sqlstate.map(str::to_owned);
        error.code = code;
        error
    }

    #[test]
    fn errors_about_rows_are_told_from_errors_about_statements() {
        for (sqlstate, code, expected) in [
            (Some("23514"), None, true),
            (Some("22P02"), None, true),
            (Some("42703"), None, false),
            (Some("23000"), Some(1048), true),
            (Some("HY000"), Some(3819), true),
            (Some("42S22"), Some(1054), false),
            (None, Some(275), true),
            (None, Some(11), false),
        ] {
            assert_eq!(is_about_rows(&error(sqlstate, code)), expected, "{sqlstate:?} {code:?}");
        }
    }

    #[test]
    fn a_lock_time_out_is_nobodys_row() {
        let mut error = error(Some("23000"), Some(1205));
        error.kind = DbErrorKind::LockTimeout;
        assert!(!is_about_rows(&error));
    }
}
