//! Values and errors between the step protocol and the drivers. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dunlin_compat::model::Dialect;
use serde_json::{Value, json};

use crate::db::{Cell, DbError, DbErrorKind, NoticeParts, Parameter, TypedColumn, TypedOutcome};
use crate::guest::protocol::{
    Answer, Notice, ParameterValue, ResultColumn, StatementError, StatementResult, TypedParameter,
};
use crate::sql::Verb;

/// A guest's parameter for a driver that takes them; the error says what of it cannot be read.
pub fn parameter(value: &ParameterValue) -> Result<Parameter, String> {
    Ok(match value {
        ParameterValue::Null => Parameter::Null,
        ParameterValue::Boolean(value) => Parameter::Boolean(*value),
        ParameterValue::Typed(TypedParameter::Int(text)) => match text.parse() {
            Ok(number) => Parameter::Integer(number),
            Err(_) if is_integer(text) => Parameter::BigInteger(text.clone()),
            Err(_) => return Err(format!("{text:?} is no integer")),
        },
        ParameterValue::Typed(TypedParameter::Real(text)) => {
            Parameter::Real(text.parse().map_err(|_| format!("{text:?} is no number"))?)
        }
        ParameterValue::Typed(TypedParameter::Text(text)) => Parameter::Text(text.clone()),
        ParameterValue::Typed(TypedParameter::Bytes(text)) => {
            Parameter::Bytes(BASE64.decode(text).map_err(|error| format!("bytes: {error}"))?)
        }
    })
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A parameter as a literal. PostgreSQL gets literals without a type, which it resolves as it does untyped parameters.
pub fn literal(parameter: &Parameter, dialect: Dialect) -> String {
    let untyped = |text: &str| dialect.quote_literal(text);
    match (parameter, dialect) {
        (Parameter::Null, _) => "NULL".to_owned(),
        (Parameter::Boolean(value), Dialect::Postgres) => untyped(if *value { "true" } else { "false" }),
        (Parameter::Boolean(value), _) => u8::from(*value).to_string(),
        (Parameter::Integer(number), Dialect::Postgres) => untyped(&number.to_string()),
        (Parameter::Integer(number), _) => number.to_string(),
        (Parameter::BigInteger(text), Dialect::Postgres) => untyped(text),
        (Parameter::BigInteger(text), _) => text.clone(),
        (Parameter::Real(number), Dialect::Postgres) => untyped(&real(*number)),
        (Parameter::Real(number), _) => real(*number),
        (Parameter::Text(text), _) => untyped(text),
        (Parameter::Bytes(bytes), Dialect::Postgres) => untyped(&format!("\\x{}", hexadecimal(bytes))),
        (Parameter::Bytes(bytes), _) => format!("X'{}'", hexadecimal(bytes)),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The shortest text that reads as the same number.
fn real(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{number:?}")
    }
}

/// A driver's result for a guest.
pub fn result(outcome: TypedOutcome, verb: &Verb) -> Answer {
    let counted = verb.counts_rows || !outcome.columns.is_empty();
    Answer::Result(StatementResult {
        columns: outcome.columns.into_iter().map(column).collect(),
        rows: outcome.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect(),
        affected: counted.then_some(outcome.affected),
        last_id: outcome.last_id,
        tag: verb.tag.clone(),
        notices: Vec::new(),
    })
}

/// Adds what the server said beside a result.
pub fn with_notices(answer: Answer, notices: Vec<NoticeParts>) -> Answer {
    let Answer::Result(result) = answer else { return answer };
    let notice = |parts: NoticeParts| Notice {
        severity: parts.severity,
        sqlstate: parts.sqlstate,
        message: parts.message,
        detail: parts.detail,
        hint: parts.hint,
    };
    Answer::Result(StatementResult { notices: notices.into_iter().map(notice).collect(), ..result })
}

fn column(column: TypedColumn) -> ResultColumn {
    ResultColumn {
        name: column.name,
        type_id: column.type_id,
        modifier: column.modifier,
        flags: column.flags,
        charset: column.charset,
        length: column.length,
        declared: column.declared,
    }
}

fn cell(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => Value::String(text),
        Cell::Bytes(bytes) => json!({ "bytes": BASE64.encode(bytes) }),
        Cell::Integer(number) => json!({ "int": number.to_string() }),
        Cell::Real(number) => json!({ "real": real(number) }),
    }
}

/// A server's error for a guest.
pub fn error(error: &DbError) -> Answer {
    let fields = error.fields.clone().unwrap_or_default();
    let severity = error.fields.is_some().then_some(fields.severity);
    Answer::Error(Box::new(StatementError {
        kind: kind(error.kind).to_owned(),
        message: error.message.clone(),
        sqlstate: error.sqlstate.clone(),
        code: error.code,
        position: error.position,
        severity,
        detail: error.detail.clone(),
        hint: error.hint.clone(),
        schema: fields.schema,
        table: fields.table,
        column: fields.column,
        data_type: fields.data_type,
        constraint: fields.constraint,
    }))
}

fn kind(kind: DbErrorKind) -> &'static str {
    match kind {
        DbErrorKind::LockTimeout => "lock-timeout",
        DbErrorKind::Deadlock => "deadlock",
        DbErrorKind::Connection | DbErrorKind::Authentication => "connection",
        DbErrorKind::Storage => "storage",
        DbErrorKind::Statement | DbErrorKind::Plugin | DbErrorKind::Configuration => "statement",
    }
}

/// What the server says of several statements in one text when the driver sends one at a time.
pub fn several(dialect: Dialect) -> Answer {
    let (sqlstate, code, message) = match dialect {
        Dialect::Postgres => ("42601", None, "cannot insert multiple commands into a prepared statement"),
        Dialect::Mysql | Dialect::Mariadb => (
            "42000",
            Some(1064),
            "You have an error in your SQL syntax; the driver sends one statement at a time, and this text has several",
        ),
        Dialect::Sqlite => ("", Some(1), "You can only execute one statement at a time."),
    };
    Answer::Error(Box::new(StatementError {
        kind: "statement".to_owned(),
        message: message.to_owned(),
        sqlstate: (!sqlstate.is_empty()).then(|| sqlstate.to_owned()),
        code,
        ..StatementError::default()
    }))
}

/// The name of one of PostgreSQL's own types, for the cast of a parameter whose driver says its type.
pub fn type_name(oid: u32) -> Option<&'static str> {
    Some(match oid {
        16 => "bool",
        17 => "bytea",
        20 => "int8",
        21 => "int2",
        23 => "int4",
        25 => "text",
        26 => "oid",
        114 => "json",
        650 => "cidr",
        700 => "float4",
        701 => "float8",
        869 => "inet",
        1043 => "varchar",
        1082 => "date",
        1083 => "time",
        1114 => "timestamp",
        1184 => "timestamptz",
        1186 => "interval",
        1266 => "timetz",
        1700 => "numeric",
        2950 => "uuid",
        3802 => "jsonb",
        1000 => "bool[]",
        1001 => "bytea[]",
        1005 => "int2[]",
        1007 => "int4[]",
        1009 => "text[]",
        1015 => "varchar[]",
        1016 => "int8[]",
        1022 => "float8[]",
        1182 => "date[]",
        1185 => "timestamptz[]",
        1231 => "numeric[]",
        2951 => "uuid[]",
        3904 => "int4range",
        3906 => "numrange",
        3908 => "tsrange",
        3910 => "tstzrange",
        3912 => "daterange",
        3926 => "int8range",
        _ => return None,
    })
}

/// What the engine does not do, whatever the server would say.
pub fn refusal(message: impl Into<String>) -> Answer {
    Answer::Error(Box::new(StatementError {
        kind: "refused".to_owned(),
        message: message.into(),
        ..StatementError::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_digits() {
        let read = |value: serde_json::Value| {
            parameter(&serde_json::from_value::<ParameterValue>(value).unwrap()).unwrap()
        };
        assert_eq!(read(json!({"int": "9007199254740993"})), Parameter::Integer(9_007_199_254_740_993));
        let large = "99999999999999999999";
        assert_eq!(read(json!({ "int": large })), Parameter::BigInteger(large.to_owned()));
        assert_eq!(read(json!({"real": "-Infinity"})), Parameter::Real(f64::NEG_INFINITY));
        assert_eq!(read(json!({"bytes": "AP8="})), Parameter::Bytes(vec![0, 255]));
        assert!(parameter(&ParameterValue::Typed(TypedParameter::Int("1; DROP".to_owned()))).is_err());
    }

    #[test]
    fn literals_are_untyped_on_postgresql() {
        let text = |parameter, dialect| literal(&parameter, dialect);
        assert_eq!(text(Parameter::Integer(5), Dialect::Postgres), "'5'");
        assert_eq!(text(Parameter::Integer(5), Dialect::Mysql), "5");
        assert_eq!(text(Parameter::Bytes(vec![1, 255]), Dialect::Postgres), r"E'\\x01ff'");
        assert_eq!(text(Parameter::Bytes(vec![1, 255]), Dialect::Mariadb), "X'01ff'");
        assert_eq!(text(Parameter::Text("it's".to_owned()), Dialect::Mysql), "'it''s'");
        assert_eq!(text(Parameter::Real(0.1), Dialect::Mysql), "0.1");
    }
}
