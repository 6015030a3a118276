//! What a server or driver answers when it refuses.

/// An error of a connection or statement. Passwords never appear in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct DbError {
    /// What kind of failure, for decisions.
    pub kind: DbErrorKind,
    /// The server's or driver's message, without its code.
    pub message: String,
    /// SQLSTATE, where the server gives one.
    pub sqlstate: Option<String>,
    /// The server's number: MySQL's error number, SQLite's extended result code.
    pub code: Option<i32>,
    /// Position in the statement, in characters from 1 (PostgreSQL, SQLite).
    pub position: Option<u32>,
    /// PostgreSQL's DETAIL.
    pub detail: Option<String>,
    /// PostgreSQL's HINT, or what dunlin advises.
    pub hint: Option<String>,
    /// What PostgreSQL says besides.
    pub fields: Option<Box<ErrorFields>>,
}

/// The rest of what PostgreSQL says of an error, for programs that decide by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the server names them")]
pub struct ErrorFields {
    pub severity: String,
    pub schema: Option<String>,
    pub table: Option<String>,
    pub column: Option<String>,
    pub data_type: Option<String>,
    pub constraint: Option<String>,
}

/// What a caller can do about a [`DbError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DbErrorKind {
    /// The URL is wrong, or names what dunlin cannot do.
    Configuration,
    /// No server there, or the connection broke.
    Connection,
    /// Wrong user or password.
    Authentication,
    /// A lock was not obtained in time: PostgreSQL 55P03, MySQL 1205, SQLite BUSY. Retrying is sensible.
    LockTimeout,
    /// Chosen as the victim of a deadlock or serialization failure: 40P01, 40001, MySQL 1213. Retrying is sensible.
    Deadlock,
    /// The database cannot be written: read-only, disk full.
    Storage,
    /// A plugin that ran in a statement's place refuses or fails.
    Plugin,
    /// Anything else that the server says of a statement.
    Statement,
}

impl DbError {
    /// An error of a kind with a message and nothing else.
    pub fn new(kind: DbErrorKind, message: impl Into<String>) -> DbError {
        DbError {
            kind,
            message: message.into(),
            sqlstate: None,
            code: None,
            position: None,
            detail: None,
            hint: None,
            fields: None,
        }
    }

    /// Whether the server says that a table is not there.
    pub fn is_missing_table(&self) -> bool {
        self.sqlstate.as_deref() == Some("42P01")
            || self.code == Some(1146)
            || self.message.starts_with("no such table")
    }

    /// The URL is wrong, or asks for what dunlin cannot do.
    pub(super) fn configuration(message: impl Into<String>) -> DbError {
        DbError::new(DbErrorKind::Configuration, message)
    }

    /// No server there, or the connection broke.
    pub(super) fn connection(message: impl Into<String>) -> DbError {
        DbError::new(DbErrorKind::Connection, message)
    }

    /// The same with advice.
    #[must_use]
    pub(super) fn advise(mut self, hint: impl Into<String>) -> DbError {
        self.hint = Some(hint.into());
        self
    }
}
