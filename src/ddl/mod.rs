//! What statements do to a schema, and what a server does for it: which lock it takes, whether it reads or rewrites the table.
//! Pure: text in, data out.
//!
//! [`read`] reads one statement into [`Change`]s, one parser per dialect. [`effects`] says what a server does for a change; what it
//! says is proven on the servers (`tests/rule_proofs_*`).

mod change;
mod clause;
mod definition;
mod effect;
mod mysql;
pub(crate) mod postgres;
mod sqlite;
mod work;

pub use change::{Change, ChangeKind, RowChange, Statement};
pub use definition::{
    Column, ColumnDefault, Constraint, ConstraintKind, Index, IndexColumn, References, TableName,
};
pub use effect::{Blocks, Effect, Known, KnownColumn, MysqlAlgorithm, PostgresLock, TableLock};
pub use mysql::{
    MysqlType, TypeChange, alone as mysql_alone, combined as mysql_combined, gentlest as mysql_gentlest,
    type_change,
};
pub use postgres::NON_VOLATILE;
pub use sqlite::affinity as sqlite_affinity;
pub use work::Work;

use dunlin_compat::model::Dialect;

/// A server's kind and version, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerVersion {
    /// Its dialect.
    pub dialect: Dialect,
    /// Its version: PostgreSQL 15.18 is `(15, 18, 0)`.
    pub version: (u32, u32, u32),
}

/// Reads one statement, as [`crate::sql::split`] gives it. What is not understood is [`ChangeKind::Other`].
pub fn read(text: &str, server: ServerVersion) -> Statement {
    match server.dialect {
        Dialect::Postgres => postgres::read(text),
        Dialect::Mysql | Dialect::Mariadb => mysql::read(text, server),
        Dialect::Sqlite => sqlite::read(text),
    }
}

/// What the server does for one change of a statement, for each table that it touches. `known` tells what is known of a table as it
/// is before the statement.
pub fn effects(
    statement: &Statement,
    change: &Change,
    server: ServerVersion,
    known: &dyn Fn(&TableName) -> Known,
) -> Vec<Effect> {
    match server.dialect {
        Dialect::Postgres => postgres::effects(change, server, known),
        Dialect::Mysql | Dialect::Mariadb => mysql::effects(statement, change, server, known),
        Dialect::Sqlite => sqlite::effects(change, server, known),
    }
}
