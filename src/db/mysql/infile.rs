//! `LOAD DATA LOCAL INFILE`: a server may ask for any file of this machine, so it gets one only while a statement that
//! names a local file runs, and only if the URL allows it.

use super::super::error::{DbError, DbErrorKind};
use super::super::text::leading_words;
use dunlin_compat::model::Dialect;
use mysql::LocalInfileHandler;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whether files may be read, and what went wrong.
#[derive(Clone)]
pub(super) struct Infile {
    allowed: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// A statement that names a local file is running.
    running: bool,
    error: Option<String>,
}

impl Infile {
    pub fn new(allowed: bool) -> Infile {
        Infile { allowed, state: Arc::default() }
    }

    /// What the driver calls when the server asks. An error returned from here would leave the session out of step,
    /// so the server gets an empty file and the error is kept for [`Infile::finish`].
    pub fn handler(&self) -> LocalInfileHandler {
        let state = self.state.clone();
        LocalInfileHandler::new(move |name, writer| {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let name = String::from_utf8_lossy(name).into_owned();
            if !state.running {
                state.error = Some(format!("the server asked for the file {name}, which no statement names"));
                return Ok(());
            }
            let copied = File::open(&name).and_then(|mut file| io::copy(&mut file, writer));
            if let Err(error) = copied {
                state.error = Some(format!("cannot read {name}: {error}"));
            }
            Ok(())
        })
    }

    /// Before a statement is sent: refuses one that names a local file unless that is allowed.
    pub fn check(&self, sql: &str) -> Result<(), DbError> {
        if !is_local_load(sql) || self.allowed {
            return Ok(());
        }
        Err(DbError::new(
            DbErrorKind::Statement,
            "LOAD … LOCAL INFILE is disabled: it lets the server read files of this machine",
        )
        .advise("allow it with allowLoadLocalInfile=true (JDBC) or local_infile=1 in the database URL"))
    }

    pub fn begin(&self, sql: &str) {
        let mut state = self.state();
        state.running = self.allowed && is_local_load(sql);
        state.error = None;
    }

    /// After a statement: what went wrong with its file.
    pub fn finish(&self) -> Option<DbError> {
        let mut state = self.state();
        state.running = false;
        state.error.take().map(|error| DbError::new(DbErrorKind::Statement, error))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `LOAD DATA|XML [LOW_PRIORITY|CONCURRENT] LOCAL INFILE`.
pub(super) fn is_local_load(sql: &str) -> bool {
    let words = leading_words(sql, Dialect::Mysql, 4);
    words.first().is_some_and(|word| word == "LOAD") && words.iter().any(|word| word == "LOCAL")
}
