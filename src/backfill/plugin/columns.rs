//! The columns of a table as a plugin is told of them, and how each is read and written. Reads only.

use dunlin_compat::model::{Dialect, Row, Server};

use super::super::BackfillError;
use super::super::table::split_name;
use crate::db::Connection;
use crate::plugin::{Column, Kind};

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TableColumn {
    /// What a plugin is told of it.
    pub(super) column: Column,
    /// PostgreSQL: its type without length or precision, to which a text is cast. With them the cast would cut what does
    /// not fit, where an assignment is refused.
    pub(super) cast: String,
    /// MySQL and MariaDB: character set and collation of a text.
    pub(super) collation: Option<(String, String)>,
    /// MySQL and MariaDB: `timestamp`, whose text depends on the session's time zone.
    pub(super) is_instant: bool,
    /// MySQL and MariaDB: bits, whose text is bytes.
    pub(super) is_bits: bool,
}

/// Looks up the columns of a table, in its order.
pub(super) fn find(connection: &mut dyn Connection, table: &str) -> Result<Vec<TableColumn>, BackfillError> {
    let server = connection.server().clone();
    let rows = connection
        .execute(&query(&server, table))
        .map_err(BackfillError::server("reading the catalog"))?
        .rows;
    let read = match server.dialect {
        Dialect::Postgres => postgres,
        Dialect::Mysql | Dialect::Mariadb => mysql,
        Dialect::Sqlite => sqlite,
    };
    Ok(rows.iter().map(read).collect())
}

fn query(server: &Server, table: &str) -> String {
    let dialect = server.dialect;
    let (schema, bare) = split_name(table);
    match dialect {
        Dialect::Postgres => {
            let bare = dialect.quote_identifier(bare);
            let quoted = match schema {
                Some(schema) => format!("{}.{bare}", dialect.quote_identifier(schema)),
                None => bare,
            };
            // A domain is of the kind of what it is made from.
            format!(
                "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, b.typname, \
                 pg_catalog.format_type(a.atttypid, -1) FROM pg_catalog.pg_attribute a \
                 JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
                 JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END \
                 WHERE a.attrelid = pg_catalog.to_regclass({}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
                dialect.quote_literal(&quoted)
            )
        }
        Dialect::Mysql | Dialect::Mariadb => format!(
            "SELECT column_name, column_type, is_nullable = 'YES', LOWER(data_type), COALESCE(character_set_name, ''), \
             COALESCE(collation_name, '') FROM information_schema.columns WHERE table_schema = {} AND table_name = {} \
             ORDER BY ordinal_position",
            dialect.quote_literal(schema.unwrap_or(&server.schema)),
            dialect.quote_literal(bare)
        ),
        Dialect::Sqlite => format!(
            "SELECT name, type, NOT \"notnull\" FROM pragma_table_xinfo({}, {}) WHERE hidden <> 1 ORDER BY cid",
            dialect.quote_literal(bare),
            dialect.quote_literal(schema.unwrap_or("main"))
        ),
    }
}

fn text(row: &Row, index: usize) -> String {
    row.get(index).cloned().flatten().unwrap_or_default()
}

fn column(row: &Row, kind: Kind) -> TableColumn {
    let nullable = matches!(text(row, 2).as_str(), "t" | "1" | "true");
    TableColumn {
        column: Column { name: text(row, 0), kind, declared: text(row, 1), nullable },
        cast: String::new(),
        collation: None,
        is_instant: false,
        is_bits: false,
    }
}

fn postgres(row: &Row) -> TableColumn {
    let kind = match text(row, 3).as_str() {
        "bool" => Kind::Boolean,
        "int2" | "int4" | "int8" | "oid" => Kind::Integer,
        "float4" | "float8" => Kind::Float,
        "bytea" => Kind::Bytes,
        "numeric" => Kind::Decimal,
        "text" | "varchar" | "bpchar" | "citext" | "name" => Kind::Text,
        "date" => Kind::Date,
        "time" | "timetz" => Kind::Time,
        "timestamp" | "timestamptz" => Kind::Timestamp,
        "uuid" => Kind::Uuid,
        "json" | "jsonb" => Kind::Json,
        _ => Kind::Other,
    };
    TableColumn { cast: text(row, 4), ..column(row, kind) }
}

fn mysql(row: &Row) -> TableColumn {
    let type_name = text(row, 3);
    let kind = match type_name.as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" | "bit" => Kind::Integer,
        "float" | "double" => Kind::Float,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Kind::Bytes,
        "decimal" => Kind::Decimal,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Kind::Text,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "datetime" | "timestamp" => Kind::Timestamp,
        "uuid" => Kind::Uuid,
        "json" => Kind::Json,
        _ => Kind::Other,
    };
    TableColumn {
        collation: Some((text(row, 4), text(row, 5))).filter(|(charset, _)| !charset.is_empty()),
        is_instant: type_name == "timestamp",
        is_bits: type_name == "bit",
        ..column(row, kind)
    }
}

/// SQLite's columns hold what they are given; the declared type says what is meant.
fn sqlite(row: &Row) -> TableColumn {
    let declared = text(row, 1).to_ascii_uppercase();
    let any = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    let kind = if any(&["BOOL"]) {
        Kind::Boolean
    } else if any(&["INT"]) {
        Kind::Integer
    } else if any(&["CHAR", "CLOB", "TEXT"]) {
        Kind::Text
    } else if any(&["BLOB"]) {
        Kind::Bytes
    } else if any(&["REAL", "FLOA", "DOUB"]) {
        Kind::Float
    } else if any(&["DEC", "NUMERIC"]) {
        Kind::Decimal
    } else if any(&["TIMESTAMP", "DATETIME"]) {
        Kind::Timestamp
    } else if any(&["DATE"]) {
        Kind::Date
    } else if any(&["TIME"]) {
        Kind::Time
    } else if any(&["UUID"]) {
        Kind::Uuid
    } else if any(&["JSON"]) {
        Kind::Json
    } else {
        Kind::Other
    };
    column(row, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_says_what_is_meant() {
        for (declared, kind) in [
            ("INTEGER", Kind::Integer),
            ("varchar(20)", Kind::Text),
            ("boolean", Kind::Boolean),
            ("decimal(12,2)", Kind::Decimal),
            ("datetime", Kind::Timestamp),
            ("date", Kind::Date),
            ("", Kind::Other),
        ] {
            let row = vec![Some("c".to_owned()), Some(declared.to_owned()), Some("1".to_owned())];
            assert_eq!(sqlite(&row).column.kind, kind, "{declared}");
        }
    }
}
