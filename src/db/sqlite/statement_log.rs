//! Compiled in for tests only: the file that `DUNLIN_STATEMENT_LOG` names gets every statement that SQLite is given, with
//! its parameters written out, a JSON string a line. So a test can compare what two programs gave to SQLite, which has no
//! server that could tell.

use std::fs::OpenOptions;
use std::io::Write;

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use crate::db::error::{DbError, DbErrorKind};

/// The connection, whose statements are logged from here on if the environment asks for it.
pub(super) fn begin(mut connection: Connection) -> Result<Connection, DbError> {
    let Some(path) = std::env::var_os("DUNLIN_STATEMENT_LOG").filter(|path| !path.is_empty()) else {
        return Ok(connection);
    };
    let mut file = OpenOptions::new().append(true).create(true).open(&path).map_err(|error| {
        DbError::new(DbErrorKind::Storage, format!("{}: {error}", path.to_string_lossy()))
    })?;
    // What a foreign key does to other rows is told as the statement that caused it, while that still runs.
    let mut running: Option<String> = None;
    let write = move |event: TraceEvent<'_>| {
        let (statement, text) = match event {
            TraceEvent::Stmt(statement, text) => (statement, text),
            TraceEvent::Profile(..) => {
                running = None;
                return;
            }
            _ => return,
        };
        // A comment tells of a trigger's statement.
        if text.starts_with("--") || running.as_deref() == Some(text) {
            return;
        }
        running = Some(text.to_owned());
        let text = statement.expanded_sql().unwrap_or_else(|| text.to_owned());
        // A test that misses a line fails; there is nobody to tell here.
        let _ = writeln!(file, "{}", serde_json::Value::from(text));
    };
    let events = TraceEventCodes::SQLITE_TRACE_STMT | TraceEventCodes::SQLITE_TRACE_PROFILE;
    connection.trace_v2(events, Some(write)).map_err(super::convert)?;
    Ok(connection)
}
