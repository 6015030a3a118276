//! Which tables are a tool's own records and no part of the schema that migrations are about.

use dunlin_compat::model::{Adapter, Dialect, Server};

use crate::engine::Journal;
use crate::schema::Scope;
use crate::sql;

/// What the tools call their records unless they are told otherwise, and ours.
const KNOWN: [&str; 12] = [
    "flyway_schema_history",
    "alembic_version",
    "knex_migrations",
    "knex_migrations_lock",
    "schema_migrations",
    "ar_internal_metadata",
    "dunlin_migrations",
    "dunlin_journal",
    "dunlin_backfills",
    "dunlin_backfill_chunks",
    "dunlin_backfill_workers",
    "dunlin_backfill_failures",
];

/// Everything but records: those that are known, and those of the project.
pub fn scope(adapter: Option<&dyn Adapter>, server: &Server) -> Scope {
    let mut schemas = vec![server.schema.clone()];
    let mut tables = Vec::new();
    if let Some(adapter) = adapter {
        schemas.push(adapter.history_schema(server));
        let own = [adapter.history_table(server), Journal::new(adapter, server).table().to_owned()];
        let row = adapter.lock_row(server).map(|row| row.table);
        tables.extend(own.into_iter().chain(row).map(|table| of_quoted(server, &table)));
    }
    for schema in schemas {
        tables.extend(KNOWN.iter().map(|name| qualified(server.dialect, &schema, name)));
    }
    tables.sort();
    tables.dedup();
    Scope { without_tables: tables, ..Scope::default() }
}

/// A name as snapshots have it.
fn qualified(dialect: Dialect, schema: &str, name: &str) -> String {
    match dialect {
        Dialect::Postgres => format!("{}.{}", plain(schema), plain(name)),
        _ => name.to_owned(),
    }
}

/// The same of a quoted name, qualified or not.
fn of_quoted(server: &Server, table: &str) -> String {
    let names: Vec<String> = sql::pieces(table, server.dialect).iter().filter_map(sql::Piece::name).collect();
    match names.as_slice() {
        [name] => qualified(server.dialect, &server.schema, name),
        [.., schema, name] => qualified(server.dialect, schema, name),
        [] => table.to_owned(),
    }
}

/// As PostgreSQL's `quote_ident` has it, but for keywords.
fn plain(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.chars().all(|character| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
        });
    if is_plain { name.to_owned() } else { Dialect::Postgres.quote_identifier(name) }
}
