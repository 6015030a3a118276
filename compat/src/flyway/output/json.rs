//! JSON in the layout of Flyway's library: `"key" : value`, `[ ]` for nothing, lists of objects on the bracket's line.

use serde::Serialize;
use serde_json::Value;

/// The JSON of one result. Fails only for values that JSON cannot hold, which results have not.
pub fn to_json<T: Serialize>(result: &T) -> Result<String, serde_json::Error> {
    Ok(layout(&serde_json::to_value(result)?))
}

/// The JSON of several commands given at once.
pub fn composite_json(results: Vec<Value>) -> String {
    let mut object = serde_json::Map::new();
    object.insert("individualResults".to_owned(), Value::Array(results));
    layout(&Value::Object(object))
}

fn layout(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value, 0);
    text
}

fn write_value(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => write_string(out, text),
        Value::Array(items) if items.is_empty() => out.push_str("[ ]"),
        Value::Array(items) => {
            out.push_str("[ ");
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_value(out, item, depth);
            }
            out.push_str(" ]");
        }
        Value::Object(object) if object.is_empty() => out.push_str("{ }"),
        Value::Object(object) => {
            out.push('{');
            for (index, (key, item)) in object.iter().enumerate() {
                out.push_str(if index == 0 { "\n" } else { ",\n" });
                out.push_str(&"  ".repeat(depth + 1));
                write_string(out, key);
                out.push_str(" : ");
                write_value(out, item, depth + 1);
            }
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
            out.push('}');
        }
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if u32::from(control) < 0x20 => out.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_layout_is_jackson_s() {
        let value = json!({"a": [], "b": [{"c": null, "d": ["x", 1]}, {"e": {}}], "f": "é\u{1b}\n\"\\/"});
        let expected = r#"{
  "a" : [ ],
  "b" : [ {
    "c" : null,
    "d" : [ "x", 1 ]
  }, {
    "e" : { }
  } ],
  "f" : "é\u001B\n\"\\/"
}"#;
        assert_eq!(to_json(&value).unwrap(), expected);
        let composite = composite_json(vec![json!({"a": 1})]);
        assert_eq!(composite, "{\n  \"individualResults\" : [ {\n    \"a\" : 1\n  } ]\n}");
    }
}
