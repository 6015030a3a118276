//! What the server does for a change.

use crate::ddl::{Change, Effect, Known, ServerVersion, TableName};

/// What the server does for one change.
pub(in crate::ddl) fn effects(
    _change: &Change,
    _server: ServerVersion,
    _known: &dyn Fn(&TableName) -> Known,
) -> Vec<Effect> {
    Vec::new()
}
