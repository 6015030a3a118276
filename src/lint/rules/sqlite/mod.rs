//! Rules of SQLite.

use crate::lint::Rule;

pub(super) const RULES: &[&Rule] = &[];
