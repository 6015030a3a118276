//! Results with what MySQL says of their columns.

use mysql::Conn;
use mysql::consts::ColumnType;
use mysql::prelude::Queryable;

use super::super::{Cell, TypedColumn, TypedOutcome};

/// The number of the character set `binary`.
const BINARY: u16 = 63;

/// Sends a text and reads all results; the last is returned, as a procedure gives several.
pub(super) fn query(conn: &mut Conn, sql: &str) -> Result<TypedOutcome, mysql::Error> {
    let mut last = TypedOutcome::default();
    let mut result = conn.query_iter(sql)?;
    while let Some(mut set) = result.iter() {
        let columns = set.columns();
        let columns = columns.as_ref();
        let bytes: Vec<bool> = columns.iter().map(holds_bytes).collect();
        let typed: Vec<TypedColumn> = columns.iter().map(typed_column).collect();
        let (affected, last_id) = (set.affected_rows(), set.last_insert_id());
        let mut rows = Vec::new();
        for row in set.by_ref() {
            // The crate's name for taking a row apart; it fails only for rows that were read from before.
            let values = row?.unwrap().into_iter();
            rows.push(values.zip(&bytes).map(|(value, is_bytes)| cell(value, *is_bytes)).collect());
        }
        let affected = if typed.is_empty() { affected } else { rows.len() as u64 };
        let last_id = last_id.filter(|id| *id != 0).map(|id| i64::try_from(id).unwrap_or(i64::MAX));
        // The result of a procedure ends with one that has no columns.
        if typed.is_empty() && !last.columns.is_empty() {
            continue;
        }
        last = TypedOutcome { columns: typed, rows, affected, last_id };
    }
    Ok(last)
}

fn typed_column(column: &mysql::Column) -> TypedColumn {
    TypedColumn {
        name: column.name_str().into_owned(),
        type_id: Some(u32::from(column.column_type() as u8)),
        modifier: Some(i32::from(column.decimals())),
        flags: Some(column.flags().bits()),
        charset: Some(column.character_set()),
        length: Some(column.column_length()),
        declared: None,
    }
}

/// Whether the values of a column are bytes and not text. Numbers and times are in the character set `binary` too.
fn holds_bytes(column: &mysql::Column) -> bool {
    match column.column_type() {
        ColumnType::MYSQL_TYPE_BIT | ColumnType::MYSQL_TYPE_GEOMETRY => true,
        ColumnType::MYSQL_TYPE_VARCHAR
        | ColumnType::MYSQL_TYPE_VAR_STRING
        | ColumnType::MYSQL_TYPE_STRING
        | ColumnType::MYSQL_TYPE_TINY_BLOB
        | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
        | ColumnType::MYSQL_TYPE_LONG_BLOB
        | ColumnType::MYSQL_TYPE_BLOB => column.character_set() == BINARY,
        _ => false,
    }
}

fn cell(value: mysql::Value, is_bytes: bool) -> Cell {
    match value {
        mysql::Value::NULL => Cell::Null,
        mysql::Value::Bytes(bytes) if is_bytes => Cell::Bytes(bytes),
        mysql::Value::Bytes(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cell::Text(text),
            Err(error) => Cell::Bytes(error.into_bytes()),
        },
        // The text protocol has no others.
        other => Cell::Text(other.as_sql(true)),
    }
}
