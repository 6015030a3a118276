//! Rows of a chunk as a plugin is given them: what is selected, and how a server's text becomes a value.

use dunlin_compat::model::Dialect;
use jiff::Timestamp;

use super::super::key::KeyValue;
use super::super::work::Chunk;
use super::columns::TableColumn;
use super::values::{of_stored, of_text};
use crate::db::{Cell, Connection, DbError};
use crate::plugin::{Kind, Value};

/// The query of a chunk: the key's columns, then those that the plugin reads. The rows stay locked until the chunk is done,
/// so nobody changes in between what the plugin has seen.
pub(super) fn query(dialect: Dialect, chunk: &Chunk<'_>, reads: &[&TableColumn]) -> String {
    let key = chunk.key();
    let mut selection = key.selection();
    for (index, read) in reads.iter().enumerate() {
        selection.push_str(&format!(", {} AS dunlin_read_{}", expression(dialect, read), index + 1));
    }
    let lock = match dialect {
        Dialect::Postgres => " FOR NO KEY UPDATE",
        Dialect::Mysql | Dialect::Mariadb => " FOR UPDATE",
        // A chunk's transaction is the only one that writes.
        Dialect::Sqlite => "",
    };
    format!(
        "SELECT {selection} FROM {} WHERE {} ORDER BY {}{lock}",
        chunk.table.name,
        chunk.condition(),
        key.order()
    )
}

/// What to select of a column so that its text is exact and the same under every setting of the session.
fn expression(dialect: Dialect, read: &TableColumn) -> String {
    let name = dialect.quote_identifier(&read.column.name);
    match (dialect, read.column.kind) {
        (Dialect::Sqlite, _) => name,
        (Dialect::Postgres, Kind::Bytes) => format!("pg_catalog.encode({name}, 'hex')"),
        // JSON has one notation for them, whatever `datestyle` says.
        (Dialect::Postgres, Kind::Date | Kind::Timestamp) => format!("pg_catalog.to_json({name}) #>> '{{}}'"),
        (Dialect::Postgres, _) => format!("{name}::text"),
        (_, Kind::Bytes) => format!("HEX({name})"),
        // As text a `float` has six digits.
        (_, Kind::Float) => format!("({name} + 0e0)"),
        (_, Kind::Integer) if read.is_bits => format!("({name} + 0)"),
        (_, Kind::Timestamp) if read.is_instant => format!("UNIX_TIMESTAMP({name})"),
        _ => name,
    }
}

/// What a query gives. SQLite's values have types of their own; elsewhere they are the server's text.
pub(super) fn cells(connection: &mut dyn Connection, query: &str) -> Result<Vec<Vec<Cell>>, DbError> {
    if connection.server().dialect == Dialect::Sqlite {
        return Ok(connection.execute_typed(query, &[], true)?.rows);
    }
    let rows = connection.execute(query)?.rows;
    let cell = |value: Option<String>| value.map_or(Cell::Null, Cell::Text);
    Ok(rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect())
}

/// A row of the query as its key and what the plugin reads; `columns` is how many columns the key has.
pub(super) fn row(
    dialect: Dialect,
    cells: Vec<Cell>,
    columns: usize,
    reads: &[&TableColumn],
) -> (KeyValue, Vec<Value>) {
    let mut cells = cells.into_iter();
    let key = cells.by_ref().take(columns).map(|cell| plain(cell).unwrap_or_default()).collect();
    let values = reads.iter().zip(cells).map(|(read, cell)| match dialect {
        Dialect::Sqlite => of_stored(cell, read.column.kind),
        _ => plain(cell).map_or(Value::Null, |text| value(text, read)),
    });
    (key, values.collect())
}

/// The text of a cell.
fn plain(cell: Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) => Some(text),
        Cell::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Cell::Integer(integer) => Some(integer.to_string()),
        Cell::Real(real) => Some(real.to_string()),
    }
}

/// A value of PostgreSQL, MySQL or MariaDB.
fn value(text: String, read: &TableColumn) -> Value {
    if read.is_instant { instant(&text) } else { of_text(text, read.column.kind) }
}

/// Seconds since 1970, with a fraction of as many digits as the column has; 0 is MySQL's `0000-00-00 00:00:00`.
fn instant(text: &str) -> Value {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let shown = seconds.parse().ok().filter(|seconds| *seconds != 0);
    let Some(instant) = shown.and_then(|seconds| Timestamp::from_second(seconds).ok()) else {
        return Value::Text("0000-00-00 00:00:00".to_owned());
    };
    let whole = instant.strftime("%Y-%m-%dT%H:%M:%S");
    Value::Timestamp(if fraction.is_empty() { format!("{whole}Z") } else { format!("{whole}.{fraction}Z") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::Column;

    fn read(kind: Kind) -> TableColumn {
        TableColumn {
            column: Column { name: "c".into(), kind, declared: String::new(), nullable: true },
            cast: String::new(),
            collation: None,
            is_instant: false,
            is_bits: false,
        }
    }

    #[test]
    fn instants_keep_their_fraction() {
        let instant = TableColumn { is_instant: true, ..read(Kind::Timestamp) };
        for (text, expected) in [
            ("1709193600", Value::Timestamp("2024-02-29T08:00:00Z".into())),
            ("1709193600.120", Value::Timestamp("2024-02-29T08:00:00.120Z".into())),
            ("0", Value::Text("0000-00-00 00:00:00".into())),
        ] {
            assert_eq!(value(text.into(), &instant), expected, "{text}");
        }
    }
}
