//! Looking at backfills, and telling them what to do.

use super::BackfillError;
use super::record::Record;
use super::start::{self, begin_statement, together};
use super::state::{FAILURES, RECORDS, State, Tables, WORKERS};
use crate::db::Connection;

/// A backfill as `status` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its record; what its workers did is counted in.
    pub record: Record,
    /// Workers that did something in the last seconds.
    pub workers: u64,
    /// Rows in the quarantine.
    pub quarantined: u64,
    /// Some of them.
    pub failures: Vec<Failure>,
}

/// A row in the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its key, as JSON.
    pub key: String,
    /// Why it failed.
    pub message: String,
    /// When, in UTC.
    pub at: String,
}

/// All backfills, or the one of a name, the newest first; with up to `failures` rows of each quarantine. Reads only.
///
/// # Errors
/// The server refuses, or a record is not dunlin's.
pub fn list(
    connection: &mut dyn Connection,
    tables: &Tables,
    name: Option<&str>,
    failures: u64,
) -> Result<Vec<Listed>, BackfillError> {
    let mut records = start::read_all(connection, tables)?;
    records.retain(|record| name.is_none_or(|name| record.name == name));
    let working = start::exists(connection, tables, WORKERS)?;
    let failing = start::exists(connection, tables, FAILURES)?;
    let mut listed = Vec::with_capacity(records.len());
    for mut record in records {
        let mut workers = 0;
        if working {
            // Gone since it was seen: the backfill has just ended.
            let rows = connection
                .execute(&tables.totals(&record.name))
                .map(|outcome| outcome.rows)
                .unwrap_or_default();
            let mut numbers = rows
                .into_iter()
                .flatten()
                .map(|value| value.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0));
            record.rows_done += numbers.next().unwrap_or(0);
            record.rows_changed += numbers.next().unwrap_or(0);
            record.chunks_done += numbers.next().unwrap_or(0);
            workers = numbers.next().unwrap_or(0);
        }
        let quarantined = if failing { start::count_failures(connection, tables, &record.name)? } else { 0 };
        let rows = if quarantined > 0 && failures > 0 {
            connection
                .execute(&tables.failures(&record.name, failures))
                .map_err(BackfillError::server("reading the quarantine"))?
                .rows
        } else {
            Vec::new()
        };
        let failures = rows
            .into_iter()
            .map(|row| {
                let mut values = row.into_iter();
                let mut next = || values.next().flatten().unwrap_or_default();
                Failure { key: next(), message: next(), at: next() }
            })
            .collect();
        listed.push(Listed { record, workers, quarantined, failures });
    }
    Ok(listed)
}

/// Tells a backfill to wait: no chunk is begun any more, in any process.
///
/// # Errors
/// There is none that runs, or the server refuses.
pub fn pause(connection: &mut dyn Connection, tables: &Tables, name: &str) -> Result<(), BackfillError> {
    change(connection, tables, name, &[State::Running], State::Paused)
}

/// Lets a paused backfill go on.
///
/// # Errors
/// It is not paused, or the server refuses.
pub fn resume(connection: &mut dyn Connection, tables: &Tables, name: &str) -> Result<(), BackfillError> {
    change(connection, tables, name, &[State::Paused], State::Running)
}

/// Gives a backfill up. What it did stays; the next run begins anew.
///
/// # Errors
/// It is not unfinished, or the server refuses.
pub fn cancel(connection: &mut dyn Connection, tables: &Tables, name: &str) -> Result<(), BackfillError> {
    let unfinished = [State::Running, State::Paused, State::Failed];
    change(connection, tables, name, &unfinished, State::Cancelled)
}

/// Forgets the record of a backfill that has ended, and its quarantine.
///
/// # Errors
/// It is unfinished, or the server refuses.
pub fn forget(connection: &mut dyn Connection, tables: &Tables, name: &str) -> Result<(), BackfillError> {
    let record = known(connection, tables, name)?;
    if !matches!(record.state, State::Done | State::Cancelled) {
        return Err(BackfillError::refused(
            format!("the backfill {name} is {}", record.state.word()),
            format!("Give it up first: `dunlin backfill cancel {name}`."),
        ));
    }
    let mut statements = vec![begin_statement(tables.dialect()).to_owned()];
    if start::exists(connection, tables, FAILURES)? {
        statements.push(tables.forget_failures(name));
    }
    statements.push(tables.forget_record(name));
    statements.push("COMMIT".to_owned());
    together(connection, &statements).map_err(BackfillError::server("forgetting the backfill"))?;
    start::tidy(connection, tables)
}

fn change(
    connection: &mut dyn Connection,
    tables: &Tables,
    name: &str,
    from: &[State],
    to: State,
) -> Result<(), BackfillError> {
    let record = known(connection, tables, name)?;
    let statement = tables.change_state(name, from, to, None);
    let changed = connection
        .execute(&statement)
        .map_err(BackfillError::server(format!("changing the state of {name}")))?
        .affected;
    if changed == 0 {
        let wanted: Vec<&str> = from.iter().map(|state| state.word()).collect();
        return Err(BackfillError::refused(
            format!("the backfill {name} is {}", record.state.word()),
            format!("Only one that is {} can become {}.", wanted.join(" or "), to.word()),
        ));
    }
    Ok(())
}

fn known(connection: &mut dyn Connection, tables: &Tables, name: &str) -> Result<Record, BackfillError> {
    if let Some(record) = start::read(connection, tables, name)? {
        return Ok(record);
    }
    let names: Vec<String> =
        start::read_all(connection, tables)?.into_iter().map(|record| record.name).collect();
    let advice = match names.as_slice() {
        [] => format!("There is none at all: {RECORDS} is empty, or not there."),
        names => format!("There is {}.", names.join(", ")),
    };
    Err(BackfillError::refused(format!("there is no backfill {name}"), advice))
}
