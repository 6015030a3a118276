//! MySQL and MariaDB: reading statements, and what the server does for them.

mod alter;
mod column;
mod create;
mod effects;
mod other;
mod rows;
mod settings;
mod statement;
#[cfg(test)]
mod tests;
mod types;

pub(super) use effects::effects;
pub use effects::{alone, combined, gentlest};
pub use types::{MysqlType, TypeChange, type_change};

use super::clause::Reading;
use super::{ServerVersion, Statement};
use crate::sql::Reader;

/// Reads one statement.
pub(super) fn read(text: &str, server: ServerVersion) -> Statement {
    let mut reading = Reading::new(Reader::new(text, server.dialect, server.version));
    statement::statement(&mut reading);
    reading.found
}
