//! Rules of MySQL and MariaDB.

use crate::lint::Rule;

pub(super) const RULES: &[&Rule] = &[];
