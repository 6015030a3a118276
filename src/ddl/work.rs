//! What a change costs a server.

use super::{ChangeKind, ConstraintKind, Effect};

/// What costs the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// The catalog alone changes.
    Catalog,
    /// The table is read whole.
    Read,
    /// Rows are changed.
    Rows,
    /// An index is built.
    Index,
    /// The table is written anew, with its indexes.
    Rewrite,
}

impl Work {
    /// What an effect of a change costs.
    pub fn of(kind: &ChangeKind, effect: &Effect) -> Work {
        if matches!(kind, ChangeKind::Rows(_)) {
            return Work::Rows;
        }
        if effect.rewrites {
            return Work::Rewrite;
        }
        if !effect.scans {
            return Work::Catalog;
        }
        match kind {
            ChangeKind::CreateIndex { .. } | ChangeKind::Reindex { .. } => Work::Index,
            ChangeKind::AddConstraint { constraint, .. }
                if matches!(
                    constraint.kind,
                    ConstraintKind::PrimaryKey | ConstraintKind::Unique | ConstraintKind::Exclusion
                ) =>
            {
                Work::Index
            }
            _ => Work::Read,
        }
    }

    /// Its name, as reports and records write it.
    pub fn name(self) -> &'static str {
        match self {
            Work::Catalog => "catalog",
            Work::Read => "read",
            Work::Rows => "rows",
            Work::Index => "index",
            Work::Rewrite => "rewrite",
        }
    }
}
