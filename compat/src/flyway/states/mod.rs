//! Files and history joined: which state every migration is in (classes `MigrationInfoServiceImpl`,
//! `MigrationInfoImpl`, `BaseAppliedMigration`, `BaselineResolvedMigration`).

mod cherry_pick;
mod context;
mod infos;
mod pattern;
mod state;

pub use cherry_pick::CherryPick;
pub use infos::{Infos, MigrationInfo, StatesError};
pub use pattern::{IGNORE_EVERYTHING, IGNORE_PENDING, ignore_all_in_state, ignores};
pub use state::MigrationState;

use crate::flyway::config::IgnorePattern;
use crate::flyway::history::MigrationType;
use crate::flyway::version::MigrationVersion;

/// What states depend on besides files and history. Commands differ in it: `repair` looks at everything out of order
/// and up to the latest version, `migrate` and `info` ignore no failure by pattern.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How far to go; markers allowed. [`MigrationVersion::LATEST`] sets no limit.
    pub target: MigrationVersion,
    /// Whether a target that neither a file nor a row has is an error.
    pub fail_on_missing_target: bool,
    /// `outOfOrder`.
    pub out_of_order: bool,
    /// What validation ignores.
    pub ignore: Vec<IgnorePattern>,
    /// `cherryPick`: the only migrations to consider, in their order.
    pub cherry_pick: Option<CherryPick>,
}

impl Rules {
    /// No limit, nothing ignored.
    pub fn latest() -> Rules {
        Rules {
            target: MigrationVersion::LATEST,
            fail_on_missing_target: true,
            out_of_order: false,
            ignore: Vec::new(),
            cherry_pick: None,
        }
    }
}

/// A migration of the project, as far as states need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The version; `None` for a repeatable migration.
    pub version: Option<MigrationVersion>,
    /// The description.
    pub description: String,
    /// The type that the history will record.
    pub kind: MigrationType,
    /// Path relative to its location, or class name.
    pub script: String,
    /// What to record; `None` for Java code without one.
    pub checksum: Option<i32>,
    /// A second checksum that also fits: of a repeatable migration's text before placeholders were replaced.
    pub equivalent_checksum: Option<i32>,
    /// The absolute path; empty when there is no file.
    pub path: String,
    /// The `shouldExecute` of its `.conf` file, as written.
    pub should_execute_expression: Option<String>,
    /// What `shouldExecute` comes to.
    pub should_execute: bool,
    /// Where the caller finds the migration itself.
    pub index: usize,
}

impl Resolved {
    /// Whether a recorded checksum belongs to this migration.
    pub fn checksum_matches(&self, recorded: Option<i32>) -> bool {
        recorded == self.checksum
            || (self.equivalent_checksum.is_some() && recorded == self.equivalent_checksum)
    }

    /// Whether the recorded checksum is the second one and not the one that would be recorded today.
    pub fn checksum_is_only_equivalent(&self, recorded: Option<i32>) -> bool {
        recorded == self.equivalent_checksum && recorded != self.checksum
    }
}

#[cfg(test)]
mod tests;
