//! The columns of a table as a plugin is told of them, and how each is read and written. Reads only.

use dunlin_compat::model::{Dialect, Row, Server};

use super::super::BackfillError;
use super::super::table::split_name;
use super::values::{mysql_kind, postgres_kind, sqlite_kind};
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
    TableColumn { cast: text(row, 4), ..column(row, postgres_kind(&text(row, 3))) }
}

fn mysql(row: &Row) -> TableColumn {
    let type_name = text(row, 3);
    TableColumn {
        collation: Some((text(row, 4), text(row, 5))).filter(|(charset, _)| !charset.is_empty()),
        is_instant: type_name == "timestamp",
        is_bits: type_name == "bit",
        ..column(row, mysql_kind(&type_name))
    }
}

fn sqlite(row: &Row) -> TableColumn {
    column(row, sqlite_kind(&text(row, 1)))
}
