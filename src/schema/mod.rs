//! What is in a database, as text that can be compared: catalogs are read into a [`Snapshot`], two snapshots compared, and the
//! differences shown.
//!
//! A snapshot knows no server: it is a list of objects with named properties and parts. Only the readers know one. What they
//! give is normalised, so that the same schema gives the same snapshot whichever way it came about: nothing in it is an
//! OID, a time or a position that dropped columns count in.

mod compare;
mod mysql;
mod postgres;
mod render;
pub mod rows;
mod scope;
mod sqlite;

pub use compare::{Change, Changes, Difference, PartChange, PartName, PropertyChange, compare};
pub use render::{json, text};
pub use scope::Scope;

use std::collections::BTreeMap;

use dunlin_compat::model::Dialect;

use crate::db::{BatchError, Connection, DbError, Outcome};

/// Named facts of an object or a part. What is as the server has it by default is left out.
pub type Properties = BTreeMap<String, String>;

/// Everything in a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The objects, by kind and qualified name.
    pub objects: BTreeMap<ObjectName, Object>,
}

/// What an object is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// In the server's words: `table`, `materialized view`.
    pub kind: String,
    /// Qualified, and quoted where it needs to be.
    pub name: String,
}

/// An object of a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Its facts.
    pub properties: Properties,
    /// What belongs to it alone: columns in their order, constraints, indexes, triggers, grants.
    pub parts: Vec<Part>,
}

/// A part of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// `column`, `constraint`, `index` …
    pub kind: String,
    /// Its name within the object.
    pub name: String,
    /// Its facts.
    pub properties: Properties,
}

/// Why a schema could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The server refused a question.
    #[error("reading the schema: {0}")]
    Server(#[from] DbError),
}

impl From<Box<BatchError>> for SchemaError {
    fn from(error: Box<BatchError>) -> SchemaError {
        SchemaError::Server(error.error)
    }
}

/// Reads what is in the database of a session. On MySQL and MariaDB the session's `sql_mode` is another afterwards, so it
/// should have no other use.
///
/// # Errors
/// The server refuses a question.
pub fn read(connection: &mut dyn Connection, scope: &Scope) -> Result<Snapshot, SchemaError> {
    let mut snapshot = match connection.server().dialect {
        Dialect::Postgres => postgres::read(connection)?,
        Dialect::Mysql | Dialect::Mariadb => mysql::read(connection)?,
        Dialect::Sqlite => sqlite::read(connection)?,
    };
    scope.apply(&mut snapshot);
    Ok(snapshot)
}

impl Snapshot {
    /// The object of this name, made if it is not there.
    fn object(&mut self, kind: &str, name: &str) -> &mut Object {
        let name = ObjectName { kind: kind.to_owned(), name: name.to_owned() };
        self.objects.entry(name).or_default()
    }

    /// Adds the rows of a catalog query: kind, name, kind of part, name of part, then facts named by the columns.
    fn add(&mut self, outcome: &Outcome) {
        for row in &outcome.rows {
            let text = |index: usize| row.get(index).and_then(Option::as_deref);
            let (Some(kind), Some(name)) = (text(0), text(1)) else { continue };
            let object = self.object(kind, name);
            let properties = match (text(2), text(3)) {
                (Some(kind), Some(name)) => object.part(kind, name),
                _ => &mut object.properties,
            };
            for (column, value) in outcome.columns.iter().zip(row).skip(4) {
                if let Some(value) = value {
                    properties.insert(column.name.clone(), value.clone());
                }
            }
        }
    }
}

impl Object {
    /// The facts of a part, made if it is not there.
    fn part(&mut self, kind: &str, name: &str) -> &mut Properties {
        let found = self.parts.iter().position(|part| part.kind == kind && part.name == name);
        let index = found.unwrap_or(self.parts.len());
        if found.is_none() {
            let properties = Properties::new();
            self.parts.push(Part { kind: kind.to_owned(), name: name.to_owned(), properties });
        }
        // It was found or has just been added.
        &mut self.parts[index].properties
    }
}
