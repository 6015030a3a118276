//! A row as a plugin reads it.

use crate::bindings::types::{Column, Value};
use crate::change::Failure;

/// The values of one row, in the order of the columns that the plugin reads.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub(crate) columns: &'a [String],
    pub(crate) values: &'a [Value],
    pub(crate) targets: &'a [Column],
}

impl<'a> Row<'a> {
    /// The value of a column as a Rust type: `bool`, `i64`, `f64`, `&str` for whatever is text, `&[u8]`, [`Value`], or an
    /// `Option` of these where it may be null.
    ///
    /// # Errors
    /// The value is of another kind, or null; the error names the column.
    pub fn get<T: FromValue<'a>>(&self, column: usize) -> Result<T, Failure> {
        let value = self.value(column)?;
        T::from_value(value).ok_or_else(|| {
            let found = value.kind_name();
            self.failure(column, format!("it is {found}, and this plugin takes {}", T::EXPECTED))
        })
    }

    /// The value of a column as it is.
    ///
    /// # Errors
    /// The plugin reads fewer columns.
    pub fn value(&self, column: usize) -> Result<&'a Value, Failure> {
        self.values.get(column).ok_or_else(|| Failure::new(format!("the plugin reads no column {column}")))
    }

    /// A failure of this row for which a column's value is the reason.
    pub fn failure(&self, column: usize, message: impl Into<String>) -> Failure {
        Failure { column: self.columns.get(column).cloned(), message: message.into() }
    }

    /// A column that the plugin writes, with its kind, by its place among them.
    ///
    /// # Errors
    /// The plugin writes fewer columns, or a test does not say what columns there are.
    pub fn target(&self, column: usize) -> Result<&'a Column, Failure> {
        self.targets.get(column).ok_or_else(|| Failure::new(format!("the plugin writes no column {column}")))
    }

    /// How many columns are read.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether no column is read.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// A Rust type that a value can be read as.
pub trait FromValue<'a>: Sized {
    /// Its name in messages.
    const EXPECTED: &'static str;

    /// The value, if it is of this type.
    fn from_value(value: &'a Value) -> Option<Self>;
}

macro_rules! from_value {
    ($type:ty, $expected:literal, $pattern:pat => $result:expr) => {
        impl<'a> FromValue<'a> for $type {
            const EXPECTED: &'static str = $expected;

            fn from_value(value: &'a Value) -> Option<$type> {
                match value {
                    $pattern => Some($result),
                    _ => None,
                }
            }
        }
    };
}

from_value!(bool, "boolean", Value::Boolean(value) => *value);
from_value!(i64, "integer", Value::Integer(value) => *value);
from_value!(f64, "float", Value::Float(value) => *value);
from_value!(&'a [u8], "bytes", Value::Bytes(value) => value);
impl<'a> FromValue<'a> for &'a Value {
    const EXPECTED: &'static str = "any value";

    fn from_value(value: &'a Value) -> Option<&'a Value> {
        Some(value)
    }
}

impl<'a> FromValue<'a> for &'a str {
    const EXPECTED: &'static str = "text";

    fn from_value(value: &'a Value) -> Option<&'a str> {
        value.as_text()
    }
}

impl<'a, T: FromValue<'a>> FromValue<'a> for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_value(value: &'a Value) -> Option<Option<T>> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}
