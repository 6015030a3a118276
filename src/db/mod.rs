//! Connections to servers behind one trait. Values cross as the server's own text.

mod error;
mod exists;
mod mask;
mod mysql;
mod postgres;
mod sqlite;
mod text;
mod tls;
mod typed;
pub mod url;
mod watched;

pub use error::{DbError, DbErrorKind, ErrorFields};
pub use exists::table_exists_query;
pub use mask::{Password, mask_url};
pub use typed::{Cell, Parameter, TypedColumn, TypedOutcome};
pub use url::DatabaseUrl;
pub use watched::{Watch, watched};

use dunlin_compat::model::{Lock, Row, Server};
use std::time::Duration;
use url::Engine;

/// Opens a session on the database that `url` names.
///
/// Connecting costs one round trip after the handshake, which learns what [`Connection::server`] tells.
///
/// # Errors
/// `Configuration`, `Connection` or `Authentication`, saying what was tried; on SQLite also `Storage`. Only
/// `Connection` is retried, [`ConnectOptions::connect_retries`] times.
pub fn connect(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Box<dyn Connection>, DbError> {
    let mut wait = Duration::from_secs(1);
    let mut retries = options.connect_retries;
    loop {
        let error = match connect_once(url, options) {
            Err(error) if error.kind == DbErrorKind::Connection && retries > 0 => error,
            result => return result,
        };
        drop(error);
        retries -= 1;
        std::thread::sleep(wait.min(options.connect_retries_interval));
        wait = wait.saturating_mul(2);
    }
}

fn connect_once(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Box<dyn Connection>, DbError> {
    match url.engine {
        Engine::Postgres => Ok(Box::new(postgres::connect(url, options)?)),
        Engine::Sqlite => Ok(Box::new(sqlite::connect(url, options)?)),
        Engine::Mysql => Ok(Box::new(mysql::connect(url, options)?)),
    }
}

/// What one statement gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Columns, empty for a statement without a result.
    pub columns: Vec<Column>,
    /// Rows as the server's text.
    pub rows: Vec<Row>,
    /// Rows affected or returned, as the server counts them.
    pub affected: u64,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The server's type id where the protocol gives it: PostgreSQL OID, MySQL column type.
    pub type_id: Option<u32>,
}

/// A notice of the server in its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in a PostgreSQL message")]
pub struct NoticeParts {
    pub severity: String,
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

/// A failure inside [`Connection::execute_many`].
#[derive(Debug)]
pub struct BatchError {
    /// Which statement failed, from 0. `None`: the connection was lost or the batch could not be sent.
    pub index: Option<usize>,
    /// What the statements before it gave.
    pub done: Vec<Outcome>,
    /// Why; a position in it is relative to the failed statement.
    pub error: DbError,
}

/// A session on a server.
///
/// Nothing here opens a transaction by itself: `BEGIN` and `COMMIT` are statements like others.
pub trait Connection: Send {
    /// What was learnt at connect.
    fn server(&self) -> &Server;

    /// Runs one statement and returns its result.
    fn execute(&mut self, sql: &str) -> Result<Outcome, DbError>;

    /// Runs statements in order and stops at the first that fails. PostgreSQL and MySQL send all in one round trip;
    /// statements must be complete and without their delimiter.
    ///
    /// Outside of a transaction PostgreSQL makes one of the statements that it gets together: if one fails, those
    /// before it are rolled back, and statements that refuse to run in a transaction must be sent with `execute`.
    fn execute_many(&mut self, statements: &[&str]) -> Result<Vec<Outcome>, Box<BatchError>>;

    /// Runs one statement and returns its result with types. Only SQLite takes parameters, for `?`; elsewhere they are an
    /// error. PostgreSQL tells types to those who prepare, so a statement that `returns_rows` costs a round trip more.
    fn execute_typed(
        &mut self,
        sql: &str,
        parameters: &[Parameter],
        returns_rows: bool,
    ) -> Result<TypedOutcome, DbError>;

    /// PostgreSQL's `COPY … FROM STDIN` with its data; an error elsewhere. Returns the number of rows.
    fn copy_in(&mut self, statement: &str, data: &[u8]) -> Result<u64, DbError>;

    /// Tries to take a session-level lock without waiting. Taking one twice is an error of the caller.
    fn try_lock(&mut self, lock: &Lock) -> Result<bool, DbError>;

    /// Gives a lock back. Closing the connection gives back all.
    fn unlock(&mut self, lock: &Lock) -> Result<(), DbError>;

    /// Who holds the lock, for a message: `process 4711 (flyway, 10.0.0.7)`; `None` when it cannot be told.
    fn lock_holder(&mut self, lock: &Lock) -> Option<String>;

    /// Whether a session with this id is still connected ([`Server::session_id`] of an earlier process).
    fn session_alive(&mut self, session_id: i64) -> Result<bool, DbError>;

    /// Asks anew for [`Server::quoting`], after statements that may have changed it.
    fn learn_quoting(&mut self) -> Result<(), DbError> {
        Ok(())
    }

    /// Has SQLite enforce foreign keys or not, also while a transaction is open, when its pragma does nothing. Returns whether it
    /// did before.
    fn enforce_foreign_keys(&mut self, _on: bool) -> Result<bool, DbError> {
        Ok(true)
    }

    /// Has SQLite refuse text in double quotes that names no column, which it otherwise takes for a string.
    fn refuse_double_quoted_strings(&mut self) -> Result<(), DbError> {
        Ok(())
    }

    /// Notices and warnings since the last call, as the server words them.
    fn take_notices(&mut self) -> Vec<String>;

    /// The parts of those that the next [`Connection::take_notices`] gives, where drivers hand them on.
    fn notice_parts(&self) -> Vec<NoticeParts> {
        Vec::new()
    }

    /// Whether a transaction is open as far as the driver knows: asked of the server where that is needed.
    fn in_transaction(&mut self) -> Result<bool, DbError>;
}

/// How to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// For reading or writing; matters to SQLite only.
    pub access: Access,
    /// The name under which the session shows on the server, unless the URL gives one.
    pub application_name: String,
    /// How often to try again when no server answers; between tries 1, 2, 4 … seconds pass, as Flyway does it.
    pub connect_retries: u32,
    /// The longest wait between two tries.
    pub connect_retries_interval: Duration,
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        ConnectOptions {
            access: Access::Write,
            application_name: "dunlin".to_owned(),
            connect_retries: 0,
            connect_retries_interval: Duration::from_secs(120),
        }
    }
}

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading: a SQLite file is not created and is opened without write access where possible.
    Read,
    /// Writing.
    Write,
}
