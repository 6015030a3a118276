//! The rules, one file each.

use super::Rule;

mod drop_column;

/// All rules.
pub const RULES: &[&Rule] = &[&drop_column::RULE];
