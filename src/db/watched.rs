//! A connection with somebody who looks at every statement before and after it.

use std::time::{Duration, Instant};

use dunlin_compat::model::{Dialect, Lock, Server};

use super::{BatchError, Connection, DbError, NoticeParts, Outcome, Parameter, TypedOutcome};

/// Looks at statements.
pub trait Watch: Send {
    /// A statement is about to be sent; an error keeps it from it, as if the server had refused it.
    fn before(&mut self, _connection: &mut dyn Connection, _sql: &str) -> Result<(), DbError> {
        Ok(())
    }

    /// Sends a statement in its own way, to the same effect. `None`: it is sent as it is.
    fn send(&mut self, _connection: &mut dyn Connection, _sql: &str) -> Option<Outcome> {
        None
    }

    /// A statement was answered.
    fn after(&mut self, _connection: &mut dyn Connection, _sql: &str, _done: bool, _elapsed: Duration) {}

    /// What the caller gets for an error.
    fn told(&mut self, error: DbError) -> DbError {
        error
    }

    /// Whether statements that are sent together are to be sent one by one, so that each can be looked at.
    fn one_by_one(&self) -> bool {
        false
    }
}

/// Has somebody watch a connection.
pub fn watched(inner: Box<dyn Connection>, watch: Box<dyn Watch>) -> Box<dyn Connection> {
    Box::new(Watched { inner, watch })
}

struct Watched {
    inner: Box<dyn Connection>,
    watch: Box<dyn Watch>,
}

impl Watched {
    /// `of`: the result when somebody who looks has sent the statement.
    fn send<T>(
        &mut self,
        sql: &str,
        send: impl FnOnce(&mut dyn Connection) -> Result<T, DbError>,
        of: impl FnOnce(Outcome) -> T,
    ) -> Result<T, DbError> {
        self.watch.before(self.inner.as_mut(), sql)?;
        let start = Instant::now();
        let result = match self.watch.send(self.inner.as_mut(), sql) {
            Some(outcome) => Ok(of(outcome)),
            None => send(self.inner.as_mut()),
        };
        self.watch.after(self.inner.as_mut(), sql, result.is_ok(), start.elapsed());
        result.map_err(|error| self.watch.told(error))
    }

    /// What goes together outside of a transaction is one by itself on PostgreSQL, and has to stay one.
    fn may_part(&mut self, statements: &[&str]) -> bool {
        if self.inner.server().dialect != Dialect::Postgres {
            return true;
        }
        let begins = statements.iter().any(|sql| {
            let sql = sql.trim_start().to_ascii_uppercase();
            sql.starts_with("BEGIN") || sql.starts_with("START TRANSACTION")
        });
        begins || self.inner.in_transaction().unwrap_or(false)
    }
}

impl Connection for Watched {
    fn server(&self) -> &Server {
        self.inner.server()
    }

    fn execute(&mut self, sql: &str) -> Result<Outcome, DbError> {
        self.send(sql, |inner| inner.execute(sql), |outcome| outcome)
    }

    fn execute_many(&mut self, statements: &[&str]) -> Result<Vec<Outcome>, Box<BatchError>> {
        if self.watch.one_by_one() && self.may_part(statements) {
            let mut done = Vec::with_capacity(statements.len());
            for (index, sql) in statements.iter().enumerate() {
                match self.execute(sql) {
                    Ok(outcome) => done.push(outcome),
                    Err(error) => return Err(Box::new(BatchError { index: Some(index), done, error })),
                }
            }
            return Ok(done);
        }
        for (index, sql) in statements.iter().enumerate() {
            if let Err(error) = self.watch.before(self.inner.as_mut(), sql) {
                return Err(Box::new(BatchError { index: Some(index), done: Vec::new(), error }));
            }
        }
        let start = Instant::now();
        let result = self.inner.execute_many(statements);
        let elapsed = start.elapsed();
        for sql in statements {
            self.watch.after(self.inner.as_mut(), sql, result.is_ok(), elapsed);
        }
        result.map_err(|mut failure| {
            failure.error = self.watch.told(failure.error);
            failure
        })
    }

    fn execute_typed(
        &mut self,
        sql: &str,
        parameters: &[Parameter],
        returns_rows: bool,
    ) -> Result<TypedOutcome, DbError> {
        let send = |inner: &mut dyn Connection| inner.execute_typed(sql, parameters, returns_rows);
        // No statement that gives rows is sent in another way.
        self.send(sql, send, |outcome| TypedOutcome { affected: outcome.affected, ..TypedOutcome::default() })
    }

    fn copy_in(&mut self, statement: &str, data: &[u8]) -> Result<u64, DbError> {
        self.send(statement, |inner| inner.copy_in(statement, data), |outcome| outcome.affected)
    }

    fn try_lock(&mut self, lock: &Lock) -> Result<bool, DbError> {
        self.inner.try_lock(lock)
    }

    fn unlock(&mut self, lock: &Lock) -> Result<(), DbError> {
        self.inner.unlock(lock)
    }

    fn lock_holder(&mut self, lock: &Lock) -> Option<String> {
        self.inner.lock_holder(lock)
    }

    fn session_alive(&mut self, session_id: i64) -> Result<bool, DbError> {
        self.inner.session_alive(session_id)
    }

    fn learn_quoting(&mut self) -> Result<(), DbError> {
        self.inner.learn_quoting()
    }

    fn enforce_foreign_keys(&mut self, on: bool) -> Result<bool, DbError> {
        self.inner.enforce_foreign_keys(on)
    }

    fn refuse_double_quoted_strings(&mut self) -> Result<(), DbError> {
        self.inner.refuse_double_quoted_strings()
    }

    fn take_notices(&mut self) -> Vec<String> {
        self.inner.take_notices()
    }

    fn notice_parts(&self) -> Vec<NoticeParts> {
        self.inner.notice_parts()
    }

    fn in_transaction(&mut self) -> Result<bool, DbError> {
        self.inner.in_transaction()
    }
}
