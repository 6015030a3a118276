//! The rows of all tables as counts and digests that do not depend on their order, for whole rows and for each column.

use std::collections::BTreeMap;

use dunlin_compat::model::Dialect;
use sha2::{Digest, Sha256};

use super::{SchemaError, Scope};
use crate::db::{Cell, Connection};

/// The rows of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableRows {
    /// How many.
    pub count: u64,
    /// Of whole rows.
    pub digest: String,
    /// Of each column by itself.
    pub columns: BTreeMap<String, String>,
    /// The type of each column, in lower case.
    pub kinds: BTreeMap<String, String>,
}

/// What became of a table's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsDifference {
    /// The table.
    pub table: String,
    /// How many rows it had and has.
    pub count: (u64, u64),
    /// The columns that do not hold the same values.
    pub columns: Vec<String>,
}

/// Rows by table, named as in snapshots.
pub type Rows = BTreeMap<String, TableRows>;

/// Reads all rows of all tables, within the server as far as it can.
///
/// # Errors
/// The server refuses a question.
pub fn read(connection: &mut dyn Connection, scope: &Scope) -> Result<Rows, SchemaError> {
    let tables = tables(connection, scope)?;
    let mut rows = Rows::new();
    if connection.server().dialect == Dialect::Sqlite {
        for table in tables {
            let read = of_sqlite(connection, &table)?;
            rows.insert(table.name, read);
        }
        return Ok(rows);
    }
    let dialect = connection.server().dialect;
    let queries: Vec<String> = tables.iter().map(|table| query(table, dialect)).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    if queries.is_empty() {
        return Ok(rows);
    }
    let outcomes = connection.execute_many(&queries)?;
    for (table, outcome) in tables.into_iter().zip(outcomes) {
        let mut values = outcome.rows.into_iter().flatten().map(Option::unwrap_or_default);
        let count = values.next().and_then(|text| text.parse().ok()).unwrap_or_default();
        let digest = values.next().unwrap_or_default();
        let kinds = table.kinds();
        let columns = table.columns.into_iter().map(|column| column.name).zip(values).collect();
        rows.insert(table.name, TableRows { count, digest, columns, kinds });
    }
    Ok(rows)
}

/// Tables of both whose rows are not the same. Tables that only one has are a difference of the schema; that their rows are gone
/// is told too.
pub fn compare(before: &Rows, after: &Rows) -> Vec<RowsDifference> {
    let mut differences = Vec::new();
    for (table, first) in before {
        let empty = TableRows::default();
        let second = after.get(table).unwrap_or(&empty);
        // The whole row's digest hangs on the columns there are, which is a matter of the schema.
        let columns: Vec<String> = first
            .columns
            .iter()
            .filter(|(name, digest)| second.columns.get(*name) != Some(*digest))
            .map(|(name, _)| name.clone())
            .collect();
        let same_columns = first.columns.keys().eq(second.columns.keys());
        let crossed = same_columns && first.digest != second.digest;
        if first.count != second.count || (first.count > 0 && (!columns.is_empty() || crossed)) {
            differences.push(RowsDifference {
                table: table.clone(),
                count: (first.count, second.count),
                columns,
            });
        }
    }
    differences.extend(
        after.iter().filter(|(table, rows)| !before.contains_key(*table) && rows.count > 0).map(
            |(table, rows)| RowsDifference {
                table: table.clone(),
                count: (0, rows.count),
                columns: Vec::new(),
            },
        ),
    );
    differences
}

struct Table {
    name: String,
    quoted: String,
    columns: Vec<Column>,
}

impl Table {
    fn kinds(&self) -> BTreeMap<String, String> {
        self.columns.iter().map(|column| (column.name.clone(), column.kind.clone())).collect()
    }
}

struct Column {
    name: String,
    kind: String,
}

const POSTGRES: &str = "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), \
     quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(a.attname), t.typname \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
     WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' \
     AND n.nspname <> 'information_schema' ORDER BY c.oid, a.attnum";

const MYSQL: &str = "SELECT t.table_name, CONCAT('`', REPLACE(t.table_name, '`', '``'), '`'), c.column_name, c.data_type \
     FROM information_schema.tables t JOIN information_schema.columns c \
     ON c.table_schema = t.table_schema AND c.table_name = t.table_name \
     WHERE t.table_schema = DATABASE() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') \
     ORDER BY t.table_name, c.ordinal_position";

const SQLITE: &str = "SELECT l.name, '\"' || replace(l.name, '\"', '\"\"') || '\"', c.name, c.type \
     FROM pragma_table_list l JOIN pragma_table_xinfo(l.name) c \
     WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
     AND c.hidden <> 1 ORDER BY l.name, c.cid";

fn tables(connection: &mut dyn Connection, scope: &Scope) -> Result<Vec<Table>, SchemaError> {
    let query = match connection.server().dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Mysql | Dialect::Mariadb => MYSQL,
        Dialect::Sqlite => SQLITE,
    };
    let mut tables: Vec<Table> = Vec::new();
    for row in connection.execute(query)?.rows {
        let mut values = row.into_iter();
        let (Some(name), Some(quoted)) = (values.next().flatten(), values.next().flatten()) else { continue };
        if scope.leaves_out(&name) {
            continue;
        }
        if tables.last().is_none_or(|table| table.name != name) {
            tables.push(Table { name, quoted, columns: Vec::new() });
        }
        let (Some(name), kind) = (values.next().flatten(), values.next().flatten().unwrap_or_default())
        else {
            continue;
        };
        if let Some(table) = tables.last_mut() {
            table.columns.push(Column { name, kind: kind.to_ascii_lowercase() });
        }
    }
    Ok(tables)
}

/// Count, digest of rows, digest of each column. A digest is the sum of the hashes of its values, so their order is all one
/// and two equal rows do not cancel each other out.
fn query(table: &Table, dialect: Dialect) -> String {
    let mut expressions = vec!["count(*)".to_owned()];
    if dialect == Dialect::Postgres {
        let sum = |text: &str| {
            format!("coalesce(sum(('x' || substr(md5({text}), 1, 15))::bit(60)::bigint::numeric), 0)")
        };
        expressions.push(sum("x::text"));
        expressions.extend(
            table.columns.iter().map(|column| sum(&format!("coalesce('=' || x.{}::text, '')", column.name))),
        );
        return format!("SELECT {} FROM ONLY {} x", expressions.join(", "), table.quoted);
    }
    let value = |column: &Column| {
        let name = dialect.quote_identifier(&column.name);
        match column.kind.as_str() {
            // Printed, they lose digits.
            "float" => format!("{name} + 0E0"),
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
            | "multipolygon" | "geometrycollection" | "geomcollection" => format!("ST_AsBinary({name})"),
            _ => name,
        }
    };
    // MySQL 9.6 has no MD5 any more.
    let hash = |column: &Column| format!("IFNULL(SHA2({}, 256), '')", value(column));
    let sum = |text: &str| format!("IFNULL(SUM(CAST(CONV(SUBSTR({text}, 1, 15), 16, 10) AS UNSIGNED)), 0)");
    let all: Vec<String> = table.columns.iter().map(hash).collect();
    expressions.push(sum(&format!("SHA2(CONCAT_WS('|', {}), 256)", all.join(", "))));
    expressions.extend(table.columns.iter().map(|column| sum(&format!("SHA2({}, 256)", hash(column)))));
    format!("SELECT {} FROM {}", expressions.join(", "), table.quoted)
}

fn of_sqlite(connection: &mut dyn Connection, table: &Table) -> Result<TableRows, SchemaError> {
    let columns: Vec<String> =
        table.columns.iter().map(|column| Dialect::Sqlite.quote_identifier(&column.name)).collect();
    let query = format!("SELECT {} FROM {}", columns.join(", "), table.quoted);
    let outcome = connection.execute_typed(&query, &[], true)?;
    let mut whole = 0_u128;
    let mut sums = vec![0_u128; columns.len()];
    for row in &outcome.rows {
        let mut row_hash = Sha256::new();
        for (cell, sum) in row.iter().zip(&mut sums) {
            let bytes = bytes_of(cell);
            row_hash.update((bytes.len() as u64).to_le_bytes());
            row_hash.update(&bytes);
            *sum = sum.wrapping_add(number(&Sha256::digest(&bytes)));
        }
        whole = whole.wrapping_add(number(&row_hash.finalize()));
    }
    let names = table.columns.iter().map(|column| column.name.clone());
    Ok(TableRows {
        count: outcome.rows.len() as u64,
        digest: format!("{whole:x}"),
        columns: names.zip(sums.iter().map(|sum| format!("{sum:x}"))).collect(),
        kinds: table.kinds(),
    })
}

/// A value with its storage class in front.
fn bytes_of(cell: &Cell) -> Vec<u8> {
    let (class, bytes) = match cell {
        Cell::Null => (b'n', Vec::new()),
        Cell::Integer(number) => (b'i', number.to_le_bytes().to_vec()),
        Cell::Real(number) => (b'r', number.to_bits().to_le_bytes().to_vec()),
        Cell::Text(text) => (b't', text.as_bytes().to_vec()),
        Cell::Bytes(bytes) => (b'b', bytes.clone()),
    };
    std::iter::once(class).chain(bytes).collect()
}

fn number(digest: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    for (target, source) in bytes.iter_mut().zip(digest) {
        *target = *source;
    }
    u128::from_le_bytes(bytes)
}
