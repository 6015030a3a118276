//! What the engine must know of a statement before it sends it: read from its first tokens, without a grammar.
//!
//! A procedure that is called, a `DO` block or a prepared statement can do anything; only their own kind is known.

mod changes;
mod control;
mod encoding;
mod flyway;
mod mysql;
mod postgres;
mod reader;
mod rebuild;
mod session;
mod sqlite;
mod target;
#[cfg(test)]
mod tests;
mod verb;

pub use changes::TableChange;
pub use control::{Control, find_word, first_word, is_foreign_keys_pragma, words};
pub use encoding::foreign_client_encoding;
pub use flyway::flyway_non_transactional;
pub use rebuild::sqlite_rebuilds;
pub use session::{
    may_commit, only_fills_variables, reads_last_insert_id, reads_previous_result, user_variables,
};
pub use target::{ObjectKind, QualifiedName, Target, TargetAction};
pub use verb::{Verb, verb};

pub(crate) use reader::Reader;

use dunlin_compat::model::Dialect;

/// What the engine decides by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether the server runs it inside a transaction.
    pub transaction: TransactionNeed,
    /// MySQL and MariaDB: commits the transaction that is open, before or after it runs.
    pub implicit_commit: bool,
    /// Changes nothing but the session, so that a later session that goes on behind it must repeat it.
    pub session: bool,
    /// Creates an object that ends with the session.
    pub temporary_object: bool,
    /// Begins or ends a transaction or a savepoint, or sets `autocommit`.
    pub controls_transaction: bool,
    /// Which of these, if so.
    pub control: Option<Control>,
    /// Changes the schema or its privileges.
    pub ddl: bool,
    /// Changes how the server reads the text of later statements, so they must not travel in the same message.
    pub changes_parsing: bool,
    /// Changes the role that runs later statements.
    pub changes_role: bool,
    /// Gives back every session-level lock, ours among them.
    pub drops_locks: bool,
    /// PostgreSQL: waits for data of the copy protocol.
    pub copy_from_stdin: bool,
    /// The object it creates, changes or drops, where it is one that a catalog lists.
    pub target: Option<Target>,
}

/// Whether a statement can run inside a transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TransactionNeed {
    /// Inside and outside.
    #[default]
    Any,
    /// Outside only: the server refuses it inside, or ignores it there.
    Forbidden {
        /// The kind of statement, to be followed by a verb: `CREATE INDEX CONCURRENTLY`.
        reason: &'static str,
    },
}

impl TransactionNeed {
    /// Whether it must run outside.
    pub fn is_forbidden(self) -> bool {
        self != TransactionNeed::Any
    }
}

/// Says of one statement, as [`split`](crate::sql::split) gives it, what the engine decides by.
///
/// `server_version` decides which executable comments of MySQL are code, and what PostgreSQL runs in a transaction.
pub fn classify(statement: &str, dialect: Dialect, server_version: (u32, u32, u32)) -> Facts {
    let mut reader = Reader::new(statement, dialect, server_version);
    // `(SELECT 1)` is a query like any other.
    while reader.eat_symbol("(") {}
    let mut facts = match dialect {
        Dialect::Postgres => postgres::facts(&reader, server_version),
        Dialect::Mysql | Dialect::Mariadb => mysql::facts(&reader),
        Dialect::Sqlite => sqlite::facts(&reader),
    };
    if facts.controls_transaction {
        facts.control = Some(control::control(reader.clone()));
    }
    facts.target = target::target(reader);
    facts
}
