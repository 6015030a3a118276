//! Whether a table of ours is there.

use dunlin_compat::model::Dialect;

/// A query that returns a row exactly when the table exists.
pub fn table_exists_query(dialect: Dialect, schema: &str, table: &str) -> String {
    let (schema, table) = (dialect.quote_literal(schema), dialect.quote_literal(table));
    match dialect {
        Dialect::Postgres => format!(
            "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relname = {table} AND n.nspname = {schema}"
        ),
        Dialect::Mysql | Dialect::Mariadb => format!(
            "SELECT 1 FROM information_schema.tables WHERE table_name = {table} AND table_schema = {schema}"
        ),
        Dialect::Sqlite => format!("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = {table}"),
    }
}
