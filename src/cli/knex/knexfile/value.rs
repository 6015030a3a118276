//! Values of JavaScript, as far as a knexfile is made of them.
//!
//! What is not understood is `None` throughout: then the knexfile is evaluated.

use serde_json::{Map, Number, json};

/// Names that every object has without being given them.
const OF_EVERY_OBJECT: [&str; 12] = [
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// A value that nothing changes any more.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Object(Object),
    /// A function of the file, by its number there.
    Function(usize),
    /// Something of Node's.
    Known(Known),
}

/// What a knexfile has of Node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    Process,
    /// `process.env`
    Environment,
    /// `process.cwd`
    WorkingFolder,
    Require,
    Path,
    Join,
    Resolve,
    Normalize,
    FolderOf,
    Url,
    FileOfUrl,
    /// `import.meta`
    Meta,
    /// `import.meta.url`
    OwnUrl,
    ParseInt,
    ToNumber,
    ToText,
    ToBool,
    Dotenv,
    /// `config` of dotenv
    ReadDotenv,
}

/// A plain object: its names in the order in which they were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object(Vec<(String, Value)>);

impl Object {
    /// Gives a name a value.
    pub fn set(&mut self, name: &str, value: Value) -> Option<()> {
        // Numbers come first whenever they were given, and `__proto__` is no name.
        let is_index = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if is_index || name == "__proto__" {
            return None;
        }
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
        Some(())
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<Value> {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, value)) => Some(value.clone()),
            None => (!is_of_every_object(name)).then_some(Value::Undefined),
        }
    }

    /// All names with their values.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// What `...value` adds.
    pub fn spread(&mut self, value: &Value) -> Option<()> {
        match value {
            Value::Object(other) => {
                other.0.iter().try_for_each(|(name, value)| self.set(name, value.clone()))
            }
            Value::Undefined | Value::Null | Value::Bool(_) | Value::Number(_) => Some(()),
            _ => None,
        }
    }

    /// Whether a promise would take it for another one.
    pub fn is_awaitable(&self) -> bool {
        self.0.iter().any(|(name, _)| name == "then")
    }
}

/// Whether a name means something on an object that does not have it.
pub fn is_of_every_object(name: &str) -> bool {
    OF_EVERY_OBJECT.contains(&name)
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// Whether a condition takes it for true.
    pub fn is_truthy(&self) -> bool {
        match self {
            Value::Undefined | Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Text(text) => !text.is_empty(),
            Value::List(_) | Value::Object(_) | Value::Function(_) | Value::Known(_) => true,
        }
    }

    /// Whether `??` passes it over.
    pub fn is_nullish(&self) -> bool {
        matches!(self, Value::Undefined | Value::Null)
    }

    fn is_primitive(&self) -> bool {
        !matches!(self, Value::List(_) | Value::Object(_) | Value::Function(_) | Value::Known(_))
    }

    /// `String(value)`
    pub fn to_text(&self) -> Option<String> {
        Some(match self {
            Value::Undefined => "undefined".to_owned(),
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => {
                let is_short = number.fract() == 0.0 && number.abs() < 1e15;
                // Also for the negative zero.
                is_short.then(|| format!("{}", *number as i64))?
            }
            Value::Text(text) => text.clone(),
            _ => return None,
        })
    }

    /// `Number(value)`
    pub fn to_number(&self) -> Option<f64> {
        Some(match self {
            Value::Undefined => f64::NAN,
            Value::Null => 0.0,
            Value::Bool(value) => f64::from(u8::from(*value)),
            Value::Number(number) => *number,
            Value::Text(text) => {
                let text = trimmed(text)?;
                let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
                let is_plain = !digits.is_empty() && digits.len() <= 15 && is_digits(digits);
                match text {
                    "" => 0.0,
                    text if is_plain => text.parse().ok()?,
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// `parseInt(value)`, also with ten as the base.
    pub fn parse_int(&self) -> Option<f64> {
        let text = self.to_text()?;
        let text = trimmed(&text)?;
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1.0, rest),
            None => (1.0, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest.starts_with("0x") || rest.starts_with("0X") {
            return None;
        }
        let end = rest.bytes().take_while(u8::is_ascii_digit).count();
        match rest.get(..end)? {
            "" => Some(f64::NAN),
            digits if digits.len() <= 15 => Some(sign * digits.parse::<f64>().ok()?),
            _ => None,
        }
    }

    /// `a + b`
    pub fn plus(&self, other: &Value) -> Option<Value> {
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => Some(Value::Number(a + b)),
            (Value::Text(_), _) | (_, Value::Text(_)) => {
                Some(Value::Text(self.to_text()? + &other.to_text()?))
            }
            _ => None,
        }
    }

    /// `a === b`
    pub fn is_identical(&self, other: &Value) -> Option<bool> {
        if !self.is_primitive() && !other.is_primitive() {
            return None;
        }
        Some(match (self, other) {
            (Value::Undefined, Value::Undefined) | (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            _ => false,
        })
    }

    /// `a == b`, of values of one type or where one is nothing.
    pub fn is_equal(&self, other: &Value) -> Option<bool> {
        if self.is_nullish() || other.is_nullish() {
            return Some(self.is_nullish() && other.is_nullish());
        }
        let alike = std::mem::discriminant(self) == std::mem::discriminant(other);
        if alike { self.is_identical(other) } else { None }
    }

    /// As JSON, as `calls.js` of the guest makes it.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        Some(match self {
            Value::Undefined | Value::Null => json!(null),
            Value::Bool(value) => json!(value),
            Value::Number(number) if number.is_nan() => json!({"number": "NaN"}),
            Value::Number(number) => match self.to_text() {
                Some(integer) => json!(integer.parse::<i64>().ok()?),
                // Written with digits, not as a power of ten, so that both say the same.
                None if (1e-6..1e15).contains(&number.abs()) => {
                    serde_json::Value::Number(Number::from_f64(*number)?)
                }
                None => return None,
            },
            Value::Text(text) => json!(text),
            Value::List(items) => {
                serde_json::Value::Array(items.iter().map(Value::to_json).collect::<Option<_>>()?)
            }
            Value::Object(object) => {
                let mut entries = Map::new();
                for (name, value) in object.0.iter().filter(|(_, value)| *value != Value::Undefined) {
                    entries.insert(name.clone(), value.to_json()?);
                }
                serde_json::Value::Object(entries)
            }
            Value::Function(_) => json!({"function": true}),
            Value::Known(_) => return None,
        })
    }
}

/// Without white space around; of letters outside of ASCII it is not known what they are.
pub fn trimmed(text: &str) -> Option<&str> {
    text.is_ascii().then(|| text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
