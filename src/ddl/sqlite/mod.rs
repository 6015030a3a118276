//! SQLite: reading statements, and what it does for them.

mod column;
mod effects;
mod statement;
#[cfg(test)]
mod tests;

pub use column::affinity;
pub(super) use effects::effects;

use super::Statement;
use super::clause::Reading;
use crate::sql::Reader;
use dunlin_compat::model::Dialect;

/// Reads one statement.
pub(super) fn read(text: &str) -> Statement {
    let mut reading = Reading::new(Reader::new(text, Dialect::Sqlite, (3, 0, 0)));
    statement::statement(&mut reading);
    reading.found
}
