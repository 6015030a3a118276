//! Fault points, compiled in for tests only: the process is killed at a chosen message to the server.
//!
//! `DUNLIN_FAULT=before:7` kills it before the seventh message is sent, `after:7` when its answer is there, `during:7` shortly
//! after it was sent. So a test that counts upwards until a run survives has visited every point between connecting and
//! the last commit, whatever the engine's code looks like.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dunlin_compat::model::{Lock, Server};

use crate::db::{BatchError, Connection, DbError, NoticeParts, Outcome, Parameter, TypedOutcome};

static SENT: AtomicUsize = AtomicUsize::new(0);

/// Where to kill, relative to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Before,
    During,
    After,
}

/// Wraps a connection if the environment asks for a fault.
pub(super) fn wrap(inner: Box<dyn Connection>) -> Box<dyn Connection> {
    let Ok(wanted) = std::env::var("DUNLIN_FAULT") else { return inner };
    let Some((moment, number)) = wanted.split_once(':') else { return inner };
    let moment = match moment {
        "before" => Moment::Before,
        "during" => Moment::During,
        "after" => Moment::After,
        _ => return inner,
    };
    match number.parse() {
        Ok(number) => Box::new(Faulty { inner, moment, number }),
        Err(_) => inner,
    }
}

struct Faulty {
    inner: Box<dyn Connection>,
    moment: Moment,
    number: usize,
}

impl Faulty {
    fn message<T>(&mut self, send: impl FnOnce(&mut dyn Connection) -> T) -> T {
        let hit = SENT.fetch_add(1, Ordering::SeqCst) + 1 == self.number;
        if hit && self.moment == Moment::Before {
            die();
        }
        if hit && self.moment == Moment::During {
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_millis(1));
                die();
            });
        }
        let answer = send(self.inner.as_mut());
        if hit {
            die();
        }
        answer
    }
}

/// Ends this process as a power cut would: no destructor, no signal handler.
fn die() -> ! {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpid, kill_process};

        let _ = kill_process(getpid(), Signal::KILL);
    }
    std::process::abort()
}

impl Connection for Faulty {
    fn server(&self) -> &Server {
        self.inner.server()
    }

    fn execute(&mut self, sql: &str) -> Result<Outcome, DbError> {
        self.message(|inner| inner.execute(sql))
    }

    fn execute_many(&mut self, statements: &[&str]) -> Result<Vec<Outcome>, Box<BatchError>> {
        self.message(|inner| inner.execute_many(statements))
    }

    fn execute_typed(
        &mut self,
        sql: &str,
        parameters: &[Parameter],
        returns_rows: bool,
    ) -> Result<TypedOutcome, DbError> {
        self.message(|inner| inner.execute_typed(sql, parameters, returns_rows))
    }

    fn copy_in(&mut self, statement: &str, data: &[u8]) -> Result<u64, DbError> {
        self.message(|inner| inner.copy_in(statement, data))
    }

    fn try_lock(&mut self, lock: &Lock) -> Result<bool, DbError> {
        self.message(|inner| inner.try_lock(lock))
    }

    fn unlock(&mut self, lock: &Lock) -> Result<(), DbError> {
        self.message(|inner| inner.unlock(lock))
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
