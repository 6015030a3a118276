//! What the server does for a change: the lock on each table, whether it is rewritten, whether it is read through.

mod columns;
mod constraints;

use std::borrow::Cow;

use crate::ddl::{
    Change, ChangeKind, ConstraintKind, Effect, Known, PostgresLock as Lock, RowChange, ServerVersion,
    TableLock, TableName,
};

/// What a rule of effects looks at.
struct Context<'a> {
    server: ServerVersion,
    known: &'a dyn Fn(&TableName) -> Known,
}

/// What the server does for one change.
pub(in crate::ddl) fn effects(
    change: &Change,
    server: ServerVersion,
    known: &dyn Fn(&TableName) -> Known,
) -> Vec<Effect> {
    let context = Context { server, known };
    columns::effects(&change.kind, &context)
        .or_else(|| constraints::effects(&change.kind, &context))
        .or_else(|| table(&change.kind))
        .or_else(|| index_or_partition(&change.kind, &context))
        .or_else(|| other(&change.kind))
        .unwrap_or_default()
}

fn locks(table: &TableName, lock: Lock) -> Effect {
    Effect { table: table.clone(), lock: TableLock::Postgres(lock), rewrites: false, scans: false }
}

fn scans(table: &TableName, lock: Lock) -> Effect {
    Effect { scans: true, ..locks(table, lock) }
}

fn rewrites(table: &TableName, lock: Lock) -> Effect {
    Effect { rewrites: true, scans: true, ..locks(table, lock) }
}

/// A table as a whole.
fn table(kind: &ChangeKind) -> Option<Vec<Effect>> {
    use ChangeKind as K;
    Some(match kind {
        K::CreateTable { table, columns, constraints, partition_of, .. } => {
            let inline = columns.iter().flat_map(|column| &column.constraints);
            let mut found: Vec<Effect> = inline
                .chain(constraints)
                .filter_map(|constraint| constraint.references.as_ref())
                .filter(|references| references.table != *table)
                .map(|references| locks(&references.table, Lock::ShareRowExclusive))
                .collect();
            found.extend(partition_of.as_ref().map(|parent| locks(parent, Lock::AccessExclusive)));
            found
        }
        K::DropTable { tables, .. } | K::Truncate { tables, .. } => {
            tables.iter().map(|table| locks(table, Lock::AccessExclusive)).collect()
        }
        K::RenameTable { table, .. }
        | K::SetSchema { table, .. }
        | K::RowSecurity { table }
        | K::ReplicaIdentity { table }
        | K::SetOwner { table } => vec![locks(table, Lock::AccessExclusive)],
        K::SetLogged { table, .. } | K::SetAccessMethod { table } | K::SetTablespace { table } => {
            vec![rewrites(table, Lock::AccessExclusive)]
        }
        K::RewriteTable { table: Some(table), .. } => vec![rewrites(table, Lock::AccessExclusive)],
        K::TableOptions { table, .. } => vec![locks(table, Lock::ShareUpdateExclusive)],
        K::EnableTrigger { table, .. } => vec![locks(table, Lock::ShareRowExclusive)],
        K::Inherit { table, parent, inherits } => vec![
            locks(table, Lock::AccessExclusive),
            locks(parent, if *inherits { Lock::ShareUpdateExclusive } else { Lock::AccessShare }),
        ],
        K::OtherTableChange { table, clause } => vec![other_change(table, clause)],
        _ => return None,
    })
}

fn other_change(table: &TableName, clause: &str) -> Effect {
    if clause.starts_with("CLUSTER ON") || clause.starts_with("SET WITHOUT CLUSTER") {
        locks(table, Lock::ShareUpdateExclusive)
    } else if clause.contains("SET EXPRESSION") || clause.contains("SPLIT") || clause.contains("MERGE") {
        rewrites(table, Lock::AccessExclusive)
    } else {
        locks(table, Lock::AccessExclusive)
    }
}

fn index_or_partition(kind: &ChangeKind, context: &Context<'_>) -> Option<Vec<Effect>> {
    use ChangeKind as K;
    let concurrent = |concurrently: &bool, otherwise| {
        if *concurrently { Lock::ShareUpdateExclusive } else { otherwise }
    };
    Some(match kind {
        K::CreateIndex { index, .. } => {
            let lock = concurrent(&index.concurrently, Lock::Share);
            // An index on the parent alone is empty.
            vec![Effect { scans: !index.only, ..locks(&index.table, lock) }]
        }
        // The lock is on the index and on its table, which the statement does not name.
        K::DropIndex { names, concurrently, .. } => {
            names.iter().map(|name| locks(name, concurrent(concurrently, Lock::AccessExclusive))).collect()
        }
        K::Reindex { what, name, concurrently } => {
            let otherwise = if what == "INDEX" { Lock::AccessExclusive } else { Lock::Share };
            vec![scans(name, concurrent(concurrently, otherwise))]
        }
        K::RenameIndex { name, .. } | K::AlterIndex { name, .. } => {
            vec![locks(&TableName::plain(name.as_str()), Lock::ShareUpdateExclusive)]
        }
        K::AttachPartition { table, partition } => {
            let known = (context.known)(partition);
            vec![
                locks(table, Lock::ShareUpdateExclusive),
                Effect { scans: known.checks.is_empty(), ..locks(partition, Lock::AccessExclusive) },
            ]
        }
        K::DetachPartition { table, partition, concurrently } => vec![
            locks(table, concurrent(concurrently, Lock::AccessExclusive)),
            locks(partition, Lock::AccessExclusive),
        ],
        _ => return None,
    })
}

fn other(kind: &ChangeKind) -> Option<Vec<Effect>> {
    use ChangeKind as K;
    Some(match kind {
        K::CreateView { view, or_replace: true, .. } => vec![locks(view, Lock::AccessExclusive)],
        K::DropView { views, .. } => views.iter().map(|view| locks(view, Lock::AccessExclusive)).collect(),
        K::RefreshMaterializedView { view, concurrently: false } => {
            vec![rewrites(view, Lock::AccessExclusive)]
        }
        K::RefreshMaterializedView { view, concurrently: true } => vec![scans(view, Lock::Exclusive)],
        K::CreateTrigger { table, .. } => vec![locks(table, Lock::ShareRowExclusive)],
        K::DropTrigger { table: Some(table), .. } => vec![locks(table, Lock::AccessExclusive)],
        K::LockTable { tables, mode } => {
            let mode: String = mode.split(' ').map(capitalised).collect();
            let lock = Lock::of_mode(&format!("{mode}Lock"))?;
            tables.iter().map(|table| locks(table, lock)).collect()
        }
        K::Rows(
            RowChange::Insert { table, .. }
            | RowChange::Update { table, .. }
            | RowChange::Delete { table, .. }
            | RowChange::Merge { table }
            | RowChange::Load { table },
        ) => vec![locks(table, Lock::RowExclusive)],
        _ => return None,
    })
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters.map(|rest| rest.to_ascii_lowercase())).collect()
}

/// Whether a validated check says that a column is not null.
pub(crate) fn has_not_null_check(known: &Known, column: &str) -> bool {
    known.checks.iter().any(|check| {
        let plain: Cow<'_, str> = check.replace(['(', ')', '"'], " ").into();
        let plain = plain.to_lowercase();
        let plain = plain.trim_start_matches("check").trim();
        // Only what is true of every row says so: parts joined by AND do, parts of an OR do not.
        !plain.contains(" or ")
            && plain
                .split(" and ")
                .any(|part| part.split_whitespace().eq([column.to_lowercase().as_str(), "is", "not", "null"]))
    })
}

fn is_not_null(known: &Known, column: &str) -> bool {
    known.columns.iter().flatten().any(|known| known.name == column && known.not_null)
}

fn builds_index(kind: ConstraintKind) -> bool {
    matches!(kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique | ConstraintKind::Exclusion)
}
