//! Configuration as a tree of named values with origins, before types are known.

use std::collections::BTreeMap;

use super::error::ConfigError;
use super::provenance::Origin;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub node: Node,
    pub origin: Origin,
}

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Scalar(Scalar),
    List(Vec<Entry>),
    Table(Table),
}

/// A single value with its text.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    pub kind: ScalarKind,
    pub text: String,
}

/// What a single value was written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarKind {
    Text,
    Integer,
    Float,
    Boolean,
    Date,
}

/// Named values.
pub(super) type Table = BTreeMap<String, Entry>;

impl Node {
    /// How Jackson names it in messages (`JsonToken.valueDescFor`).
    pub(super) fn description(&self) -> &'static str {
        match self {
            Node::Table(_) => "Object value",
            Node::List(_) => "Array value",
            Node::Scalar(scalar) => match scalar.kind {
                ScalarKind::Text | ScalarKind::Date => "String value",
                ScalarKind::Integer => "Integer value",
                ScalarKind::Float => "Floating-point value",
                ScalarKind::Boolean => "Boolean value",
            },
        }
    }
}

/// Sets `a.b.c` in a tree, making tables on the way (`TomlUtils.unflattenMap`).
///
/// # Errors
/// [`ConfigError::Conflict`] when a name on the way, or the last one, is already used the other way.
pub(super) fn insert(root: &mut Table, key: &str, value: &str, origin: &Origin) -> Result<(), ConfigError> {
    let conflict = || ConfigError::Conflict { key: key.to_owned(), origin: origin.clone() };
    let mut parts = key.trim_end_matches('.').split('.').peekable();
    let mut table = root;
    while let Some(part) = parts.next() {
        let scalar = Scalar { kind: ScalarKind::Text, text: value.to_owned() };
        if parts.peek().is_none() {
            let previous =
                table.insert(part.to_owned(), Entry { node: Node::Scalar(scalar), origin: origin.clone() });
            let was_table = previous.is_some_and(|entry| matches!(entry.node, Node::Table(_)));
            return if was_table { Err(conflict()) } else { Ok(()) };
        }
        let entry = table
            .entry(part.to_owned())
            .or_insert_with(|| Entry { node: Node::Table(Table::new()), origin: origin.clone() });
        let Node::Table(next) = &mut entry.node else {
            return Err(conflict());
        };
        table = next;
    }
    Ok(())
}
