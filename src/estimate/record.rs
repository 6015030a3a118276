//! What was estimated, kept beside how it turned out, so that the next estimate is better. A file in the user's cache folder, one for
//! each project and database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A shorter run tells of round trips, and nothing of what it does.
const WORTH_LEARNING: Duration = Duration::from_millis(200);
/// What was learnt is never further off than this from what was measured.
const LIMITS: (f64, f64) = (0.1, 50.0);

/// What is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Estimates of migrations that have not run yet, by id.
    pending: BTreeMap<String, Pending>,
    /// How many times as long as estimated each kind of work took.
    factors: BTreeMap<String, f64>,
    #[serde(skip)]
    path: Option<PathBuf>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pending {
    milliseconds: u64,
    /// The kind of work that takes most of it.
    work: String,
}

/// Why a record cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {error}", path.display())]
pub struct RecordError {
    path: PathBuf,
    error: std::io::Error,
}

/// How an estimate turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What was estimated.
    pub estimated: Duration,
    /// What it took.
    pub took: Duration,
}

impl Record {
    /// The record of a project and its database; an empty one where there is none, or none that can be read.
    pub fn load(project: &Path, database: &str) -> Record {
        let Some(folder) = dirs::cache_dir() else { return Record::default() };
        let project = std::fs::canonicalize(project).unwrap_or_else(|_| project.to_owned());
        let digest = Sha256::digest(format!("{}\0{database}", project.display()));
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let path = folder.join("dunlin").join("estimates").join(format!("{name}.json"));
        let read = std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
        Record { path: Some(path), ..read.unwrap_or_default() }
    }

    /// How many times as long as estimated this kind of work took before.
    pub fn factor(&self, work: &str) -> Option<f64> {
        self.factors.get(work).copied().filter(|factor| factor.is_finite())
    }

    /// Remembers an estimate.
    pub fn remember(&mut self, migration: &str, work: &str, estimated: Duration) {
        let milliseconds = u64::try_from(estimated.as_millis()).unwrap_or(u64::MAX);
        self.pending.insert(migration.to_owned(), Pending { milliseconds, work: work.to_owned() });
    }

    /// Whether anything is waiting for its outcome.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Compares what was estimated with what happened, and learns from it. `None`: nothing was estimated.
    pub fn settle(&mut self, migration: &str, took: Duration) -> Option<Outcome> {
        let pending = self.pending.remove(migration)?;
        let estimated = Duration::from_millis(pending.milliseconds);
        if took >= WORTH_LEARNING && pending.milliseconds > 0 {
            let before = self.factor(&pending.work).unwrap_or(1.0);
            let seen = before * took.as_secs_f64() / estimated.as_secs_f64();
            // Half way: one run on a busy day should not decide alone.
            let learnt = (before * seen).sqrt().clamp(LIMITS.0, LIMITS.1);
            self.factors.insert(pending.work, learnt);
        }
        Some(Outcome { estimated, took })
    }

    /// Writes it.
    ///
    /// # Errors
    /// The folder or file cannot be written.
    pub fn save(&self) -> Result<(), RecordError> {
        let Some(path) = &self.path else { return Ok(()) };
        let failed = |error| RecordError { path: path.clone(), error };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let text = serde_json::to_string(self).map_err(|error| failed(error.into()))?;
        // Whole or not at all: another run may read it.
        let new = path.with_extension(format!("{}.new", std::process::id()));
        std::fs::write(&new, text).map_err(failed)?;
        std::fs::rename(&new, path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_compared_once_and_learnt_from() {
        let mut record = Record::default();
        record.remember("2", "rewrite", Duration::from_secs(1));
        let outcome = record.settle("2", Duration::from_secs(4));
        assert_eq!(
            outcome,
            Some(Outcome { estimated: Duration::from_secs(1), took: Duration::from_secs(4) })
        );
        assert_eq!(record.factor("rewrite"), Some(2.0));
        assert_eq!(record.settle("2", Duration::from_secs(4)), None);
    }

    #[test]
    fn what_is_over_at_once_teaches_nothing() {
        let mut record = Record::default();
        record.remember("2", "read", Duration::from_secs(1));
        assert!(record.settle("2", Duration::from_millis(3)).is_some());
        assert_eq!(record.factor("read"), None);
    }
}
