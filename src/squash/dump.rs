//! What a database holds, as statements.

use dunlin_compat::model::{BaselineSql, Dialect};

use super::script::script;
use super::{SquashError, mysql, postgres, sqlite};
use crate::schema::Scope;
use crate::scratch::Scratch;
use crate::verify::State;

/// More rows than this are data, not what an application begins with.
pub const MOST_ROWS: u64 = 10_000;

/// The statements that make what a database holds, and those that drop it.
#[derive(Debug, Clone, Default)]
pub struct Dump {
    /// What makes it.
    pub up: Vec<String>,
    /// What drops it.
    pub down: Vec<String>,
    /// How many tables there are.
    pub tables: usize,
    /// How many rows.
    pub rows: u64,
}

/// Reads a scratch database; `state` is what is in it, `own_schema` the schema of the history, which the tool makes.
///
/// # Errors
/// The server or its program refuses, or there are too many rows.
pub fn dump(scratch: &Scratch, state: &State, scope: &Scope, own_schema: &str) -> Result<Dump, SquashError> {
    let rows: u64 = state.rows.values().map(|rows| rows.count).sum();
    if rows > MOST_ROWS {
        let mut counts: Vec<(&String, u64)> =
            state.rows.iter().map(|(table, rows)| (table, rows.count)).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let tables: Vec<&str> = counts.iter().take(3).map(|(table, _)| table.as_str()).collect();
        return Err(SquashError::TooManyRows { count: rows, tables: tables.join(", ") });
    }
    let mut connection = scratch.open().map_err(SquashError::Read)?;
    let (up, down) = match connection.server().dialect {
        Dialect::Postgres => postgres::read(connection.as_mut(), scratch.url(), scope, own_schema)?,
        Dialect::Mysql | Dialect::Mariadb => mysql::read(connection.as_mut(), scope)?,
        Dialect::Sqlite => sqlite::read(connection.as_mut(), scope)?,
    };
    Ok(Dump { up, down, tables: state.rows.len(), rows })
}

impl Dump {
    /// The same for an adapter.
    pub fn sql(&self, dialect: Dialect, with_down: bool) -> BaselineSql {
        BaselineSql {
            up: self.up.clone(),
            up_script: script(&self.up, dialect),
            down: with_down.then(|| self.down.clone()),
            down_script: if with_down { script(&self.down, dialect) } else { String::new() },
        }
    }
}
