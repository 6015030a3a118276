//! What SQLite does for a change. Whoever writes holds the database's one write lock until the transaction ends.
//!
//! Measured by `tests/rule_proofs_sqlite.rs` on the release that Dunlin brings along.

use super::super::{Change, ChangeKind, Effect, Known, RowChange, ServerVersion, TableLock, TableName};

/// What the server does for one change.
pub(in super::super) fn effects(
    change: &Change,
    _server: ServerVersion,
    known: &dyn Fn(&TableName) -> Known,
) -> Vec<Effect> {
    let one = |table: &TableName, rewrites: bool, scans: bool| {
        vec![Effect { table: table.clone(), lock: TableLock::Sqlite, rewrites, scans: scans || rewrites }]
    };
    match &change.kind {
        // Rows keep their old form; a new column is read as its default. They are read if something must hold for them.
        ChangeKind::AddColumn { table, column, .. } => {
            let checked = column.constraints.iter().any(|constraint| constraint.expression.is_some())
                || column.not_null && column.generated_virtual;
            let facts = known(table);
            one(table, false, checked || !facts.checks.is_empty() || facts.is_strict)
        }
        ChangeKind::DropColumn { table, column, .. } => {
            let facts = known(table);
            let is_virtual = facts
                .columns
                .iter()
                .flatten()
                .any(|known| known.name.eq_ignore_ascii_case(column) && known.generated);
            one(table, !is_virtual, false)
        }
        ChangeKind::SetNotNull { table, .. } | ChangeKind::AddConstraint { table, .. } => {
            one(table, false, true)
        }
        ChangeKind::RenameTable { table, .. }
        | ChangeKind::RenameColumn { table, .. }
        | ChangeKind::DropNotNull { table, .. }
        | ChangeKind::DropConstraint { table, .. } => one(table, false, false),
        ChangeKind::CreateIndex { index, .. } => one(&index.table, false, true),
        ChangeKind::DropTable { tables, .. } => {
            tables.iter().flat_map(|table| one(table, false, false)).collect()
        }
        ChangeKind::CreateTrigger { table, .. } => one(table, false, false),
        ChangeKind::RewriteTable { table, .. } => {
            let whole = TableName::plain("main");
            one(table.as_ref().unwrap_or(&whole), true, true)
        }
        ChangeKind::Rows(rows) => match rows {
            RowChange::Update { table, filtered, .. } | RowChange::Delete { table, filtered, .. } => {
                one(table, false, !filtered)
            }
            RowChange::Insert { table, .. } | RowChange::Merge { table } | RowChange::Load { table } => {
                one(table, false, false)
            }
        },
        _ => Vec::new(),
    }
}
