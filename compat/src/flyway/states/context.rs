//! The state of one migration, given what is known of all (class `MigrationInfoContext` and the `getState` methods).

use std::collections::HashMap;

use crate::flyway::history::{AppliedMigration, MigrationType};
use crate::flyway::states::{CherryPick, MigrationState, Resolved};
use crate::flyway::version::MigrationVersion;

/// What is known of all migrations together.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// How far to go; `None` sets no limit.
    pub target: Option<MigrationVersion>,
    pub out_of_order: bool,
    pub cherry_pick: Option<CherryPick>,
    /// The highest baseline migration that is not applied.
    pub pending_baseline: Option<MigrationVersion>,
    /// The highest version among rows with which a history may begin.
    pub applied_baseline: Option<MigrationVersion>,
    /// The highest version among files.
    pub last_resolved: MigrationVersion,
    /// The highest version among rows that still count.
    pub last_applied: MigrationVersion,
    /// The rank of each repeatable migration's latest row, by description.
    pub latest_runs: HashMap<String, i64>,
}

/// What a row is besides its columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub out_of_order: bool,
    pub deleted: bool,
    pub undone: bool,
}

impl Context {
    /// The state of a file without a row that counts.
    pub fn resolved_state(&self, migration: &Resolved) -> MigrationState {
        if let Some(picks) = &self.cherry_pick
            && picks.position(migration.version.as_ref(), &migration.description).is_none()
        {
            return MigrationState::Ignored;
        }
        if !migration.should_execute {
            return MigrationState::Ignored;
        }
        let state = self.by_version(migration);
        if !migration.kind.is_baseline_migration() {
            return state;
        }
        match state {
            MigrationState::Pending if self.has_begun() => MigrationState::Ignored,
            MigrationState::BaselineIgnored
                if migration.version == self.pending_baseline && !self.has_begun() =>
            {
                MigrationState::Pending
            }
            state => state,
        }
    }

    fn by_version(&self, migration: &Resolved) -> MigrationState {
        let Some(version) = &migration.version else {
            return MigrationState::Pending;
        };
        let has_applied = self.last_applied != MigrationVersion::EMPTY;
        let base = if has_applied { &self.applied_baseline } else { &self.pending_baseline };
        match base.as_ref().map(|base| version.cmp(base)) {
            Some(std::cmp::Ordering::Less) => return MigrationState::BelowBaseline,
            Some(std::cmp::Ordering::Equal) => return MigrationState::BaselineIgnored,
            _ => {}
        }
        if migration.kind.is_undo() {
            return MigrationState::Available;
        }
        let is_limited = |target: &&MigrationVersion| **target != MigrationVersion::NEXT && version > *target;
        if self.target.as_ref().filter(is_limited).is_some() {
            return MigrationState::AboveTarget;
        }
        // Picking a migration means to run it, whatever was applied after it.
        if *version < self.last_applied && !self.out_of_order && self.cherry_pick.is_none() {
            return MigrationState::Ignored;
        }
        MigrationState::Pending
    }

    fn has_begun(&self) -> bool {
        self.applied_baseline.is_some() || self.last_applied != MigrationVersion::EMPTY
    }

    /// The state of a row.
    pub fn applied_state(
        &self,
        row: &AppliedMigration,
        file: Option<&Resolved>,
        marks: Marks,
    ) -> MigrationState {
        if marks.undone {
            return MigrationState::Undone;
        }
        if marks.deleted {
            return MigrationState::Deleted;
        }
        if row.kind == MigrationType::Delete {
            return MigrationState::Success;
        }
        if row.kind == MigrationType::Baseline {
            return MigrationState::Baseline;
        }
        let missing = self.missing_state(row, file);
        if row.kind.is_baseline_migration() {
            if !row.success {
                return MigrationState::Failed;
            }
            return missing.unwrap_or(MigrationState::Baseline);
        }
        if let Some(missing) = missing {
            return missing;
        }
        if !row.success {
            return MigrationState::Failed;
        }
        if row.kind == MigrationType::Schema {
            return MigrationState::Success;
        }
        if row.version.is_none() {
            return self.repeatable_state(row, file);
        }
        if marks.out_of_order { MigrationState::OutOfOrder } else { MigrationState::Success }
    }

    fn missing_state(&self, row: &AppliedMigration, file: Option<&Resolved>) -> Option<MigrationState> {
        // An undo that was recorded needs no file any more.
        if file.is_some() || row.kind.marks_undone() || !self.is_latest_run(row) {
            return None;
        }
        if row.kind == MigrationType::Schema {
            return Some(MigrationState::Success);
        }
        let is_missing = row.version.as_ref().is_none_or(|version| *version < self.last_resolved);
        Some(match (is_missing, row.success) {
            (true, true) => MigrationState::MissingSuccess,
            (true, false) => MigrationState::MissingFailed,
            (false, true) => MigrationState::FutureSuccess,
            (false, false) => MigrationState::FutureFailed,
        })
    }

    fn repeatable_state(&self, row: &AppliedMigration, file: Option<&Resolved>) -> MigrationState {
        if !self.is_latest_run(row) {
            return MigrationState::Superseded;
        }
        if file.is_some_and(|file| file.checksum_matches(row.checksum)) {
            return MigrationState::Success;
        }
        MigrationState::Outdated
    }

    fn is_latest_run(&self, row: &AppliedMigration) -> bool {
        row.version.is_some()
            || self.latest_runs.get(&row.description).is_none_or(|latest| *latest == row.rank)
    }
}
