//! Errors of servers and drivers.

use super::Failure;
use crate::db::{DbError, DbErrorKind};
use crate::schema::SchemaError;

impl From<DbError> for Failure {
    fn from(error: DbError) -> Failure {
        let mut failure = Failure::new(code_of(&error), error.message.clone());
        failure.server_code = server_code(&error);
        failure.help = error.hint.clone().or_else(|| advice(&error).map(str::to_owned));
        failure
    }
}

impl From<SchemaError> for Failure {
    fn from(error: SchemaError) -> Failure {
        let message = error.to_string();
        match error {
            SchemaError::Server(error) => Failure { message, ..Failure::from(error) },
        }
    }
}

/// What to do where the server or driver does not say.
pub(super) fn advice(error: &DbError) -> Option<&'static str> {
    let number = error.code.unwrap_or(0);
    if error.sqlstate.as_deref() == Some("3D000") || (number == UNKNOWN_DATABASE && error.sqlstate.is_some())
    {
        return Some("Create the database, or correct its name in the URL; dunlin creates none.");
    }
    Some(match error.kind {
        DbErrorKind::Storage if error.message.ends_with(NOT_A_DATABASE) => {
            "Check the path; what is there is no SQLite database, or an encrypted one."
        }
        DbErrorKind::Authentication => "Check user and password; `dunlin doctor` shows which URL is used.",
        DbErrorKind::LockTimeout => {
            "Somebody else holds a lock that is needed. Try again when they are done, or raise --lock-timeout."
        }
        DbErrorKind::Deadlock => "Nothing of it was kept. Try again.",
        DbErrorKind::Storage if error.code.is_some() => {
            "Check that the disk has room and that the database may be written."
        }
        _ => return None,
    })
}

/// MySQL's and MariaDB's number for a database that is not there.
const UNKNOWN_DATABASE: i32 = 1049;

/// SQLite's words for a file that is something else.
const NOT_A_DATABASE: &str = "file is not a database";

pub(super) fn code_of(error: &DbError) -> &'static str {
    match error.kind {
        DbErrorKind::Configuration => "CONFIGURATION",
        DbErrorKind::Connection => "CONNECTION",
        DbErrorKind::Authentication => "AUTHENTICATION",
        DbErrorKind::LockTimeout => "LOCK_TIMEOUT",
        DbErrorKind::Deadlock => "DEADLOCK",
        DbErrorKind::Storage => "STORAGE",
        DbErrorKind::Plugin => "PLUGIN_FAILED",
        DbErrorKind::Statement => "STATEMENT",
    }
}

pub(super) fn server_code(error: &DbError) -> Option<String> {
    match (&error.sqlstate, error.code) {
        (Some(state), Some(code)) => Some(format!("{state} ({code})")),
        (Some(state), None) => Some(state.clone()),
        (None, Some(code)) => Some(code.to_string()),
        (None, None) => None,
    }
}
