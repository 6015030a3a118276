//! Reading tables that may not be there, in as few round trips as can be.
//!
//! Whether they are there and what is in them is asked in one message. The servers stop at the first statement that fails, which
//! is that of a table which is missing; then the others are asked for again.

use dunlin_compat::model::{Dialect, HistoryQueries, LockRow, Row};

use super::lock_row;
use crate::db::{BatchError, Connection, DbError, Outcome};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// For each table the rows of [`HistoryQueries::exists`], and those of [`HistoryQueries::rows`] if it exists.
    pub(super) tables: Vec<(Vec<Row>, Vec<Row>)>,
    /// Whether the journal's table exists.
    pub(super) journal_exists: bool,
    /// Whether one of ours has the lock's row, or died with it.
    pub(super) lock_is_left: bool,
}

/// Why nothing was found.
#[derive(Debug)]
pub(super) struct Failure {
    /// Whether one of the statements that begin the session failed.
    pub(super) in_beginning: bool,
    /// The error.
    pub(super) error: DbError,
}

/// Reads tables, whether that of the journal exists, and the states of a lock's row, after statements that begin a session.
pub(super) fn read(
    connection: &mut dyn Connection,
    tables: &[HistoryQueries],
    journal_exists: &str,
    beginning: &[String],
    lock: Option<&LockRow>,
) -> Result<Found, Failure> {
    let exist = tables.iter().map(|table| table.exists.as_str()).chain([journal_exists]);
    let rows = tables.iter().map(|table| table.rows.as_str());
    let states = lock.map(|lock| lock.states.as_str());
    let statements: Vec<&str> =
        beginning.iter().map(String::as_str).chain(exist).chain(rows).chain(states).collect();
    let asked = beginning.len() + tables.len() + 1;
    let (done, failed) = match connection.execute_many(&statements) {
        Ok(done) => (done, None),
        Err(failure) => match *failure {
            BatchError { index: Some(index), done, .. } if index >= asked && done.len() >= asked => {
                (done, Some(index))
            }
            BatchError { index, error, .. } => {
                return Err(Failure {
                    in_beginning: index.is_some_and(|index| index < beginning.len()),
                    error,
                });
            }
        },
    };
    let mut outcomes = done.into_iter().map(|outcome| outcome.rows).skip(beginning.len());
    let exist: Vec<Vec<Row>> = outcomes.by_ref().take(tables.len()).collect();
    let journal_exists = outcomes.next().is_some_and(|rows| !rows.is_empty());
    let (mut rows, mut states): (Vec<Vec<Row>>, Vec<Row>) = (Vec::new(), Vec::new());
    match failed {
        None => {
            rows.extend(outcomes.by_ref().take(tables.len()));
            states.extend(outcomes.next().unwrap_or_default());
        }
        Some(index) => {
            // PostgreSQL takes back what began the session, together with the rest of the message.
            let again = if connection.server().dialect == Dialect::Postgres { beginning } else { &[] };
            let there = tables.iter().zip(&exist).map(|(table, exist)| (!exist.is_empty()).then_some(table));
            let wanted = lock.filter(|_| index < asked + tables.len());
            (rows, states) = read_those_there(connection, &there.collect::<Vec<_>>(), again, wanted)?;
        }
    }
    let tables = exist.into_iter().zip(rows).map(|(exist, rows)| match exist.is_empty() {
        // Found on the search path, but not where the original tool looks.
        true => (exist, Vec::new()),
        false => (exist, rows),
    });
    Ok(Found { tables: tables.collect(), journal_exists, lock_is_left: lock_row::is_left(&states) })
}

/// The rows of the tables that are there, and the states of the lock's row if that is.
fn read_those_there(
    connection: &mut dyn Connection,
    tables: &[Option<&HistoryQueries>],
    beginning: &[String],
    lock: Option<&LockRow>,
) -> Result<(Vec<Vec<Row>>, Vec<Row>), Failure> {
    let there = || tables.iter().flatten().map(|table| table.rows.as_str());
    let statements: Vec<&str> = beginning
        .iter()
        .map(String::as_str)
        .chain(there())
        .chain(lock.map(|lock| lock.states.as_str()))
        .collect();
    let wanted = beginning.len() + there().count();
    let done = match connection.execute_many(&statements) {
        Ok(done) => done,
        Err(failure) => match *failure {
            // The lock's table is made when it is needed.
            BatchError { index: Some(index), done, .. } if index >= wanted && done.len() >= wanted => done,
            BatchError { error, .. } => return Err(Failure { in_beginning: false, error }),
        },
    };
    let mut outcomes = done.into_iter().skip(beginning.len());
    let mut next = || outcomes.next().map(|outcome: Outcome| outcome.rows).unwrap_or_default();
    let rows = tables.iter().map(|table| table.map(|_| next()).unwrap_or_default()).collect();
    Ok((rows, next()))
}
