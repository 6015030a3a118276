//! What a pack for Alembic is built from.

use super::guest;
use crate::model::{Language, PackRecipe};

/// Alembic, SQLAlchemy, the time zones that Windows and WebAssembly lack, and the Python halves of the database drivers.
pub const PACK: PackRecipe = PackRecipe {
    tool: "alembic",
    language: Language::Python,
    modules: guest::MODULES,
    libraries: &["alembic", "SQLAlchemy", "tzdata"],
    drivers: &["psycopg2-binary", "psycopg", "asyncpg", "PyMySQL", "mysqlclient", "aiomysql", "aiosqlite"],
    decisive: &["sqlalchemy"],
};
