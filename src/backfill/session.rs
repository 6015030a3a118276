//! What a worker's session is told, and how its transactions begin.

use std::time::Duration;

use dunlin_compat::model::{Dialect, Server};

use crate::db::{Connection, DbError, DbErrorKind};

/// How long a worker may be silent inside a transaction before the server ends it and gives its rows back, in seconds. It
/// covers what a plugin computes between reading and writing.
const SILENCE: u64 = 120;

/// How often a session is tried to be opened while others keep a SQLite file locked.
const OPENINGS: u32 = 20;
/// How long such a session then waits for its turn, in milliseconds. SQLite's queue has no order, and one that waits keeps
/// nobody else waiting.
const TURN: u64 = 30_000;

/// Opens a session where many do so at the same time: SQLite reads the file when it opens it, which somebody's transaction
/// may forbid for longer than its time-out.
///
/// # Errors
/// Those of `open`, and a lock time-out after many of them.
pub fn open_patiently(
    open: &dyn Fn() -> Result<Box<dyn Connection>, DbError>,
) -> Result<Box<dyn Connection>, DbError> {
    let mut openings = 1;
    loop {
        match open() {
            Err(error) if error.kind == DbErrorKind::LockTimeout && openings < OPENINGS => openings += 1,
            Err(error) => return Err(error),
            Ok(mut connection) => {
                if connection.server().dialect == Dialect::Sqlite {
                    connection.execute(&format!("PRAGMA busy_timeout = {TURN}"))?;
                }
                return Ok(connection);
            }
        }
        std::thread::sleep(super::worker::jittered(Duration::from_millis(50)));
    }
}

/// Prepares the session of a worker.
pub(super) fn prepare(connection: &mut dyn Connection, lock_timeout: Duration) -> Result<(), DbError> {
    let dialect = connection.server().dialect;
    let mut statements: Vec<String> = Vec::new();
    if dialect.is_mysql_family() {
        if !lock_timeout.is_zero() {
            let seconds = whole_seconds(lock_timeout);
            statements.push(format!(
                "SET SESSION innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}"
            ));
        }
        statements.push("SET SESSION autocommit = 1".to_owned());
        let logged = connection.execute("SELECT @@log_bin, @@binlog_format")?;
        let by_statement = logged.rows.first().is_some_and(|row| {
            row.first().and_then(|value| value.as_deref()) == Some("1")
                && row.get(1).and_then(|value| value.as_deref()) == Some("STATEMENT")
        });
        // No gaps are locked then, in which others insert. A log of statements forbids it.
        if !by_statement {
            statements.push("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned());
        }
    }
    for statement in statements {
        connection.execute(&statement)?;
    }
    Ok(())
}

/// Begins a transaction in which a chunk is done.
pub(super) fn begin_chunk(server: &Server, lock_timeout: Duration) -> Vec<String> {
    let limited = !lock_timeout.is_zero();
    match server.dialect {
        Dialect::Sqlite => vec!["BEGIN IMMEDIATE".to_owned()],
        Dialect::Postgres => {
            let mut statements = begin_own(server, lock_timeout);
            statements.push(format!("SET LOCAL idle_in_transaction_session_timeout = '{SILENCE}s'"));
            if limited {
                statements.push(format!("SET LOCAL statement_timeout = {}", lock_timeout.as_millis()));
            }
            statements
        }
        Dialect::Mariadb => {
            let mut statements = vec![format!("SET SESSION idle_transaction_timeout = {SILENCE}")];
            if limited {
                statements.push(format!("SET SESSION max_statement_time = {}", lock_timeout.as_secs_f64()));
            }
            statements.push("START TRANSACTION".to_owned());
            statements
        }
        Dialect::Mysql => {
            vec![format!("SET SESSION wait_timeout = {SILENCE}"), "START TRANSACTION".to_owned()]
        }
    }
}

/// Begins a transaction in which chunks are planned; it may take long where a condition finds little.
pub(super) fn begin_own(server: &Server, lock_timeout: Duration) -> Vec<String> {
    match server.dialect {
        Dialect::Sqlite => vec!["BEGIN IMMEDIATE".to_owned()],
        Dialect::Postgres => {
            let mut statements = vec!["BEGIN ISOLATION LEVEL READ COMMITTED".to_owned()];
            if !lock_timeout.is_zero() {
                statements.push(format!("SET LOCAL lock_timeout = {}", lock_timeout.as_millis()));
            }
            statements
        }
        Dialect::Mysql | Dialect::Mariadb => vec!["START TRANSACTION".to_owned()],
    }
}

/// What to send behind the transaction of a chunk, so that the session may wait as long as it must.
pub(super) fn after_chunk(server: &Server) -> Option<&'static str> {
    match server.dialect {
        Dialect::Mysql => Some("SET SESSION wait_timeout = DEFAULT"),
        Dialect::Mariadb => Some("SET SESSION max_statement_time = DEFAULT"),
        Dialect::Postgres | Dialect::Sqlite => None,
    }
}

/// Whether the server can pass over rows that others have locked.
pub(super) fn skips_locked(server: &Server) -> bool {
    // Tests have servers of today; this lets them take the other way.
    #[cfg(feature = "fault-points")]
    if std::env::var_os("DUNLIN_BACKFILL_LEASES").is_some() {
        return false;
    }
    match server.dialect {
        Dialect::Postgres | Dialect::Sqlite => true,
        Dialect::Mysql => server.version >= (8, 0, 1),
        Dialect::Mariadb => server.version >= (10, 6, 0),
    }
}

/// Why a server is too old, if it is: chunks are planned with window functions.
pub(super) fn obstacle(server: &Server) -> Option<String> {
    let (wanted, enough) = match server.dialect {
        Dialect::Postgres => ("9.6", server.version >= (9, 6, 0)),
        Dialect::Mysql => ("8.0", server.version >= (8, 0, 0)),
        Dialect::Mariadb => ("10.3", server.version >= (10, 3, 0)),
        Dialect::Sqlite => return None,
    };
    (!enough).then(|| {
        format!("backfills need {} {wanted} or newer; this is {}", server.dialect, server.version_text)
    })
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().max(1)
}
