//! Sessions for runs: opened, and brought to the state in which migrations start.

use std::thread;
use std::time::Duration;

use dunlin_compat::model::{Adapter, AdapterError, Dialect, ForeignKeys};

use super::{RunError, RunOptions, lock};
use crate::db::{Connection, DbError, DbErrorKind};
use crate::sql;

/// Opens a session for writing on the project's database.
pub type Opener<'a> = dyn Fn() -> Result<Box<dyn Connection>, DbError> + 'a;

/// Opens a session and brings it to the state in which migrations start.
pub fn open_session(
    open: &Opener<'_>,
    adapter: &dyn Adapter,
    options: &RunOptions,
) -> Result<Box<dyn Connection>, RunError> {
    let (mut connection, beginning) = begin_session(open, adapter, options)?;
    prepare_session(connection.as_mut(), &beginning, options)?;
    Ok(connection)
}

/// Sends what a session begins with; again while others hold what it needs, as SQLite needs a file to itself to have it written
/// ahead.
pub(super) fn prepare_session(
    connection: &mut dyn Connection,
    statements: &[String],
    options: &RunOptions,
) -> Result<(), RunError> {
    if statements.is_empty() {
        return Ok(());
    }
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let mut attempt = 1;
    loop {
        match connection.execute_many(&statements) {
            Ok(_) => return Ok(()),
            Err(failure) if failure.error.kind == DbErrorKind::LockTimeout && attempt < options.attempts => {
                attempt += 1;
                thread::sleep(lock::jittered(Duration::from_millis(100)));
            }
            Err(failure) => return Err(RunError::server("preparing the session")(failure.error)),
        }
    }
}

/// Opens a session and returns with it what is still to be sent to bring it to that state, which can travel with other
/// statements.
pub(super) fn begin_session(
    open: &Opener<'_>,
    adapter: &dyn Adapter,
    options: &RunOptions,
) -> Result<(Box<dyn Connection>, Vec<String>), RunError> {
    let connection = open().map_err(RunError::server("connecting"))?;
    #[cfg(feature = "fault-points")]
    let connection = super::fault::wrap(connection);
    let mut connection = connection;
    let mut statements = Vec::new();
    match connection.server().dialect {
        Dialect::Sqlite => {
            let switch = if adapter.foreign_keys() == ForeignKeys::Enforced { "ON" } else { "OFF" };
            statements.push(format!("PRAGMA foreign_keys = {switch}"));
            if !adapter.takes_double_quoted_strings() {
                connection
                    .refuse_double_quoted_strings()
                    .map_err(RunError::server("preparing the session"))?;
            }
        }
        Dialect::Mysql | Dialect::Mariadb if !options.lock_timeout.is_zero() => {
            let seconds = options.lock_timeout.as_secs().max(1);
            statements.push(format!("SET SESSION lock_wait_timeout = {seconds}"));
        }
        Dialect::Mysql | Dialect::Mariadb | Dialect::Postgres => {}
    }
    let scripts = adapter.session_statements(connection.server());
    if scripts.is_empty() {
        return Ok((connection, statements));
    }
    // What the project says may be anything: it travels alone.
    let mut changes_quoting = false;
    for script in scripts {
        let server = connection.server();
        let found = sql::split_quoted(&script, server.dialect, server.quoting).map_err(|error| {
            RunError::Adapter(AdapterError::refused(
                "CONFIGURATION",
                format!("the statements for every session: {error}"),
            ))
        })?;
        changes_quoting |= found
            .iter()
            .any(|found| sql::classify(&found.text, server.dialect, server.version).changes_parsing);
        statements.extend(found.into_iter().map(|statement| statement.text));
    }
    prepare_session(connection.as_mut(), &statements, options)?;
    if changes_quoting {
        connection.learn_quoting().map_err(RunError::server("preparing the session"))?;
    }
    Ok((connection, Vec::new()))
}
