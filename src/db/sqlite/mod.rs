//! SQLite, in this process. Values are given as `CAST(… AS TEXT)` prints them, except BLOBs: those are hexadecimal
//! literals, `X'0AFF'`.

mod lock;
mod open;
#[cfg(feature = "fault-points")]
mod statement_log;

pub(super) use open::connect;

use super::error::{DbError, DbErrorKind};
use super::{BatchError, Cell, Column, Connection, Outcome, Parameter, TypedColumn, TypedOutcome};
use dunlin_compat::model::{Lock, Row, Server, Value};
use lock::FileLock;
use rusqlite::config::DbConfig;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, ErrorCode, Statement};
use std::path::PathBuf;

/// A session on a SQLite database.
pub(super) struct SqliteConnection {
    connection: rusqlite::Connection,
    /// Prints floating point numbers: only SQLite knows how it prints them.
    printer: Option<rusqlite::Connection>,
    server: Server,
    file: Option<PathBuf>,
    /// Dropped after the connection: see [`lock`].
    lock: Option<FileLock>,
}

impl SqliteConnection {
    fn new(connection: rusqlite::Connection, file: Option<PathBuf>, server: Server) -> SqliteConnection {
        SqliteConnection { connection, printer: None, server, file, lock: None }
    }

    fn run(&mut self, sql: &str) -> Result<Outcome, DbError> {
        if sql.contains('\0') {
            return Err(DbError::new(
                DbErrorKind::Statement,
                "the statement holds a NUL character, where SQLite would stop",
            ));
        }
        let mut last = Outcome::default();
        let mut batch = Batch::new(&self.connection, sql);
        while let Some(mut statement) = batch.next().map_err(convert)? {
            last = step(&self.connection, &mut self.printer, &mut statement).map_err(convert)?;
        }
        Ok(last)
    }
}

impl Connection for SqliteConnection {
    fn server(&self) -> &Server {
        &self.server
    }

    fn execute(&mut self, sql: &str) -> Result<Outcome, DbError> {
        self.run(sql)
    }

    fn execute_many(&mut self, statements: &[&str]) -> Result<Vec<Outcome>, Box<BatchError>> {
        let mut done = Vec::with_capacity(statements.len());
        for (index, sql) in statements.iter().enumerate() {
            match self.run(sql) {
                Ok(outcome) => done.push(outcome),
                Err(error) => {
                    return Err(Box::new(BatchError { index: Some(index), done, error }));
                }
            }
        }
        Ok(done)
    }

    fn execute_typed(
        &mut self,
        sql: &str,
        parameters: &[Parameter],
        _returns_rows: bool,
    ) -> Result<TypedOutcome, DbError> {
        if sql.contains('\0') {
            return Err(DbError::new(
                DbErrorKind::Statement,
                "the statement holds a NUL character, where SQLite would stop",
            ));
        }
        let mut statement = self.connection.prepare(sql).map_err(convert)?;
        typed(&self.connection, &mut statement, parameters).map_err(convert)
    }

    fn copy_in(&mut self, _statement: &str, _data: &[u8]) -> Result<u64, DbError> {
        Err(DbError::new(DbErrorKind::Statement, "COPY is PostgreSQL's; SQLite does not have it"))
    }

    /// A database in memory has no one to share with: its lock is always granted.
    fn try_lock(&mut self, lock: &Lock) -> Result<bool, DbError> {
        if *lock != Lock::DatabaseFile {
            return Err(DbError::configuration(format!("SQLite has no {lock}")));
        }
        let Some(path) = &self.file else { return Ok(true) };
        let taken = FileLock::try_lock(path).map_err(|error| {
            DbError::new(DbErrorKind::Storage, format!("cannot lock {}: {error}", path.display()))
        })?;
        let granted = taken.is_some();
        self.lock = taken.or(self.lock.take());
        Ok(granted)
    }

    fn unlock(&mut self, _lock: &Lock) -> Result<(), DbError> {
        self.lock = None;
        Ok(())
    }

    fn lock_holder(&mut self, _lock: &Lock) -> Option<String> {
        lock::holder(self.file.as_ref()?).map(|process| format!("process {process}"))
    }

    /// A session's id is its process': alive while a process with this number runs. Only Linux tells; elsewhere every
    /// other process counts as gone, and the file lock alone keeps sessions apart.
    fn session_alive(&mut self, session_id: i64) -> Result<bool, DbError> {
        Ok(session_id == self.server.session_id
            || std::path::Path::new(&format!("/proc/{session_id}")).exists())
    }

    fn enforce_foreign_keys(&mut self, on: bool) -> Result<bool, DbError> {
        let was = self.connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY).map_err(convert)?;
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, on).map_err(convert)?;
        Ok(was)
    }

    fn refuse_double_quoted_strings(&mut self) -> Result<(), DbError> {
        for switch in [DbConfig::SQLITE_DBCONFIG_DQS_DDL, DbConfig::SQLITE_DBCONFIG_DQS_DML] {
            self.connection.set_db_config(switch, false).map_err(convert)?;
        }
        Ok(())
    }

    fn take_notices(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn in_transaction(&mut self) -> Result<bool, DbError> {
        Ok(!self.connection.is_autocommit())
    }
}

/// Runs one statement to its end.
fn step(
    connection: &rusqlite::Connection,
    printer: &mut Option<rusqlite::Connection>,
    statement: &mut Statement<'_>,
) -> rusqlite::Result<Outcome> {
    let before = connection.total_changes();
    let columns: Vec<Column> =
        statement.column_names().map(|name| Column { name: name.to_owned(), type_id: None }).collect();
    let mut rows = Vec::new();
    let mut cursor = statement.raw_query();
    while let Some(row) = cursor.next()? {
        let values: rusqlite::Result<Row> =
            (0..columns.len()).map(|index| print(printer, row.get_ref(index)?)).collect();
        rows.push(values?);
    }
    drop(cursor);
    // The count stays that of the last change when a statement changes nothing.
    let changed = connection.total_changes() != before;
    let affected = if changed { connection.changes() } else { rows.len() as u64 };
    Ok(Outcome { columns, rows, affected })
}

/// Runs one statement to its end and keeps storage classes apart.
fn typed(
    connection: &rusqlite::Connection,
    statement: &mut Statement<'_>,
    parameters: &[Parameter],
) -> rusqlite::Result<TypedOutcome> {
    let before = connection.total_changes();
    for (index, parameter) in parameters.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, bound(parameter))?;
    }
    let columns: Vec<TypedColumn> = statement
        .columns()
        .map(|column| TypedColumn {
            name: column.name().to_owned(),
            declared: column.decl_type().map(str::to_owned),
            ..TypedColumn::default()
        })
        .collect();
    let mut rows = Vec::new();
    let mut cursor = statement.raw_query();
    while let Some(row) = cursor.next()? {
        let cells: rusqlite::Result<Vec<Cell>> =
            (0..columns.len()).map(|index| Ok(cell(row.get_ref(index)?))).collect();
        rows.push(cells?);
    }
    drop(cursor);
    let changed = connection.total_changes() != before;
    let affected = if changed { connection.changes() } else { rows.len() as u64 };
    Ok(TypedOutcome { columns, rows, affected, last_id: Some(connection.last_insert_rowid()) })
}

fn bound(parameter: &Parameter) -> rusqlite::types::Value {
    match parameter {
        Parameter::Null => rusqlite::types::Value::Null,
        Parameter::Boolean(value) => rusqlite::types::Value::Integer(i64::from(*value)),
        Parameter::Integer(value) => rusqlite::types::Value::Integer(*value),
        Parameter::Real(value) => rusqlite::types::Value::Real(*value),
        Parameter::BigInteger(text) | Parameter::Text(text) => rusqlite::types::Value::Text(text.clone()),
        Parameter::Bytes(bytes) => rusqlite::types::Value::Blob(bytes.clone()),
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Cell::Text(text.to_owned()),
            Err(_) => Cell::Bytes(text.to_vec()),
        },
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}

fn print(printer: &mut Option<rusqlite::Connection>, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => {
            let printer = match printer {
                Some(printer) => printer,
                None => printer.insert(rusqlite::Connection::open_in_memory()?),
            };
            Some(printer.prepare_cached("SELECT CAST(?1 AS TEXT)")?.query_row([number], |row| row.get(0))?)
        }
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            Some(format!("X'{hex}'"))
        }
    })
}

/// SQLite's error in neutral terms.
fn convert(error: rusqlite::Error) -> DbError {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => {
            let message = message.unwrap_or_else(|| code.to_string());
            sqlite_error(code, message)
        }
        rusqlite::Error::SqlInputError { error, msg, sql, offset } => {
            let mut converted = sqlite_error(error, msg);
            let offset = usize::try_from(offset).ok();
            converted.position = offset
                .and_then(|offset| sql.get(..offset))
                .and_then(|before| u32::try_from(before.chars().count() + 1).ok());
            converted
        }
        other => DbError::new(DbErrorKind::Statement, other.to_string()),
    }
}

fn sqlite_error(code: rusqlite::ffi::Error, message: String) -> DbError {
    let kind = match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => DbErrorKind::LockTimeout,
        ErrorCode::ReadOnly
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::PermissionDenied
        | ErrorCode::NotADatabase
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NoLargeFileSupport => DbErrorKind::Storage,
        _ => DbErrorKind::Statement,
    };
    let mut error = DbError::new(kind, message);
    error.code = Some(code.extended_code);
    error
}

#[cfg(test)]
mod tests;
