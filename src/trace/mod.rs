//! What statements really do: a record of everything that is sent in a session, with the locks that each statement took and the
//! tables that it wrote anew. Whatever language a migration is written in, its statements pass here.

mod algorithm;
mod look;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dunlin_compat::model::Dialect;

use crate::db::{Connection, Outcome, Watch};
use crate::sql;
use look::Look;

/// A record that is shared with the sessions that are watched.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    migration: String,
    statements: Vec<Traced>,
}

/// A statement that was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traced {
    /// What was running: [`Trace::begin`].
    pub migration: String,
    /// The statement.
    pub sql: String,
    /// Whether a transaction was open when it was answered.
    pub in_transaction: bool,
    /// Whether it succeeded.
    pub done: bool,
    /// How long it took.
    pub elapsed: Duration,
    /// Locks on tables that its transaction held for the first time. Without a transaction they are gone with the statement,
    /// and not known but for what MySQL and MariaDB do to change a table.
    pub locks: Vec<TableLock>,
    /// Tables whose rows it wrote anew, to another file.
    pub rewritten: Vec<String>,
}

/// A lock on a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableLock {
    /// The table, as snapshots name it.
    pub table: String,
    /// The server's name of the mode: `AccessExclusiveLock`, `SHARED_WRITE`; `ALGORITHM=INPLACE, LOCK=NONE`.
    pub mode: String,
}

impl Trace {
    /// What is recorded from here on is of this migration.
    pub fn begin(&self, migration: &str) {
        migration.clone_into(&mut self.record().migration);
    }

    /// Takes what was recorded.
    pub fn take(&self) -> Vec<Traced> {
        std::mem::take(&mut self.record().statements)
    }

    /// What records the statements of a session.
    pub fn watch(&self) -> Box<dyn Watch> {
        Box::new(Watcher { trace: self.clone(), look: Look::default(), held: Vec::new(), tried: None })
    }

    fn record(&self) -> std::sync::MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Watcher {
    trace: Trace,
    look: Look,
    /// The locks that the open transaction is known to hold.
    held: Vec<TableLock>,
    /// How the statement that is being sent is carried out, where that could be tried.
    tried: Option<TableLock>,
}

impl Watch for Watcher {
    fn one_by_one(&self) -> bool {
        true
    }

    fn before(&mut self, connection: &mut dyn Connection, sql: &str) -> Result<(), crate::db::DbError> {
        if may_lock(sql, connection.server().dialect) {
            self.look.before(connection);
        }
        Ok(())
    }

    fn send(&mut self, connection: &mut dyn Connection, sql: &str) -> Option<Outcome> {
        let (outcome, lock) = algorithm::gently(connection, sql)?;
        self.tried = Some(lock);
        Some(outcome)
    }

    fn after(&mut self, connection: &mut dyn Connection, sql: &str, done: bool, elapsed: Duration) {
        let mut traced = Traced { sql: sql.to_owned(), done, elapsed, ..Traced::default() };
        let tried = self.tried.take();
        // A failed statement of PostgreSQL leaves a transaction in which nothing can be asked.
        if done && may_lock(sql, connection.server().dialect) {
            traced.in_transaction = connection.in_transaction().unwrap_or(false);
            if traced.in_transaction {
                let held = self.look.locks(connection);
                traced.locks = held.iter().filter(|lock| !self.held.contains(lock)).cloned().collect();
                self.held = held;
            } else {
                self.held.clear();
            }
            // With `autocommit = 0` the server says that another transaction is open already.
            traced.locks.extend(tried);
            traced.rewritten = self.look.rewritten(connection);
        } else if !may_lock(sql, connection.server().dialect) {
            self.held.clear();
        }
        let mut record = self.trace.record();
        traced.migration.clone_from(&record.migration);
        record.statements.push(traced);
    }
}

/// Whether it is worth looking: what begins and ends transactions and sets the session locks no table.
fn may_lock(sql: &str, dialect: Dialect) -> bool {
    let word = sql::first_word(sql, dialect);
    !matches!(
        word.as_str(),
        "BEGIN"
            | "START"
            | "COMMIT"
            | "ROLLBACK"
            | "END"
            | "SAVEPOINT"
            | "RELEASE"
            | "SET"
            | "RESET"
            | "SHOW"
            | "PRAGMA"
            | "USE"
    )
}
