//! Values of rows in JSON, as case files write them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Number, Value as Json};

use crate::plugin::{Column, Kind, Value};

/// Reads a value of a column. Numbers, true and false are JSON's, everything else is text, bytes in base64.
///
/// # Errors
/// It is no value of the column's kind.
pub fn read(json: &Json, column: &Column) -> Result<Value, String> {
    let text = || json.as_str().map(str::to_owned);
    let value = match (json, column.kind) {
        (Json::Null, _) => Some(Value::Null),
        (Json::Bool(truth), Kind::Boolean) => Some(Value::Boolean(*truth)),
        (Json::Number(number), Kind::Integer) => number.as_i64().map(Value::Integer),
        (Json::Number(number), Kind::Float) => number.as_f64().map(Value::Float),
        (Json::Number(number), Kind::Decimal) => Some(Value::Decimal(number.to_string())),
        (Json::String(text), Kind::Bytes) => BASE64_STANDARD.decode(text).ok().map(Value::Bytes),
        (_, Kind::Decimal) => text().map(Value::Decimal),
        (_, Kind::Text | Kind::Other) => text().map(Value::Text),
        (_, Kind::Date) => text().map(Value::Date),
        (_, Kind::Time) => text().map(Value::Time),
        (_, Kind::Timestamp) => text().map(Value::Timestamp),
        (_, Kind::Uuid) => text().map(Value::Uuid),
        (_, Kind::Json) => Some(Value::Json(text().unwrap_or_else(|| json.to_string()))),
        _ => None,
    };
    value.ok_or_else(|| format!("the column {} is {}, and {json} is none", column.name, column.kind.name()))
}

/// Writes a value. What JSON has no number for is text.
pub fn write(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(truth) => Json::Bool(*truth),
        Value::Integer(integer) => Json::from(*integer),
        Value::Float(float) => {
            Number::from_f64(*float).map_or_else(|| Json::from(float.to_string()), Json::Number)
        }
        Value::Bytes(bytes) => Json::from(BASE64_STANDARD.encode(bytes)),
        _ => Json::from(value.text()),
    }
}
