//! What the catalog says of a column. Reads only.

use dunlin_compat::model::{Dialect, Row, Server};

use super::BackfillError;
use super::table::split_name;
use crate::db::Connection;

/// A column, as a statement that adds another like it needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnFacts {
    /// The type with what belongs to it: `varchar(20) CHARACTER SET latin1 COLLATE latin1_bin`.
    pub type_name: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its default, as an SQL expression.
    pub default: Option<String>,
    /// What would be lost if it was made anew from this: `it is generated`.
    pub obstacle: Option<String>,
    /// Indexes, keys and constraints that it is part of, by name.
    pub used_by: Vec<String>,
}

/// Looks a column up. `None` when there is no such table or column.
///
/// # Errors
/// The server refuses.
pub fn find_column(
    connection: &mut dyn Connection,
    table: &str,
    column: &str,
) -> Result<Option<ColumnFacts>, BackfillError> {
    let server = connection.server().clone();
    let (facts, used) = queries(&server, table, column);
    let reading = || BackfillError::server("reading the catalog");
    let rows = connection.execute(&facts).map_err(reading())?.rows;
    let Some(row) = rows.first() else { return Ok(None) };
    let used = connection.execute(&used).map_err(reading())?.rows;
    let text = |index: usize| value(row, index);
    let obstacle = match server.dialect {
        Dialect::Mysql | Dialect::Mariadb => mysql_obstacle(&text(3)),
        _ => Some(text(3)).filter(|text| !text.is_empty()),
    };
    let default = row.get(2).cloned().flatten().filter(|default| default != "NULL");
    let default = match server.dialect {
        Dialect::Mysql => default.map(|default| mysql_default(&server, &text(0), default, &text(3))),
        _ => default,
    };
    Ok(Some(ColumnFacts {
        type_name: text(0),
        nullable: matches!(text(1).as_str(), "YES" | "t" | "1"),
        default,
        obstacle,
        used_by: used.iter().map(|row| value(row, 0)).collect(),
    }))
}

fn value(row: &Row, index: usize) -> String {
    row.get(index).cloned().flatten().unwrap_or_default()
}

/// MySQL lists a literal without its quotes, MariaDB as it is written.
fn mysql_default(server: &Server, type_name: &str, default: String, extra: &str) -> String {
    if extra.contains("DEFAULT_GENERATED") {
        let now = default.to_ascii_uppercase().starts_with("CURRENT_TIMESTAMP");
        return if now { default } else { format!("({default})") };
    }
    let number = ["int", "decimal", "float", "double", "bit", "year"];
    if number.iter().any(|prefix| type_name.contains(prefix)) || default.starts_with("b'") {
        return default;
    }
    server.dialect.quote_literal(&default)
}

fn mysql_obstacle(extra: &str) -> Option<String> {
    let extra = extra.to_ascii_lowercase();
    let kinds = [
        ("auto_increment", "it counts by itself"),
        ("generated", "it is generated"),
        ("on update", "it notes the time"),
    ];
    kinds
        .into_iter()
        .find(|(word, _)| extra.replace("default_generated", "").contains(word))
        .map(|(_, reason)| reason.to_owned())
}

/// Two queries: type, nullable, default, obstacle; and what it is used by.
fn queries(server: &Server, table: &str, column: &str) -> (String, String) {
    let dialect = server.dialect;
    let (schema, bare) = split_name(table);
    let (column, bare_literal) = (dialect.quote_literal(column), dialect.quote_literal(bare));
    match dialect {
        Dialect::Postgres => {
            let quoted = match schema {
                Some(schema) => {
                    format!("{}.{}", dialect.quote_identifier(schema), dialect.quote_identifier(bare))
                }
                None => dialect.quote_identifier(bare),
            };
            let table = format!("pg_catalog.to_regclass({})", dialect.quote_literal(&quoted));
            let facts = format!(
                "SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation <> t.typcollation \
                 THEN ' COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(c.collname) ELSE '' END, \
                 NOT a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid), \
                 CASE WHEN a.attidentity <> '' THEN 'it counts by itself' WHEN a.attgenerated <> '' THEN 'it is generated' END \
                 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
                 LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
                 LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation \
                 LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = c.collnamespace \
                 WHERE a.attrelid = {table} AND a.attname = {column} AND a.attnum > 0 AND NOT a.attisdropped"
            );
            let used = format!(
                "SELECT i.relname FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid \
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey::int2[]) \
                 WHERE x.indrelid = {table} AND a.attname = {column} \
                 UNION SELECT k.conname FROM pg_catalog.pg_constraint k \
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) \
                 WHERE k.conrelid = {table} AND a.attname = {column} \
                 UNION SELECT k.conname FROM pg_catalog.pg_constraint k \
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey) \
                 WHERE k.confrelid = {table} AND a.attname = {column} ORDER BY 1"
            );
            (facts, used)
        }
        Dialect::Mysql | Dialect::Mariadb => {
            let schema = dialect.quote_literal(schema.unwrap_or(&server.schema));
            // What is the table's own anyway is left out: MySQL shows for ever what was once spelt out.
            let facts = format!(
                "SELECT CONCAT(c.column_type, CASE WHEN c.character_set_name IS NULL OR c.collation_name = t.table_collation \
                 THEN '' ELSE CONCAT(' CHARACTER SET ', c.character_set_name, ' COLLATE ', c.collation_name) END), \
                 c.is_nullable, c.column_default, c.extra FROM information_schema.columns c \
                 JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
                 WHERE c.table_schema = {schema} AND c.table_name = {bare_literal} AND c.column_name = {column}"
            );
            let used = format!(
                "SELECT DISTINCT index_name FROM information_schema.statistics \
                 WHERE table_schema = {schema} AND table_name = {bare_literal} AND column_name = {column} \
                 UNION SELECT DISTINCT constraint_name FROM information_schema.key_column_usage \
                 WHERE table_schema = {schema} AND table_name = {bare_literal} AND column_name = {column} \
                 AND constraint_name <> 'PRIMARY' ORDER BY 1"
            );
            (facts, used)
        }
        Dialect::Sqlite => {
            let schema = dialect.quote_literal(schema.unwrap_or("main"));
            let facts = format!(
                "SELECT type, NOT \"notnull\", dflt_value, CASE WHEN hidden > 1 THEN 'it is generated' WHEN pk THEN 'it is part \
                 of the primary key' END FROM pragma_table_xinfo({bare_literal}, {schema}) WHERE name = {column} COLLATE NOCASE"
            );
            let used = format!(
                "SELECT l.name FROM pragma_index_list({bare_literal}, {schema}) l JOIN pragma_index_info(l.name, {schema}) i \
                 WHERE i.name = {column} COLLATE NOCASE ORDER BY 1"
            );
            (facts, used)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_a_value_is_an_obstacle() {
        for (extra, obstacle) in [
            ("", None),
            ("DEFAULT_GENERATED", None),
            ("auto_increment", Some("it counts by itself")),
            ("STORED GENERATED", Some("it is generated")),
            ("DEFAULT_GENERATED on update CURRENT_TIMESTAMP", Some("it notes the time")),
        ] {
            assert_eq!(mysql_obstacle(extra).as_deref(), obstacle, "{extra}");
        }
    }
}
