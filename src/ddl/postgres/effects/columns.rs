//! Columns.

use super::{Context, builds_index, has_not_null_check, is_not_null, locks, rewrites, scans};
use crate::ddl::postgres::{canonical, is_binary_coercible};
use crate::ddl::{ChangeKind, Column, ConstraintKind, Effect, PostgresLock as Lock, TableName};

pub(super) fn effects(kind: &ChangeKind, context: &Context<'_>) -> Option<Vec<Effect>> {
    use ChangeKind as K;
    Some(match kind {
        K::AddColumn { table, column, .. } => add_column(table, column, context),
        K::SetColumnType { table, column, data_type, using } => {
            vec![set_type(table, column, data_type, using.as_deref(), context)]
        }
        K::SetNotNull { table, column } => {
            let known = (context.known)(table);
            let is_proven = is_not_null(&known, column)
                || (context.server.version.0 >= 12 && has_not_null_check(&known, column));
            let effect = if is_proven { locks } else { scans };
            vec![effect(table, Lock::AccessExclusive)]
        }
        K::DropColumn { table, .. }
        | K::RenameColumn { table, .. }
        | K::SetDefault { table, .. }
        | K::DropDefault { table, .. }
        | K::DropNotNull { table, .. }
        | K::ChangeGenerated { table, .. } => vec![locks(table, Lock::AccessExclusive)],
        K::SetColumnOption { table, .. } => vec![locks(table, Lock::ShareUpdateExclusive)],
        _ => return None,
    })
}

fn add_column(table: &TableName, column: &Column, context: &Context<'_>) -> Vec<Effect> {
    let keeps_default = context.server.version.0 >= 11;
    let default_rewrites = column
        .default
        .as_ref()
        .is_some_and(|default| !default.is_null && (default.may_be_volatile || !keeps_default));
    let own = if default_rewrites || column.identity || column.auto_increment || column.generated_stored {
        rewrites(table, Lock::AccessExclusive)
    } else {
        // Without a default there is nothing to put into the rows, so a NOT NULL is checked against them, and fails; a
        // column that is computed on reading is computed for the check.
        let has_default = column.default.as_ref().is_some_and(|default| !default.is_null);
        let checks = column.not_null && !has_default
            || column
                .constraints
                .iter()
                .any(|constraint| constraint.kind == ConstraintKind::Check || builds_index(constraint.kind));
        let effect = if checks { scans } else { locks };
        effect(table, Lock::AccessExclusive)
    };
    let mut found = vec![own];
    let referenced = column.constraints.iter().filter_map(|constraint| constraint.references.as_ref());
    found.extend(
        referenced
            .filter(|references| references.table != *table)
            .map(|references| locks(&references.table, Lock::ShareRowExclusive)),
    );
    found
}

fn set_type(
    table: &TableName,
    column: &str,
    data_type: &str,
    using: Option<&str>,
    context: &Context<'_>,
) -> Effect {
    let known = (context.known)(table);
    let from = known.columns.iter().flatten().find(|known| known.name == column);
    let is_same = from.is_some_and(|from| {
        is_plain(using, column) && is_binary_coercible(&canonical(&from.data_type), &canonical(data_type))
    });
    if is_same { locks(table, Lock::AccessExclusive) } else { rewrites(table, Lock::AccessExclusive) }
}

/// Whether `USING` says no more than the column, perhaps cast.
fn is_plain(using: Option<&str>, column: &str) -> bool {
    let Some(using) = using else { return true };
    let value = using.split("::").next().unwrap_or_default().trim().trim_matches(['(', ')', '"']);
    value.eq_ignore_ascii_case(column)
}
