//! Rules of PostgreSQL.

use crate::lint::Rule;

pub(super) const RULES: &[&Rule] = &[];
