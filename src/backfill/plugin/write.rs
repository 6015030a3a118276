//! New values of many rows in one statement. Pure.
//!
//! Every server is given the rows as a table of its own, joined with the one to be changed by its key: PostgreSQL as arrays,
//! the others as `VALUES`.

use dunlin_compat::model::Dialect;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::key::{Form, Key, KeyValue, text_literal};
use super::super::work::Chunk;
use super::columns::TableColumn;
use crate::plugin::{Kind, Value};

/// About how long a statement may get, in bytes. MariaDB takes 16 MiB in one message unless it is told otherwise.
const LONGEST: usize = 4 << 20;

/// A row's key and its new values.
pub(super) struct Written<'a> {
    pub(super) key: &'a KeyValue,
    pub(super) values: &'a [Value],
}

/// The statements that write rows of a chunk: one, unless it would be very long. `keys` are the key's columns.
pub(super) fn statements(
    dialect: Dialect,
    chunk: &Chunk<'_>,
    keys: &[&TableColumn],
    writes: &[&TableColumn],
    rows: &[Written<'_>],
) -> Vec<String> {
    let mut statements = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take_while(|row| {
            let fits = bytes < LONGEST;
            bytes += size(row);
            fits
        });
        let (these, others) = rest.split_at(fitting.count().clamp(1, rest.len()));
        statements.push(match dialect {
            Dialect::Postgres => postgres(chunk, writes, these),
            Dialect::Mysql | Dialect::Mariadb => mysql(dialect, chunk, keys, writes, these),
            Dialect::Sqlite => sqlite(chunk, writes, these),
        });
        rest = others;
    }
    statements
}

fn size(row: &Written<'_>) -> usize {
    row.key.iter().map(String::len).sum::<usize>() + row.values.iter().map(Value::size).sum::<usize>()
}

/// Names of the columns in which new values come: `dunlin_key_1 …`, `dunlin_new_1 …`.
fn names(key: &Key, writes: &[&TableColumn]) -> Vec<String> {
    let keys = (1..=key.columns.len()).map(|number| format!("dunlin_key_{number}"));
    keys.chain((1..=writes.len()).map(|number| format!("dunlin_new_{number}"))).collect()
}

fn postgres(chunk: &Chunk<'_>, writes: &[&TableColumn], rows: &[Written<'_>]) -> String {
    let dialect = Dialect::Postgres;
    let key = chunk.key();
    let width = key.columns.len();
    let mut arrays = vec![String::from("{"); width + writes.len()];
    for (number, row) in rows.iter().enumerate() {
        for (index, array) in arrays.iter_mut().enumerate() {
            if number > 0 {
                array.push(',');
            }
            match row.key.get(index) {
                Some(text) => push_element(array, text),
                None => match row.values.get(index - width).and_then(postgres_text) {
                    Some(text) => push_element(array, &text),
                    None => array.push_str("NULL"),
                },
            }
        }
    }
    let arrays: Vec<String> = arrays
        .into_iter()
        .map(|array| format!("{}::text[]", dialect.quote_literal(&(array + "}"))))
        .collect();
    let set: Vec<String> = writes
        .iter()
        .enumerate()
        .map(|(index, write)| {
            let value = format!("dunlin_new.dunlin_new_{}", index + 1);
            // An assignment refuses what is too long for the column, where a cast would cut it.
            let cast =
                if write.column.kind == Kind::Text { String::new() } else { format!("::{}", write.cast) };
            format!("{} = {value}{cast}", dialect.quote_identifier(&write.column.name))
        })
        .collect();
    let join: Vec<String> = key
        .columns
        .iter()
        .zip(key.names())
        .enumerate()
        .map(|(index, (column, name))| {
            let cast = match &column.form {
                Form::Typed(type_name) => format!("::{type_name}"),
                _ => String::new(),
            };
            format!("dunlin_row.{name} = dunlin_new.dunlin_key_{}{cast}", index + 1)
        })
        .collect();
    // The range keeps the server from reading all of a large table to find a few thousand rows.
    format!(
        "UPDATE {} AS dunlin_row SET {} FROM unnest({}) AS dunlin_new ({}) WHERE {} AND {}",
        chunk.table.name,
        set.join(", "),
        arrays.join(", "),
        names(key, writes).join(", "),
        join.join(" AND "),
        key.between(chunk.from, chunk.to)
    )
}

fn push_element(array: &mut String, text: &str) {
    array.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            array.push('\\');
        }
        array.push(character);
    }
    array.push('"');
}

/// A value as PostgreSQL's text; `None` is NULL.
fn postgres_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Boolean(truth) => truth.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(number) if number.is_infinite() => {
            if *number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
        }
        Value::Float(number) => number.to_string(),
        Value::Bytes(bytes) => format!("\\x{}", hexadecimal(bytes)),
        _ => return value.text().map(str::to_owned),
    })
}

fn mysql(
    dialect: Dialect,
    chunk: &Chunk<'_>,
    keys: &[&TableColumn],
    writes: &[&TableColumn],
    rows: &[Written<'_>],
) -> String {
    let key = chunk.key();
    let names = names(key, writes).join(", ");
    let row_word = if dialect == Dialect::Mysql { "ROW" } else { "" };
    let values: Vec<String> = rows
        .iter()
        .map(|row| {
            let literals = row.key.iter().enumerate().map(|(index, text)| key.literal(index, text));
            let new =
                row.values.iter().zip(writes).map(|(value, write)| mysql_literal(dialect, value, write));
            format!("{row_word}({})", literals.chain(new).collect::<Vec<_>>().join(","))
        })
        .collect();
    let values = values.join(",");
    let source = match dialect {
        Dialect::Mysql => format!("(VALUES {values}) AS dunlin_new ({names})"),
        // MariaDB names columns of `VALUES` in a common table expression alone.
        _ => format!(
            "(WITH dunlin_values ({names}) AS (VALUES {values}) SELECT * FROM dunlin_values) AS dunlin_new"
        ),
    };
    let join: Vec<String> = key
        .columns
        .iter()
        .zip(key.names())
        .enumerate()
        .map(|(index, (column, name))| {
            let mut value = format!("dunlin_new.dunlin_key_{}", index + 1);
            // Columns of two collations cannot be compared.
            if let (Form::Text, Some((charset, collation))) =
                (&column.form, keys.get(index).and_then(|key| key.collation.as_ref()))
            {
                value = format!("CONVERT({value} USING {charset}) COLLATE {collation}");
            }
            format!("dunlin_row.{name} = {value}")
        })
        .collect();
    let set: Vec<String> = writes
        .iter()
        .enumerate()
        .map(|(index, write)| {
            let name = dialect.quote_identifier(&write.column.name);
            format!("dunlin_row.{name} = dunlin_new.dunlin_new_{}", index + 1)
        })
        .collect();
    // In this order the rows are found by their key, whatever the statistics say.
    format!(
        "UPDATE {source} STRAIGHT_JOIN {} AS dunlin_row ON {} SET {}",
        chunk.table.name,
        join.join(" AND "),
        set.join(", ")
    )
}

fn mysql_literal(dialect: Dialect, value: &Value, write: &TableColumn) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(truth) => u8::from(*truth).to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(number) => format!("{number:e}"),
        Value::Bytes(bytes) => format!("X'{}'", hexadecimal(bytes)),
        Value::Decimal(text) if text.bytes().all(|byte| matches!(byte, b'-' | b'.' | b'0'..=b'9')) => {
            text.clone()
        }
        Value::Timestamp(text) => {
            let plain = text.replacen('T', " ", 1);
            match in_utc(text).filter(|_| write.is_instant) {
                Some(utc) => format!("CONVERT_TZ('{utc}', '+00:00', @@SESSION.time_zone)"),
                None => text_literal(dialect, &plain),
            }
        }
        _ => text_literal(dialect, value.text().unwrap_or_default()),
    }
}

/// A timestamp with an offset, as MySQL writes it in UTC.
fn in_utc(text: &str) -> Option<String> {
    let instant: Timestamp = text.parse().ok()?;
    Some(instant.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

fn sqlite(chunk: &Chunk<'_>, writes: &[&TableColumn], rows: &[Written<'_>]) -> String {
    let dialect = Dialect::Sqlite;
    let key = chunk.key();
    let values: Vec<String> = rows
        .iter()
        .map(|row| {
            let literals = row.key.iter().enumerate().map(|(index, text)| key.literal(index, text));
            format!(
                "({})",
                literals.chain(row.values.iter().map(sqlite_literal)).collect::<Vec<_>>().join(",")
            )
        })
        .collect();
    let set: Vec<String> = writes
        .iter()
        .enumerate()
        .map(|(index, write)| {
            format!("{} = dunlin_new.dunlin_new_{}", dialect.quote_identifier(&write.column.name), index + 1)
        })
        .collect();
    let join: Vec<String> = key
        .names()
        .iter()
        .enumerate()
        .map(|(index, name)| format!("dunlin_row.{name} = dunlin_new.dunlin_key_{}", index + 1))
        .collect();
    format!(
        "WITH dunlin_new ({}) AS (VALUES {}) UPDATE {} AS dunlin_row SET {} FROM dunlin_new WHERE {}",
        names(key, writes).join(", "),
        values.join(","),
        chunk.table.name,
        set.join(", "),
        join.join(" AND ")
    )
}

fn sqlite_literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(truth) => u8::from(*truth).to_string(),
        Value::Integer(integer) => integer.to_string(),
        // Beyond what can be is infinite.
        Value::Float(number) if number.is_infinite() => {
            if *number > 0.0 { "9e999" } else { "-9e999" }.to_owned()
        }
        Value::Float(number) => format!("{number:e}"),
        Value::Bytes(bytes) => format!("X'{}'", hexadecimal(bytes)),
        // As `CURRENT_TIMESTAMP` writes it.
        Value::Timestamp(text) => sqlite_text(&text.replacen('T', " ", 1)),
        _ => sqlite_text(value.text().unwrap_or_default()),
    }
}

/// A literal with a NUL ends there.
fn sqlite_text(text: &str) -> String {
    if text.contains('\0') {
        return format!("CAST(X'{}' AS TEXT)", hexadecimal(text.as_bytes()));
    }
    Dialect::Sqlite.quote_literal(text)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::key::KeyColumn;
    use super::super::super::table::Table;
    use super::*;
    use crate::plugin::Column;

    fn column(name: &str, kind: Kind, cast: &str) -> TableColumn {
        TableColumn {
            column: Column { name: name.into(), kind, declared: cast.into(), nullable: true },
            cast: cast.into(),
            collation: None,
            is_instant: false,
            is_bits: false,
        }
    }

    fn written(dialect: Dialect, form: Form, values: Vec<Value>) -> String {
        let key = Key::new(dialect, vec![KeyColumn { name: "id".into(), form }]);
        let table = Table { name: "orders".into(), key, rows: None, row_bytes: None };
        let (from, to) = (vec!["1".to_owned()], vec!["9".to_owned()]);
        let chunk = Chunk { table: &table, from: &from, to: &to, filter: None };
        let (cents, note) = (column("cents", Kind::Integer, "bigint"), column("note", Kind::Text, "text"));
        let statements =
            statements(dialect, &chunk, &[], &[&cents, &note], &[Written { key: &from, values: &values }]);
        statements.join("\n")
    }

    #[test]
    fn rows_are_written_by_one_statement() {
        let values = || vec![Value::Integer(150), Value::Text("it's \"so\"".into())];
        assert_eq!(
            written(Dialect::Postgres, Form::Typed("bigint".into()), values()),
            "UPDATE orders AS dunlin_row SET \"cents\" = dunlin_new.dunlin_new_1::bigint, \"note\" = dunlin_new.dunlin_new_2 \
             FROM unnest('{\"1\"}'::text[], '{\"150\"}'::text[], E'{\"it''s \\\\\"so\\\\\"\"}'::text[]) AS dunlin_new \
             (dunlin_key_1, dunlin_new_1, dunlin_new_2) WHERE dunlin_row.\"id\" = dunlin_new.dunlin_key_1::bigint \
             AND \"id\" >= CAST('1' AS bigint) AND \"id\" <= CAST('9' AS bigint)"
        );
        assert_eq!(
            written(Dialect::Mysql, Form::Number, values()),
            "UPDATE (VALUES ROW(1,150,'it''s \"so\"')) AS dunlin_new (dunlin_key_1, dunlin_new_1, dunlin_new_2) \
             STRAIGHT_JOIN orders AS dunlin_row ON dunlin_row.`id` = dunlin_new.dunlin_key_1 \
             SET dunlin_row.`cents` = dunlin_new.dunlin_new_1, dunlin_row.`note` = dunlin_new.dunlin_new_2"
        );
        assert_eq!(
            written(Dialect::Sqlite, Form::Quoted, values()),
            "WITH dunlin_new (dunlin_key_1, dunlin_new_1, dunlin_new_2) AS (VALUES (1,150,'it''s \"so\"')) \
             UPDATE orders AS dunlin_row SET \"cents\" = dunlin_new.dunlin_new_1, \"note\" = dunlin_new.dunlin_new_2 \
             FROM dunlin_new WHERE dunlin_row.\"id\" = dunlin_new.dunlin_key_1"
        );
    }

    #[test]
    fn what_would_end_a_text_early_is_written_otherwise() {
        assert_eq!(sqlite_literal(&Value::Text("a\0b".into())), "CAST(X'610062' AS TEXT)");
    }

    #[test]
    fn instants_are_written_in_the_sessions_time_zone() {
        let instant = TableColumn { is_instant: true, ..column("at", Kind::Timestamp, "timestamp") };
        let value = Value::Timestamp("2024-02-29T10:00:00.5+02:00".into());
        assert_eq!(
            mysql_literal(Dialect::Mysql, &value, &instant),
            "CONVERT_TZ('2024-02-29 08:00:00.500000', '+00:00', @@SESSION.time_zone)"
        );
    }

    #[test]
    fn long_texts_are_divided_among_statements() {
        let key = Key::new(Dialect::Sqlite, vec![KeyColumn { name: "id".into(), form: Form::Quoted }]);
        let table = Table { name: "orders".into(), key, rows: None, row_bytes: None };
        let keys: Vec<KeyValue> = (1..=5).map(|number| vec![number.to_string()]).collect();
        let chunk = Chunk { table: &table, from: &keys[0], to: &keys[4], filter: None };
        let note = column("note", Kind::Text, "text");
        let values = [Value::Text("x".repeat(LONGEST / 2))];
        let rows: Vec<Written<'_>> = keys.iter().map(|key| Written { key, values: &values }).collect();
        assert_eq!(statements(Dialect::Sqlite, &chunk, &[], &[&note], &rows).len(), 3);
    }
}
