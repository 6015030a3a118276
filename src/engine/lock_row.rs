//! A lock of the original tool that is a row of a table, taken once our own lock is held.
//!
//! It is committed, so that the original tool sees it, and so it stays when a run dies. What stays is marked as ours, and only
//! one of ours can hold our own lock: whoever finds such a mark under it takes it over.

use std::thread;
use std::time::{Duration, Instant};

use dunlin_compat::model::{Dialect, LockRow, Row};

use super::RunError;
use super::event::{Event, Observer};
use super::lock::jittered;
use crate::db::{Connection, DbError, DbErrorKind};

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes it, waiting up to `limit` for whoever holds it.
///
/// # Errors
/// [`RunError::LockRowNotObtained`]; [`RunError::Server`].
pub fn take(
    connection: &mut dyn Connection,
    row: &LockRow,
    limit: Duration,
    observer: &mut dyn Observer,
) -> Result<(), RunError> {
    let doing = || RunError::server(format!("taking the lock in {}", row.table));
    make(connection, row).map_err(doing())?;
    let started = Instant::now();
    let mut reported = Duration::ZERO;
    loop {
        if try_take(connection, row).map_err(doing())? {
            return Ok(());
        }
        let rows = connection.execute(&row.states).map_err(doing())?.rows.len();
        if rows == 0 {
            connection.execute(&row.fill).map_err(doing())?;
            continue;
        }
        let waited = started.elapsed();
        if waited >= limit || rows > 1 {
            return Err(RunError::LockRowNotObtained {
                table: row.table.clone(),
                rows,
                waited,
                way_out: row.way_out.clone(),
            });
        }
        if reported == Duration::ZERO || waited >= reported + Duration::from_secs(1) {
            reported = waited.max(Duration::from_millis(1));
            observer.event(Event::LockRowWait { table: &row.table, waited });
        }
        thread::sleep(jittered(PAUSE).min(limit.saturating_sub(waited)).max(Duration::from_millis(1)));
    }
}

/// Whether one of ours has it, or died with it: the original tool cannot run until somebody gives it back.
pub fn is_left(states: &[Row]) -> bool {
    let is_ours = |state: &Option<String>| state.as_deref().is_some_and(|state| state.starts_with('-'));
    states.iter().flatten().any(is_ours)
}

/// Gives it back.
///
/// # Errors
/// [`RunError::Server`]: what is left is taken over by the next run.
pub fn free(connection: &mut dyn Connection, row: &LockRow) -> Result<(), RunError> {
    let result = connection.execute(&row.free);
    result.map(drop).map_err(RunError::server(format!("giving back the lock in {}", row.table)))
}

/// Makes the table, unless somebody else just did.
fn make(connection: &mut dyn Connection, row: &LockRow) -> Result<(), DbError> {
    if !connection.execute(&row.exists)?.rows.is_empty() {
        return Ok(());
    }
    match connection.execute(&row.create).and_then(|_| connection.execute(&row.fill)) {
        Ok(_) => Ok(()),
        Err(error) => match connection.execute(&row.exists) {
            Ok(found) if !found.rows.is_empty() => Ok(()),
            _ => Err(error),
        },
    }
}

/// Whether it is ours now. The original tool may have it in a transaction that is open, which is as good as held.
fn try_take(connection: &mut dyn Connection, row: &LockRow) -> Result<bool, DbError> {
    let taken = match connection.server().dialect {
        Dialect::Postgres => {
            let statements = ["BEGIN", "SET LOCAL lock_timeout = '200ms'", row.take.as_str(), "COMMIT"];
            match connection.execute_many(&statements) {
                Ok(outcomes) => Ok(outcomes.get(2).map_or(0, |outcome| outcome.affected)),
                Err(failure) => {
                    connection.execute("ROLLBACK")?;
                    Err(failure.error)
                }
            }
        }
        Dialect::Mysql | Dialect::Mariadb => {
            connection.execute("SET SESSION innodb_lock_wait_timeout = 1")?;
            let taken = connection.execute(&row.take).map(|outcome| outcome.affected);
            connection.execute("SET SESSION innodb_lock_wait_timeout = DEFAULT")?;
            taken
        }
        Dialect::Sqlite => connection.execute(&row.take).map(|outcome| outcome.affected),
    };
    match taken {
        Ok(affected) => Ok(affected == 1),
        Err(error) if error.kind == DbErrorKind::LockTimeout => Ok(false),
        Err(error) => Err(error),
    }
}
