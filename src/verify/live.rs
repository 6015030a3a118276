//! What the live history says.

use std::path::PathBuf;

use dunlin_compat::model::{Adapter, MigrationStep, Standing, StatusEntry};

use crate::db::Connection;
use crate::engine::{self, RunError};

/// What is applied on the live database.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// The migrations, in the tool's order.
    pub applied: Vec<Applied>,
    /// The version of a baseline.
    pub baseline: Option<String>,
}

/// A migration that is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its id; empty for what has none.
    pub id: String,
    /// For people.
    pub title: String,
    /// Its file, if the project has one.
    pub path: Option<PathBuf>,
}

impl Live {
    /// Reads the history.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(connection: &mut dyn Connection, adapter: &dyn Adapter) -> Result<Live, RunError> {
        let (_, entries) = engine::status(connection, adapter)?;
        let is_baseline = |entry: &StatusEntry| {
            entry.kind.eq_ignore_ascii_case("baseline") && entry.standing == Standing::Applied
        };
        let baseline = entries.iter().find(|entry| is_baseline(entry)).map(|entry| entry.id.clone());
        let applied = entries
            .iter()
            .filter(|entry| matches!(entry.standing, Standing::Applied | Standing::Drifted))
            .filter(|entry| !is_baseline(entry) && !is_of_tool(entry))
            .map(|entry| Applied {
                id: entry.id.clone(),
                title: format!("{} {}", entry.id, entry.description).trim().to_owned(),
                path: entry.path.clone(),
            })
            .collect();
        Ok(Live { applied, baseline })
    }
}

/// Rows that Flyway writes for itself: that it made a schema, that something was deleted.
fn is_of_tool(entry: &StatusEntry) -> bool {
    matches!(entry.kind.as_str(), "SCHEMA" | "DELETE")
}

impl Applied {
    /// Whether a step of a plan is this.
    pub fn is(&self, step: &MigrationStep) -> bool {
        if !self.id.is_empty() {
            return self.id == step.id;
        }
        let path = step.blocks.first().map(|block| &block.source.path);
        self.path.is_some()
            && (self.path.as_ref() == path
                || self
                    .path
                    .as_ref()
                    .is_some_and(|own| path.is_some_and(|path| path.file_name() == own.file_name())))
    }
}
