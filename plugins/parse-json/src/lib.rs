//! Settings that were kept as JSON text move into columns with types, so that they can be constrained, indexed and joined.
//! Which member goes where is an option; the kind of a column decides how a member is read, and nothing is rounded.

use dunlin_plugin::{Change, Failure, Kind, Row, Setup, Shape, Transform, Value};
use serde_json::{Map, Value as Json};

dunlin_plugin::transform! {
    /// Moves members of a JSON column into typed columns.
    pub struct ParseJson {
        /// The column of JSON, of whatever type
        read json = "settings";
        /// Which member goes to which column: theme=theme, limits.daily=daily_limit
        option members: Members;
        /// Whether a member that is not there is a failure rather than null
        option strict: bool = "false";
    }
}

/// Pairs of a path of members and a column.
pub struct Members(Vec<(Vec<String>, String)>);

impl std::str::FromStr for Members {
    type Err = ();

    fn from_str(text: &str) -> Result<Members, ()> {
        let pairs = text.split(',').map(|pair| {
            let (path, column) = pair.split_once('=').ok_or(())?;
            let path: Vec<String> = path.trim().split('.').map(str::to_owned).collect();
            let column = column.trim().to_owned();
            if column.is_empty() || path.iter().any(String::is_empty) { Err(()) } else { Ok((path, column)) }
        });
        Ok(Members(pairs.collect::<Result<_, ()>>()?))
    }
}

impl Transform for ParseJson {
    fn shape(&self, setup: &Setup) -> Result<Shape, String> {
        let columns: Vec<String> = self.members.0.iter().map(|(_, column)| column.clone()).collect();
        for column in &columns {
            setup.column(column)?;
        }
        Ok(Shape { reads: vec![self.json.clone()], writes: columns })
    }

    fn transform(&self, row: &Row<'_>) -> Result<Change, Failure> {
        let Some(text) = row.get::<Option<&str>>(0)? else {
            return Ok(Change::set(vec![Value::Null; self.members.0.len()]));
        };
        let document: Map<String, Json> = serde_json::from_str(text)
            .map_err(|error| row.failure(0, format!("it is no JSON object: {error}")))?;
        let mut values = Vec::with_capacity(self.members.0.len());
        for (place, (path, _)) in self.members.0.iter().enumerate() {
            let target = row.target(place)?;
            let dotted = path.join(".");
            let value = match member(&document, path) {
                None if self.strict => return Err(row.failure(0, format!("it has no member {dotted}"))),
                None | Some(Json::Null) => Value::Null,
                Some(member) => typed(member, target.kind).ok_or_else(|| {
                    let reason = format!("{dotted} is {member}, which is no {}", name(target.kind));
                    Failure { column: Some(target.name.clone()), message: reason }
                })?,
            };
            values.push(value);
        }
        Ok(Change::set(values))
    }
}

fn member<'a>(document: &'a Map<String, Json>, path: &[String]) -> Option<&'a Json> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(document.get(first)?, |value, name| value.get(name))
}

/// The member as a value of the column's kind, if it is one to the last digit.
fn typed(member: &Json, kind: Kind) -> Option<Value> {
    let text = || member.as_str().map(str::to_owned);
    Some(match (kind, member) {
        (Kind::Boolean, Json::Bool(truth)) => Value::Boolean(*truth),
        (Kind::Integer, Json::Number(number)) => Value::Integer(number.as_i64()?),
        (Kind::Float, Json::Number(number)) => Value::Float(number.as_f64()?),
        // The digits as they are written; an exponent has no place in a decimal.
        (Kind::Decimal, Json::Number(number)) if !number.as_str().contains(['e', 'E']) => {
            Value::Decimal(number.to_string())
        }
        (Kind::Json, any) => Value::Json(any.to_string()),
        (Kind::Text, Json::String(text)) => Value::Text(text.clone()),
        (Kind::Decimal, Json::String(text)) => Value::Decimal(text.clone()),
        (Kind::Date, _) => Value::Date(text()?),
        (Kind::Time, _) => Value::Time(text()?),
        (Kind::Timestamp, _) => Value::Timestamp(text()?),
        (Kind::Uuid, _) => Value::Uuid(text()?.to_lowercase()),
        (Kind::Other, _) => Value::Text(text()?),
        _ => return None,
    })
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Integer => "integer",
        Kind::Float => "number",
        Kind::Decimal => "decimal",
        Kind::Date => "date",
        Kind::Time => "time",
        Kind::Timestamp => "timestamp",
        Kind::Uuid => "uuid",
        Kind::Json => "JSON",
        Kind::Bytes => "text that could be bytes",
        Kind::Text | Kind::Other => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> dunlin_plugin::Test<ParseJson> {
        dunlin_plugin::test::<ParseJson>()
            .option("members", "theme=theme, limits.daily=daily_limit, fee=fee")
            .column("theme", Kind::Text)
            .column("daily_limit", Kind::Integer)
            .column("fee", Kind::Decimal)
    }

    #[test]
    fn members_become_values_of_their_columns() {
        let outcome = test()
            .run([[Value::from(r#"{"theme": "dark", "limits": {"daily": 9007199254740993}, "fee": 0.10}"#)]]);
        let expected =
            [Value::from("dark"), Value::Integer(9_007_199_254_740_993), Value::Decimal("0.10".into())];
        assert_eq!(outcome.changes[0].values, expected);
    }

    #[test]
    fn what_is_not_there_is_null_or_a_failure() {
        let row = [Value::from(r#"{"theme": null}"#)];
        assert_eq!(test().run([row.clone()]).changes[0].values, [Value::Null, Value::Null, Value::Null]);
        let outcome = test().option("strict", "true").run([row]);
        assert_eq!(outcome.failures[0].message, "it has no member limits.daily");
    }

    #[test]
    fn what_is_of_another_kind_names_the_column() {
        for wrong in [
            r#"{"limits": {"daily": 1.5}}"#,
            r#"{"limits": {"daily": "7"}}"#,
            r#"{"limits": {"daily": 1e30}}"#,
        ] {
            let outcome = test().run([[Value::from(wrong)]]);
            assert_eq!(outcome.failures[0].column.as_deref(), Some("daily_limit"), "{wrong}");
        }
        assert!(!test().run([[Value::from("[1]")]]).failures.is_empty());
    }

    #[test]
    fn members_that_are_written_wrong_are_refused() {
        for wrong in ["theme", "theme=", "=theme", "a..b=c"] {
            assert!(
                dunlin_plugin::test::<ParseJson>().option("members", wrong).refusal().is_some(),
                "{wrong}"
            );
        }
    }
}
