//! Reading the tables of a database for a picture of them.

use std::collections::BTreeMap;

use dunlin_compat::model::{Dialect, Row};

use super::schema::{Column, Reference, Table};
use crate::db::{Connection, DbError};

const POSTGRES_COLUMNS: &str = "SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), \
     CASE WHEN a.attnum = ANY (i.indkey) THEN 1 ELSE 0 END, CASE WHEN a.attnotnull THEN 1 ELSE 0 END \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' \
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') \
     ORDER BY n.nspname, c.relname, a.attnum";

const POSTGRES_KEYS: &str = "SELECT n.nspname, c.relname, f.conname, rn.nspname, r.relname, a.attname, \
     CASE WHEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = f.conrelid AND i.indisunique AND i.indpred IS NULL \
     AND i.indkey::smallint[] @> f.conkey AND i.indkey::smallint[] <@ f.conkey) THEN 1 ELSE 0 END \
     FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_class r ON r.oid = f.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace \
     CROSS JOIN unnest(f.conkey) WITH ORDINALITY AS k (attnum, place) \
     JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum \
     WHERE f.contype = 'f' AND f.conparentid = 0 ORDER BY n.nspname, c.relname, f.conname, k.place";

const MYSQL_COLUMNS: &str = "SELECT c.table_schema, c.table_name, c.column_name, c.column_type, \
     CASE WHEN EXISTS (SELECT 1 FROM information_schema.statistics s WHERE s.table_schema = c.table_schema AND s.table_name = c.table_name \
     AND s.index_name = 'PRIMARY' AND s.column_name = c.column_name) THEN 1 ELSE 0 END, CASE WHEN c.is_nullable = 'NO' THEN 1 ELSE 0 END \
     FROM information_schema.columns c JOIN information_schema.tables t ON t.table_schema = c.table_schema \
     AND t.table_name = c.table_name WHERE c.table_schema = DATABASE() AND t.table_type <> 'VIEW' ORDER BY c.table_name, \
     c.ordinal_position";

const MYSQL_KEYS: &str = "SELECT k.table_schema, k.table_name, k.constraint_name, k.referenced_table_schema, k.referenced_table_name, \
     k.column_name, CASE WHEN EXISTS (SELECT 1 FROM information_schema.statistics s WHERE s.table_schema = k.table_schema AND s.table_name \
     = k.table_name AND s.non_unique = 0 AND s.column_name = k.column_name AND NOT EXISTS (SELECT 1 FROM information_schema.statistics o \
     WHERE o.table_schema = s.table_schema AND o.table_name = s.table_name AND o.index_name = s.index_name AND o.seq_in_index > 1)) \
     THEN 1 ELSE 0 END FROM information_schema.key_column_usage k WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT \
     NULL ORDER BY k.table_name, k.constraint_name, k.ordinal_position";

const SQLITE_COLUMNS: &str = "SELECT 'main', m.name, c.name, c.type, CASE WHEN c.pk > 0 THEN 1 ELSE 0 END, \
     CASE WHEN c.\"notnull\" OR c.pk > 0 THEN 1 ELSE 0 END FROM sqlite_master m, pragma_table_xinfo(m.name) c \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND c.hidden <> 1 ORDER BY m.name, c.cid";

const SQLITE_KEYS: &str = "SELECT 'main', m.name, k.id, 'main', k.\"table\", k.\"from\", \
     CASE WHEN EXISTS (SELECT 1 FROM pragma_index_list(m.name) l WHERE l.\"unique\" AND NOT l.partial AND \
     (SELECT count(*) FROM pragma_index_info(l.name)) = 1 AND (SELECT name FROM pragma_index_info(l.name)) = k.\"from\") THEN 1 ELSE 0 END \
     FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table' ORDER BY m.name, k.id, k.seq";

/// Reads every table of the database but those named in `without`, as schema snapshots name them.
///
/// # Errors
/// The server refuses a question.
pub fn tables(connection: &mut dyn Connection, without: &[String]) -> Result<Vec<Table>, DbError> {
    let server = connection.server().clone();
    let (columns, keys) = match server.dialect {
        Dialect::Postgres => (POSTGRES_COLUMNS, POSTGRES_KEYS),
        Dialect::Mysql | Dialect::Mariadb => (MYSQL_COLUMNS, MYSQL_KEYS),
        Dialect::Sqlite => (SQLITE_COLUMNS, SQLITE_KEYS),
    };
    let shown = |row: &Row, schema: usize| {
        let (schema, table) = (text(row, schema), text(row, schema + 1));
        if schema == server.schema { table } else { format!("{schema}.{table}") }
    };
    let is_left_out = |row: &Row| {
        let (schema, table) = (text(row, 0), text(row, 1));
        let name = if server.dialect == Dialect::Postgres { format!("{schema}.{table}") } else { table };
        without.contains(&name)
    };
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for row in connection.execute(columns)?.rows.iter().filter(|row| !is_left_out(row)) {
        let name = shown(row, 0);
        let table = tables.entry(name.clone()).or_insert_with(|| Table { name, ..Table::default() });
        table.columns.push(Column {
            name: text(row, 2),
            data_type: text(row, 3).to_lowercase(),
            is_key: text(row, 4) == "1",
            not_null: text(row, 5) == "1",
        });
    }
    let mut last: Option<(String, String)> = None;
    for row in &connection.execute(keys)?.rows {
        let Some(table) = tables.get_mut(&shown(row, 0)) else { continue };
        let key = (table.name.clone(), text(row, 2));
        let column = text(row, 5);
        match table.references.last_mut().filter(|_| last.as_ref() == Some(&key)) {
            Some(reference) => {
                reference.columns.push(column);
                reference.is_unique &= server.dialect == Dialect::Postgres;
            }
            None => table.references.push(Reference {
                columns: vec![column],
                table: shown(row, 3),
                is_unique: text(row, 6) == "1",
            }),
        }
        last = Some(key);
    }
    let mut tables: Vec<Table> = tables.into_values().collect();
    for table in &mut tables {
        table.references.sort_by(|one, other| one.columns.cmp(&other.columns));
    }
    Ok(tables)
}

fn text(row: &Row, index: usize) -> String {
    row.get(index).cloned().flatten().unwrap_or_default()
}
