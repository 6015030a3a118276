//! What becomes of a row.

use std::fmt;

use crate::bindings::types::Value;

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It stays as it is.
    Keep,
    /// New values, one for each column that the plugin writes, in that order.
    Set(Vec<Value>),
}

impl Change {
    /// New values, one for each column that the plugin writes, in that order.
    pub fn set(values: impl Into<Vec<Value>>) -> Change {
        Change::Set(values.into())
    }
}

/// Why a row cannot be changed. The others of its chunk are changed all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The column whose value is the reason.
    pub column: Option<String>,
    /// The reason.
    pub message: String,
}

impl Failure {
    /// A failure that is about no column. [`crate::Row::failure`] makes one that is.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { column: None, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(formatter, "{column}: {}", self.message),
            None => formatter.write_str(&self.message),
        }
    }
}

impl std::error::Error for Failure {}
