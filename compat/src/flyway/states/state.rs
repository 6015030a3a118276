//! The states of migrations (enum `MigrationState`).

use std::fmt;

use crate::model::Standing;

/// The state of one line of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MigrationState {
    /// To be applied.
    Pending,
    /// Not to be applied, since it is above the target.
    AboveTarget,
    /// Not to be applied, since the history begins above it.
    BelowBaseline,
    /// Not to be applied, since the history begins with it.
    BaselineIgnored,
    /// The marker with which a history begins, or an applied baseline migration.
    Baseline,
    /// Not to be applied, since a later one was, or for its own `shouldExecute`.
    Ignored,
    /// Applied, but without a file, though later files exist.
    MissingSuccess,
    /// Failed and without a file, though later files exist.
    MissingFailed,
    /// Applied.
    Success,
    /// Applied and taken back.
    Undone,
    /// An undo file.
    Available,
    /// Failed.
    Failed,
    /// Applied after a later one.
    OutOfOrder,
    /// Applied, but without a file and later than all files.
    FutureSuccess,
    /// Failed, without a file and later than all files.
    FutureFailed,
    /// A repeatable migration that changed since it was applied.
    Outdated,
    /// A repeatable migration that was applied again later.
    Superseded,
    /// Applied, then declared missing by `repair` or taken back by us.
    Deleted,
}

impl MigrationState {
    /// All states in Flyway's order.
    pub const ALL: [MigrationState; 18] = [
        MigrationState::Pending,
        MigrationState::AboveTarget,
        MigrationState::BelowBaseline,
        MigrationState::BaselineIgnored,
        MigrationState::Baseline,
        MigrationState::Ignored,
        MigrationState::MissingSuccess,
        MigrationState::MissingFailed,
        MigrationState::Success,
        MigrationState::Undone,
        MigrationState::Available,
        MigrationState::Failed,
        MigrationState::OutOfOrder,
        MigrationState::FutureSuccess,
        MigrationState::FutureFailed,
        MigrationState::Outdated,
        MigrationState::Superseded,
        MigrationState::Deleted,
    ];

    /// What tables show.
    pub fn display_name(self) -> &'static str {
        match self {
            MigrationState::Pending => "Pending",
            MigrationState::AboveTarget => "Above Target",
            MigrationState::BelowBaseline => "Below Baseline",
            MigrationState::BaselineIgnored => "Ignored (Baseline)",
            MigrationState::Baseline => "Baseline",
            MigrationState::Ignored => "Ignored",
            MigrationState::MissingSuccess => "Missing",
            MigrationState::MissingFailed => "Failed (Missing)",
            MigrationState::Success => "Success",
            MigrationState::Undone => "Undone",
            MigrationState::Available => "Available",
            MigrationState::Failed => "Failed",
            MigrationState::OutOfOrder => "Out of Order",
            MigrationState::FutureSuccess => "Future",
            MigrationState::FutureFailed => "Failed (Future)",
            MigrationState::Outdated => "Outdated",
            MigrationState::Superseded => "Superseded",
            MigrationState::Deleted => "Deleted",
        }
    }

    /// What `-infoOfState` calls it.
    pub fn filter_name(self) -> &'static str {
        match self {
            MigrationState::Pending => "PENDING",
            MigrationState::AboveTarget => "ABOVE_TARGET",
            MigrationState::BelowBaseline => "BELOW_BASELINE",
            MigrationState::BaselineIgnored => "BASELINE_IGNORED",
            MigrationState::Baseline => "BASELINE",
            MigrationState::Ignored => "IGNORED",
            MigrationState::MissingSuccess => "MISSING_SUCCESS",
            MigrationState::MissingFailed => "MISSING_FAILED",
            MigrationState::Success => "SUCCESS",
            MigrationState::Undone => "UNDONE",
            MigrationState::Available => "AVAILABLE",
            MigrationState::Failed => "FAILED",
            MigrationState::OutOfOrder => "OUT_OF_ORDER",
            MigrationState::FutureSuccess => "FUTURE_SUCCESS",
            MigrationState::FutureFailed => "FUTURE_FAILED",
            MigrationState::Outdated => "OUTDATED",
            MigrationState::Superseded => "SUPERSEDED",
            MigrationState::Deleted => "DELETED",
        }
    }

    /// The state that `-infoOfState` calls so.
    pub fn from_filter_name(name: &str) -> Option<MigrationState> {
        MigrationState::ALL.into_iter().find(|state| state.filter_name() == name)
    }

    /// Whether Flyway counts it as having a file.
    pub fn is_resolved(self) -> bool {
        !matches!(
            self,
            MigrationState::MissingSuccess
                | MigrationState::MissingFailed
                | MigrationState::FutureSuccess
                | MigrationState::FutureFailed
                | MigrationState::Deleted
        )
    }

    /// Whether it has a row.
    pub fn is_applied(self) -> bool {
        !matches!(
            self,
            MigrationState::Pending
                | MigrationState::AboveTarget
                | MigrationState::BelowBaseline
                | MigrationState::BaselineIgnored
                | MigrationState::Ignored
                | MigrationState::Available
        )
    }

    /// Whether its row says that it failed.
    pub fn is_failed(self) -> bool {
        matches!(self, MigrationState::Failed | MigrationState::MissingFailed | MigrationState::FutureFailed)
    }

    /// What the state means to the engine.
    pub fn standing(self) -> Standing {
        match self {
            MigrationState::Pending => Standing::Pending,
            MigrationState::AboveTarget
            | MigrationState::BelowBaseline
            | MigrationState::BaselineIgnored
            | MigrationState::Ignored
            | MigrationState::Available
            | MigrationState::Undone
            | MigrationState::Deleted => Standing::Skipped,
            MigrationState::Baseline
            | MigrationState::Success
            | MigrationState::OutOfOrder
            | MigrationState::Superseded
            | MigrationState::Outdated => Standing::Applied,
            MigrationState::MissingSuccess
            | MigrationState::MissingFailed
            | MigrationState::Failed
            | MigrationState::FutureSuccess
            | MigrationState::FutureFailed => Standing::Drifted,
        }
    }
}

impl fmt::Display for MigrationState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.display_name())
    }
}
