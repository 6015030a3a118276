//! Beginning a backfill, or joining one that others began; and tidying up behind it.

use dunlin_compat::model::{Dialect, Row};

use super::BackfillError;
use super::key::KeyValue;
use super::record::{Record, RecordedWork};
use super::run::Request;
use super::state::{CHUNKS, FAILURES, NewRecord, RECORDS, State, Tables, WORKERS};
use crate::db::{Connection, DbError, DbErrorKind};

/// How often a statement of ours is tried again that meets others who begin at the same time.
const ATTEMPTS: u32 = 20;

/// What is known of the table when a backfill begins.
pub(super) struct Begun {
    pub(super) bound: Option<KeyValue>,
    pub(super) chunk_rows: u64,
    pub(super) estimate: Option<u64>,
}

/// Begins a backfill, or finds the one of its name. The record is `Running`, `Paused` or `Done` then.
///
/// # Errors
/// The name is another backfill's, or the server refuses.
pub(super) fn begin(
    connection: &mut dyn Connection,
    tables: &Tables,
    request: &Request<'_>,
    work: &RecordedWork,
    begun: &Begun,
) -> Result<Record, BackfillError> {
    let failed = || BackfillError::server("beginning the backfill");
    let name = request.backfill.name.as_str();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(BackfillError::refused(
            "the name of a backfill has 1 to 200 characters",
            "Name it by what it does: `fill-order-status`.",
        ));
    }
    // A record tells everybody that the other tables are in use, so it comes before them.
    patiently(connection, &tables.create_records()).map_err(failed())?;
    let work_text = serde_json::to_string(work).unwrap_or_default();
    let pace = serde_json::to_string(&request.backfill.pace).unwrap_or_default();
    let new = tables.insert(&NewRecord {
        name,
        history: request.history,
        work: &work_text,
        pace: &pace,
        bound: begun.bound.as_ref(),
        chunk_rows: begun.chunk_rows,
        estimate: begun.estimate,
    });
    for _ in 0..ATTEMPTS {
        let Some(found) = read(connection, tables, name)? else {
            match patiently(connection, &new) {
                Ok(_) => {}
                // Another process was faster.
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(failed()(error)),
            }
            continue;
        };
        if found.history != request.history {
            let whose =
                if found.history.is_empty() { "one without a migration" } else { found.history.as_str() };
            return Err(BackfillError::refused(
                format!("there is another backfill {name}, of {whose}"),
                "Give this one another name.",
            ));
        }
        if found.state == State::Cancelled || (found.state == State::Done && found.recorded) {
            create_others(connection, tables)?;
            let mut statements = vec![begin_statement(tables.dialect()).to_owned()];
            statements.extend(tables.forget(name));
            statements.push("COMMIT".to_owned());
            together(connection, &statements).map_err(failed())?;
            continue;
        }
        if found.work != work_text {
            return Err(changed(&found));
        }
        if found.state == State::Failed {
            let change = tables.change_state(name, &[State::Failed], State::Running, None);
            patiently(connection, &change).map_err(failed())?;
            continue;
        }
        if found.state != State::Done {
            create_others(connection, tables)?;
            // A process that died while it looked would be waited for.
            patiently(connection, &tables.release_check(name)).map_err(failed())?;
        }
        return Ok(found);
    }
    Err(BackfillError::refused(
        format!("the backfill {name} is begun and given up by others at the same time"),
        "See who, with `dunlin backfill status`.",
    ))
}

/// The record is of other work than what is asked for now.
fn changed(found: &Record) -> BackfillError {
    let name = &found.name;
    if found.history.is_empty() {
        let state = if found.state == State::Done { "is done" } else { "is unfinished" };
        return BackfillError::refused(
            format!("there is a backfill {name} that {state} and does something else"),
            format!(
                "Give this one another name; or `dunlin backfill cancel {name}`, and `dunlin backfill forget {name}`, if it is of no use."
            ),
        );
    }
    BackfillError::refused(
        format!(
            "the backfill {name} was changed while it is half done: some rows would be done one way and some another"
        ),
        format!(
            "Put it back as it was. Or give up what it did with `dunlin backfill cancel {name}`; the next run then does all \
             rows again, also those that are done."
        ),
    )
}

fn create_others(connection: &mut dyn Connection, tables: &Tables) -> Result<(), BackfillError> {
    for statement in tables.create_others() {
        patiently(connection, &statement).map_err(BackfillError::server("beginning the backfill"))?;
    }
    Ok(())
}

/// The record of a name, if there is one; the table need not be there.
pub fn read(
    connection: &mut dyn Connection,
    tables: &Tables,
    name: &str,
) -> Result<Option<Record>, BackfillError> {
    if !exists(connection, tables, RECORDS)? {
        return Ok(None);
    }
    let rows = match connection.execute(&tables.read(Some(name))) {
        Ok(outcome) => outcome.rows,
        Err(error) if is_gone(&error) => return Ok(None),
        Err(error) => return Err(BackfillError::server("reading the backfill's record")(error)),
    };
    rows.into_iter().next().map(record).transpose()
}

/// All records, the newest first.
pub fn read_all(connection: &mut dyn Connection, tables: &Tables) -> Result<Vec<Record>, BackfillError> {
    if !exists(connection, tables, RECORDS)? {
        return Ok(Vec::new());
    }
    let rows = connection
        .execute(&tables.read(None))
        .map_err(BackfillError::server("reading the records of backfills"))?
        .rows;
    rows.into_iter().map(record).collect()
}

fn record(row: Row) -> Result<Record, BackfillError> {
    let shown = row.first().cloned().flatten().unwrap_or_default();
    Record::of_row(row).ok_or_else(|| {
        BackfillError::refused(
            format!("the record of the backfill {shown} in {RECORDS} is not one that dunlin wrote"),
            "Correct or delete the row.",
        )
    })
}

/// Whether a table is there.
pub fn exists(connection: &mut dyn Connection, tables: &Tables, table: &str) -> Result<bool, BackfillError> {
    let outcome = connection
        .execute(&tables.exists(table))
        .map_err(BackfillError::server("looking for the tables of backfills"))?;
    Ok(!outcome.rows.is_empty())
}

/// How many rows are in the quarantine of a backfill.
pub fn count_failures(
    connection: &mut dyn Connection,
    tables: &Tables,
    name: &str,
) -> Result<u64, BackfillError> {
    if !exists(connection, tables, FAILURES)? {
        return Ok(0);
    }
    let rows = match connection.execute(&tables.count_failures(name)) {
        Ok(outcome) => outcome.rows,
        // Another process has tidied up since.
        Err(error) if is_gone(&error) => return Ok(0),
        Err(error) => return Err(BackfillError::server("counting the quarantine")(error)),
    };
    Ok(rows.into_iter().flatten().next().flatten().and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Drops the tables that nothing needs any more. The tables are locked before they are looked at, and a record comes before
/// all else, so that nobody begins in between. That others hold them is no error: the next run tidies up.
pub fn tidy(connection: &mut dyn Connection, tables: &Tables) -> Result<(), BackfillError> {
    if !exists(connection, tables, RECORDS)? {
        return Ok(());
    }
    let mut there = vec![RECORDS];
    for table in [CHUNKS, WORKERS, FAILURES] {
        if exists(connection, tables, table)? {
            there.push(table);
        }
    }
    if there.len() == 1 && !is_empty(connection, tables, RECORDS).unwrap_or(false) {
        return Ok(());
    }
    match tidy_locked(connection, tables, &there) {
        Ok(()) => Ok(()),
        Err(error) if is_busy(&error) || is_gone(&error) => {
            let _ = connection.execute("ROLLBACK");
            Ok(())
        }
        Err(error) => {
            let _ = connection.execute("ROLLBACK");
            Err(BackfillError::server("removing the tables of backfills")(error))
        }
    }
}

fn tidy_locked(connection: &mut dyn Connection, tables: &Tables, there: &[&str]) -> Result<(), DbError> {
    let dialect = tables.dialect();
    let names: Vec<String> = there.iter().map(|table| tables.name(table)).collect();
    let lock = match dialect {
        Dialect::Postgres => vec![
            "BEGIN".to_owned(),
            "SET LOCAL lock_timeout = '2s'".to_owned(),
            format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", ")),
        ],
        Dialect::Mysql | Dialect::Mariadb => {
            let locked: Vec<String> = names.iter().map(|name| format!("{name} WRITE")).collect();
            vec![format!("LOCK TABLES {}", locked.join(", "))]
        }
        Dialect::Sqlite => vec!["BEGIN IMMEDIATE".to_owned()],
    };
    for statement in &lock {
        connection.execute(statement)?;
    }
    let result = drop_unneeded(connection, tables, there);
    let end = if dialect.is_mysql_family() { "UNLOCK TABLES" } else { "COMMIT" };
    let ended = connection.execute(end);
    result?;
    ended.map(drop)
}

fn drop_unneeded(connection: &mut dyn Connection, tables: &Tables, there: &[&str]) -> Result<(), DbError> {
    if !connection.execute(&tables.unfinished())?.rows.is_empty() {
        return Ok(());
    }
    for table in [CHUNKS, WORKERS] {
        if there.contains(&table) {
            connection.execute(&format!("DROP TABLE {}", tables.name(table)))?;
        }
    }
    let failures = there.contains(&FAILURES);
    if failures && is_empty(connection, tables, FAILURES)? {
        connection.execute(&format!("DROP TABLE {}", tables.name(FAILURES)))?;
    }
    if is_empty(connection, tables, RECORDS)? {
        connection.execute(&format!("DROP TABLE {}", tables.name(RECORDS)))?;
    }
    Ok(())
}

fn is_empty(connection: &mut dyn Connection, tables: &Tables, table: &str) -> Result<bool, DbError> {
    Ok(connection.execute(&format!("SELECT 1 FROM {} LIMIT 1", tables.name(table)))?.rows.is_empty())
}

/// Runs a statement of ours while others do the same.
fn patiently(connection: &mut dyn Connection, statement: &str) -> Result<(), DbError> {
    let mut attempt = 1;
    loop {
        let error = match connection.execute(statement) {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        // PostgreSQL's `IF NOT EXISTS` does not see what others are about to commit.
        let meets_others = (statement.starts_with("CREATE") && is_duplicate(&error))
            || is_busy(&error)
            || matches!(error.sqlstate.as_deref(), Some("42P07" | "42710" | "XX000"));
        if !meets_others || attempt >= ATTEMPTS {
            return Err(error);
        }
        attempt += 1;
        std::thread::sleep(super::worker::jittered(std::time::Duration::from_millis(50)));
    }
}

pub(super) fn together(connection: &mut dyn Connection, statements: &[String]) -> Result<(), DbError> {
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    connection.execute_many(&statements).map(drop).map_err(|failure| {
        let _ = connection.execute("ROLLBACK");
        failure.error
    })
}

pub(super) fn begin_statement(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres => "BEGIN",
        Dialect::Mysql | Dialect::Mariadb => "START TRANSACTION",
    }
}

fn is_duplicate(error: &DbError) -> bool {
    error.sqlstate.as_deref() == Some("23505")
        || error.code == Some(1062)
        // SQLite's SQLITE_CONSTRAINT_PRIMARYKEY.
        || (error.sqlstate.is_none() && error.code == Some(1555))
}

fn is_busy(error: &DbError) -> bool {
    matches!(error.kind, DbErrorKind::LockTimeout | DbErrorKind::Deadlock)
}

/// Whether a table is not there.
pub(super) fn is_gone(error: &DbError) -> bool {
    let sqlite = error.sqlstate.is_none() && error.message.contains("no such table");
    error.sqlstate.as_deref() == Some("42P01") || error.code == Some(1146) || sqlite
}
