//! Values between servers and plugins. Pure.

use dunlin_compat::model::Dialect;

use crate::db::Cell;
use crate::plugin::{Kind, Value, is_in_notation};

/// A value of PostgreSQL, MySQL or MariaDB, from its text; bytes are written in hexadecimal.
pub fn of_text(text: String, kind: Kind) -> Value {
    match kind {
        Kind::Boolean => Value::Boolean(matches!(text.as_str(), "t" | "true" | "1")),
        Kind::Integer => integer(text),
        Kind::Float => text.parse().map_or_else(|_| Value::Text(text), Value::Float),
        Kind::Bytes => bytes(&text).map_or_else(|| Value::Text(text), Value::Bytes),
        Kind::Timestamp => in_notation(text, |text| Value::Timestamp(with_minutes(with_t(&text)))),
        Kind::Time => in_notation(text, |text| Value::Time(with_minutes(text))),
        Kind::Decimal => in_notation(text, Value::Decimal),
        Kind::Date => in_notation(text, Value::Date),
        Kind::Uuid => in_notation(text, Value::Uuid),
        Kind::Json => in_notation(text, Value::Json),
        Kind::Text | Kind::Other => Value::Text(text),
    }
}

/// A value of SQLite, by what is stored and, where that is text, by what the column's type means.
pub fn of_stored(cell: Cell, kind: Kind) -> Value {
    match (cell, kind) {
        (Cell::Null, _) => Value::Null,
        (Cell::Integer(truth @ 0..=1), Kind::Boolean) => Value::Boolean(truth == 1),
        (Cell::Integer(integer), _) => Value::Integer(integer),
        (Cell::Real(real), _) => Value::Float(real),
        (Cell::Bytes(bytes), _) => Value::Bytes(bytes),
        (Cell::Text(text), Kind::Boolean | Kind::Integer | Kind::Float | Kind::Bytes) => Value::Text(text),
        (Cell::Text(text), kind) => of_text(text, kind),
    }
}

/// The kind of PostgreSQL's types, by the names that its catalog has for them.
pub fn postgres_kind(type_name: &str) -> Kind {
    match type_name {
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
    }
}

/// The kind of MySQL's and MariaDB's types.
pub fn mysql_kind(type_name: &str) -> Kind {
    match type_name {
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
    }
}

/// What is meant by the declared type of a SQLite column, which holds what it is given.
pub fn sqlite_kind(declared: &str) -> Kind {
    let declared = declared.to_ascii_uppercase();
    let any = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    if any(&["BOOL"]) {
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
    }
}

/// Why a value cannot be written at all, whatever the column.
pub fn unwritable(dialect: Dialect, value: &Value) -> Option<&'static str> {
    match value {
        Value::Text(text) | Value::Json(text) => {
            let stops = dialect == Dialect::Postgres && text.contains('\0');
            stops.then_some("PostgreSQL has no text with the character NUL")
        }
        Value::Float(number) => {
            let has = match dialect {
                Dialect::Postgres => true,
                Dialect::Sqlite => !number.is_nan(),
                Dialect::Mysql | Dialect::Mariadb => number.is_finite(),
            };
            (!has).then_some("the server has no such floating-point number")
        }
        _ => None,
    }
}

/// The value, or the text itself where the notation cannot express it: `infinity`, `0000-00-00`.
fn in_notation(text: String, make: impl Fn(String) -> Value) -> Value {
    let value = make(text.clone());
    if is_in_notation(&value) { value } else { Value::Text(text) }
}

/// Integers that do not fit are decimals: MySQL's unsigned ones.
fn integer(text: String) -> Value {
    text.parse().map_or_else(|_| in_notation(text, Value::Decimal), Value::Integer)
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn with_t(text: &str) -> String {
    text.replacen(' ', "T", 1)
}

/// PostgreSQL leaves the minutes of an offset away where there are none: `08:00:00+02`.
fn with_minutes(text: String) -> String {
    match text.rsplit_once(['+', '-']) {
        Some((_, offset)) if offset.len() == 2 => text + ":00",
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_values_of_their_kind() {
        for (text, kind, expected) in [
            ("t", Kind::Boolean, Value::Boolean(true)),
            ("-7", Kind::Integer, Value::Integer(-7)),
            ("18446744073709551615", Kind::Integer, Value::Decimal("18446744073709551615".into())),
            ("0.1", Kind::Float, Value::Float(0.1)),
            ("00FF", Kind::Bytes, Value::Bytes(vec![0, 255])),
            ("", Kind::Bytes, Value::Bytes(Vec::new())),
            ("12.50", Kind::Decimal, Value::Decimal("12.50".into())),
            ("NaN", Kind::Decimal, Value::Decimal("NaN".into())),
            ("infinity", Kind::Timestamp, Value::Text("infinity".into())),
            ("0000-00-00", Kind::Date, Value::Text("0000-00-00".into())),
            ("2024-02-29 08:00:00.5", Kind::Timestamp, Value::Timestamp("2024-02-29T08:00:00.5".into())),
            ("2024-02-29 08:00:00-03", Kind::Timestamp, Value::Timestamp("2024-02-29T08:00:00-03:00".into())),
            ("08:00:00-03", Kind::Time, Value::Time("08:00:00-03:00".into())),
            ("838:59:59", Kind::Time, Value::Text("838:59:59".into())),
        ] {
            assert_eq!(of_text(text.into(), kind), expected, "{text}");
        }
    }

    #[test]
    fn sqlite_values_are_what_is_stored() {
        assert_eq!(of_stored(Cell::Integer(1), Kind::Boolean), Value::Boolean(true));
        assert_eq!(of_stored(Cell::Integer(2), Kind::Boolean), Value::Integer(2));
        assert_eq!(of_stored(Cell::Text("7".into()), Kind::Integer), Value::Text("7".into()));
        let stored = Cell::Text("2024-02-29 08:00:00".into());
        assert_eq!(of_stored(stored, Kind::Timestamp), Value::Timestamp("2024-02-29T08:00:00".into()));
    }

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
            assert_eq!(sqlite_kind(declared), kind, "{declared}");
        }
    }

    #[test]
    fn what_a_server_does_not_have_is_not_written() {
        assert!(unwritable(Dialect::Postgres, &Value::Text("a\0b".into())).is_some());
        assert!(unwritable(Dialect::Mysql, &Value::Float(f64::NAN)).is_some());
        assert_eq!(unwritable(Dialect::Postgres, &Value::Float(f64::NAN)), None);
    }
}
