//! Constraints.

use super::{Context, is_not_null, locks, scans};
use crate::ddl::{ChangeKind, Constraint, ConstraintKind, Effect, PostgresLock as Lock, TableName};

pub(super) fn effects(kind: &ChangeKind, context: &Context<'_>) -> Option<Vec<Effect>> {
    use ChangeKind as K;
    Some(match kind {
        K::AddConstraint { table, constraint, .. } => add(table, constraint, context),
        K::DropConstraint { table, .. } | K::AlterConstraint { table, .. } => {
            vec![locks(table, Lock::AccessExclusive)]
        }
        K::ValidateConstraint { table, .. } => vec![scans(table, Lock::ShareUpdateExclusive)],
        _ => return None,
    })
}

fn add(table: &TableName, constraint: &Constraint, context: &Context<'_>) -> Vec<Effect> {
    let checks_rows = !constraint.not_valid && !constraint.not_enforced;
    let own = |checks, lock| if checks { scans(table, lock) } else { locks(table, lock) };
    match constraint.kind {
        ConstraintKind::ForeignKey => {
            let mut found = vec![own(checks_rows, Lock::ShareRowExclusive)];
            let referenced = constraint.references.as_ref().filter(|references| references.table != *table);
            found.extend(referenced.map(|references| locks(&references.table, Lock::ShareRowExclusive)));
            found
        }
        ConstraintKind::Check | ConstraintKind::NotNull => vec![own(checks_rows, Lock::AccessExclusive)],
        ConstraintKind::Unique | ConstraintKind::Exclusion => {
            vec![own(constraint.using_index.is_none(), Lock::AccessExclusive)]
        }
        ConstraintKind::PrimaryKey => {
            let known = (context.known)(table);
            let nullable = known.columns.is_some()
                && !constraint.columns.is_empty()
                && !constraint.columns.iter().all(|column| is_not_null(&known, column));
            vec![own(constraint.using_index.is_none() || nullable, Lock::AccessExclusive)]
        }
    }
}
