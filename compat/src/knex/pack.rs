//! What a pack for Knex is made of.

use super::guest::MODULES;
use crate::model::{Language, PackRecipe};

/// The library and the drivers that are JavaScript; those of SQLite are compiled, and the guest has its own.
pub const PACK: PackRecipe = PackRecipe {
    tool: "knex",
    language: Language::JavaScript,
    modules: MODULES,
    libraries: &["knex"],
    drivers: &["pg", "pg-query-stream", "mysql2", "mysql", "mariadb"],
    decisive: &["knex"],
};
