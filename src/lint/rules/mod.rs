//! The rules, one file each: those of several servers here, those of one in its folder.

use super::Rule;

mod drop_column;
mod mysql;
mod postgres;
mod sqlite;

const SHARED: &[&Rule] = &[&drop_column::RULE];

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [SHARED, postgres::RULES, mysql::RULES, sqlite::RULES].into_iter().flatten().copied()
}
