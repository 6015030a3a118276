//! PostgreSQL: what squawk finds, under our rules' names.

use super::{Finding, Rule, Settings, Site};

/// What squawk finds in a statement.
pub(super) fn check(site: &Site<'_>, active: &[&Rule], settings: &Settings) -> Vec<Finding> {
    let _ = (site, active, settings);
    Vec::new()
}
