//! `[flyway]` of `dunlin.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// The table `[flyway]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FlywaySettings {
    /// `[flyway.stand-in]`: files, relative to the project, to run instead of migrations that cannot be run here. The key is the migration's version, or the description of a repeatable one.
    pub stand_in: BTreeMap<String, PathBuf>,
    /// What taking a migration back leaves in Flyway's history.
    pub undo_row: UndoRow,
}

/// What taking a migration back leaves in Flyway's history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum UndoRow {
    /// A DELETE row, which Flyway's open edition reads.
    #[default]
    #[serde(rename = "DELETE")]
    Delete,
    /// An UNDO_SQL row, as Flyway's commercial editions write it; the open edition refuses such a history.
    #[serde(rename = "UNDO_SQL")]
    UndoSql,
}

/// The keys of `[flyway]`.
pub(super) const FLYWAY_KEYS: [&str; 2] = ["stand-in", "undo-row"];
