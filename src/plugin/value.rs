//! Values as plugins see them, and the notations that they are held to.

use dunlin_compat::model::Dialect;

pub use super::bindings::types::{Column, Kind, Value};

impl Kind {
    /// Its name in messages and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Boolean => "boolean",
            Kind::Integer => "integer",
            Kind::Float => "float",
            Kind::Bytes => "bytes",
            Kind::Decimal => "decimal",
            Kind::Text => "text",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::Timestamp => "timestamp",
            Kind::Uuid => "uuid",
            Kind::Json => "json",
            Kind::Other => "other",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Kind> {
        let kinds = [
            Kind::Boolean,
            Kind::Integer,
            Kind::Float,
            Kind::Bytes,
            Kind::Decimal,
            Kind::Text,
            Kind::Date,
            Kind::Time,
            Kind::Timestamp,
            Kind::Uuid,
            Kind::Json,
            Kind::Other,
        ];
        kinds.into_iter().find(|kind| kind.name() == name)
    }
}

impl Value {
    /// What it is, in a word.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "boolean",
            Value::Integer(_) => "integer",
            Value::Float(_) => "float",
            Value::Bytes(_) => "bytes",
            Value::Decimal(_) => "decimal",
            Value::Text(_) => "text",
            Value::Date(_) => "date",
            Value::Time(_) => "time",
            Value::Timestamp(_) => "timestamp",
            Value::Uuid(_) => "uuid",
            Value::Json(_) => "json",
        }
    }

    /// Bytes that it takes, roughly.
    pub fn size(&self) -> usize {
        match self {
            Value::Null => 1,
            Value::Boolean(_) => 1,
            Value::Integer(_) | Value::Float(_) => 8,
            Value::Bytes(bytes) => bytes.len(),
            _ => self.text().map_or(0, str::len),
        }
    }

    /// The text of the cases that hold one, in the notation of the case.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Float(_) | Value::Bytes(_) => None,
            Value::Decimal(text)
            | Value::Text(text)
            | Value::Date(text)
            | Value::Time(text)
            | Value::Timestamp(text)
            | Value::Uuid(text)
            | Value::Json(text) => Some(text),
        }
    }
}

/// Integers beyond this are not all exact as a 64-bit floating-point number.
const EXACT_FLOAT: u64 = 1 << f64::MANTISSA_DIGITS;

/// Why a value does not fit a column, or nothing. Exact conversions count as fitting: an integer for a decimal. SQLite's
/// columns take any value, as long as its notation is right.
pub fn misfit(value: &Value, column: &Column, dialect: Dialect) -> Option<String> {
    if let Some(problem) = bad_notation(value) {
        return Some(problem);
    }
    if matches!(value, Value::Null) {
        return (!column.nullable).then(|| "it is null, and the column is NOT NULL".to_owned());
    }
    let fits = match (value, column.kind) {
        (Value::Boolean(_), Kind::Boolean)
        | (Value::Integer(_), Kind::Integer | Kind::Decimal)
        | (Value::Float(_), Kind::Float)
        | (Value::Bytes(_), Kind::Bytes)
        | (Value::Decimal(_), Kind::Decimal)
        | (Value::Text(_), Kind::Text | Kind::Other | Kind::Date | Kind::Time | Kind::Timestamp)
        | (Value::Date(_), Kind::Date)
        | (Value::Time(_), Kind::Time)
        | (Value::Timestamp(_), Kind::Timestamp)
        | (Value::Uuid(_), Kind::Uuid)
        | (Value::Json(_), Kind::Json) => true,
        // Those that do not fit an integer of 64 bits.
        (Value::Decimal(text), Kind::Integer) => {
            text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit())
        }
        (Value::Integer(integer), Kind::Float) => integer.unsigned_abs() <= EXACT_FLOAT,
        _ => dialect == Dialect::Sqlite,
    };
    (!fits).then(|| {
        format!(
            "it is {}, and the column takes {} ({})",
            value.kind_name(),
            column.kind.name(),
            column.declared
        )
    })
}

/// Whether the text of a value is in the notation of its case.
pub fn is_in_notation(value: &Value) -> bool {
    bad_notation(value).is_none()
}

/// Why the text of a value is not in the notation of its case, or nothing.
fn bad_notation(value: &Value) -> Option<String> {
    let (good, text, expected) = match value {
        Value::Decimal(text) => (is_decimal(text), text, "digits, as in -12.50"),
        Value::Date(text) => (is_date(text), text, "YYYY-MM-DD"),
        Value::Time(text) => (is_time(text), text, "HH:MM:SS with fraction and offset if need be"),
        Value::Timestamp(text) => {
            (is_timestamp(text), text, "YYYY-MM-DDTHH:MM:SS with fraction and offset if need be")
        }
        Value::Uuid(text) => (is_uuid(text), text, "lower-case hexadecimal digits as 8-4-4-4-12"),
        Value::Json(text) => (serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(), text, "JSON"),
        _ => return None,
    };
    (!good).then(|| format!("{:?} is no {}: {expected}", shortened(text), value.kind_name()))
}

/// The beginning of a text, for messages.
pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_decimal(text: &str) -> bool {
    if matches!(text, "NaN" | "Infinity" | "-Infinity") {
        return true;
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    match digits.split_once('.') {
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => all_digits(digits),
    }
}

/// Two digits of which the number is below a bound.
fn is_number(text: &str, below: u32) -> bool {
    text.len() == 2 && all_digits(text) && text.parse::<u32>().is_ok_and(|number| number < below)
}

fn is_date(text: &str) -> bool {
    // Years are counted to 9999; what lies beyond crosses as text.
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_time(text: &str) -> bool {
    let (clock, offset) = match text.find(['+', '-', 'Z']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts[..] else { return false };
    is_number(hour, 24)
        && is_number(minute, 60)
        && is_number(second, 60)
        && fraction.is_none_or(|fraction| all_digits(fraction) && fraction.len() <= 9)
        && offset.is_none_or(is_offset)
}

fn is_offset(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(['+', '-']) else { return text == "Z" };
    let parts: Vec<&str> = digits.split(':').collect();
    match parts[..] {
        [hours, minutes] => is_number(hours, 24) && is_number(minutes, 60),
        [hours, minutes, seconds] => is_number(hours, 24) && is_number(minutes, 60) && is_number(seconds, 60),
        _ => false,
    }
}

fn is_timestamp(text: &str) -> bool {
    text.split_once('T').is_some_and(|(date, time)| is_date(date) && is_time(time))
}

fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == lengths.len()
        && groups.iter().zip(lengths).all(|(group, length)| {
            group.len() == length && group.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: Kind, declared: &str) -> Column {
        Column { name: "c".into(), kind, declared: declared.into(), nullable: true }
    }

    #[test]
    fn notations_are_held_to() {
        let good = [
            Value::Decimal("-12.50".into()),
            Value::Decimal("NaN".into()),
            Value::Date("2024-02-29".into()),
            Value::Time("23:59:59.123456789".into()),
            Value::Time("08:00:00+05:30".into()),
            Value::Timestamp("2024-02-29T08:00:00Z".into()),
            Value::Timestamp("1883-11-18T12:03:58-04:56:02".into()),
            Value::Uuid("0b5e2d2c-4a0a-4f6e-9a52-1d1f9a1b2c3d".into()),
            Value::Json("{\"a\": [1, 2.50]}".into()),
        ];
        for value in good {
            assert_eq!(bad_notation(&value), None, "{value:?}");
        }
        let bad = [
            Value::Decimal("1e5".into()),
            Value::Decimal("".into()),
            Value::Decimal("1.".into()),
            Value::Decimal("٣".into()),
            Value::Date("2023-02-29".into()),
            Value::Date("24-02-28".into()),
            Value::Date("2024-02-29T00:00:00".into()),
            Value::Time("24:00:00".into()),
            Value::Time("8:00".into()),
            Value::Time("08:00:00.".into()),
            Value::Time("08:00:00+5".into()),
            Value::Timestamp("2024-02-29 08:00:00".into()),
            Value::Uuid("0B5E2D2C-4A0A-4F6E-9A52-1D1F9A1B2C3D".into()),
            Value::Uuid("{0b5e2d2c-4a0a-4f6e-9a52-1d1f9a1b2c3d}".into()),
            Value::Json("{'a': 1}".into()),
            Value::Json("".into()),
        ];
        for value in bad {
            assert!(bad_notation(&value).is_some(), "{value:?}");
        }
    }

    #[test]
    fn a_value_of_another_kind_does_not_fit() {
        let text = misfit(&Value::Text("12".into()), &column(Kind::Integer, "bigint"), Dialect::Postgres);
        assert_eq!(text.as_deref(), Some("it is text, and the column takes integer (bigint)"));
        let required = Column { nullable: false, ..column(Kind::Text, "text") };
        let null = misfit(&Value::Null, &required, Dialect::Postgres);
        assert_eq!(null.as_deref(), Some("it is null, and the column is NOT NULL"));
        assert_eq!(misfit(&Value::Null, &column(Kind::Text, "text"), Dialect::Postgres), None);
    }

    #[test]
    fn only_exact_conversions_fit() {
        let float = column(Kind::Float, "double precision");
        assert_eq!(misfit(&Value::Integer(1 << 53), &float, Dialect::Postgres), None);
        assert!(misfit(&Value::Integer((1 << 53) + 1), &float, Dialect::Postgres).is_some());
        let unsigned = column(Kind::Integer, "bigint unsigned");
        let large = |text: &str| misfit(&Value::Decimal(text.into()), &unsigned, Dialect::Mysql);
        assert_eq!(large("18446744073709551615"), None);
        assert!(large("1.5").is_some());
        let decimal = column(Kind::Decimal, "numeric(12,2)");
        assert_eq!(misfit(&Value::Integer(i64::MIN), &decimal, Dialect::Postgres), None);
        assert!(misfit(&Value::Float(0.5), &decimal, Dialect::Postgres).is_some());
    }

    #[test]
    fn what_a_notation_cannot_express_is_text() {
        let timestamp = column(Kind::Timestamp, "timestamp with time zone");
        assert_eq!(misfit(&Value::Text("infinity".into()), &timestamp, Dialect::Postgres), None);
    }

    #[test]
    fn sqlite_takes_any_value_in_any_column() {
        let integer = column(Kind::Integer, "INTEGER");
        assert_eq!(misfit(&Value::Text("x".into()), &integer, Dialect::Sqlite), None);
        assert!(misfit(&Value::Date("x".into()), &integer, Dialect::Sqlite).is_some());
    }
}
