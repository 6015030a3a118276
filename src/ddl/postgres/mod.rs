//! Reading statements, and what the server does for them.

use super::{Change, Effect, Known, ServerVersion, Statement, TableName};

/// Reads one statement.
pub(super) fn read(_text: &str) -> Statement {
    Statement::default()
}

/// What the server does for one change.
pub(super) fn effects(
    _change: &Change,
    _server: ServerVersion,
    _known: &dyn Fn(&TableName) -> Known,
) -> Vec<Effect> {
    Vec::new()
}
