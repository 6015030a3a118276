//! Migrations that cannot be one transaction: statement by statement, with the journal beside them.

use std::time::Instant;

use dunlin_compat::model::{Dialect, ForeignKeys, MigrationStep, Script};

use super::code::Stop;
use super::error::StatementFailure;
use super::event::Event;
use super::journal::Entry;
use super::journaled::{Journaling, Work, journaling};
use super::prepare::{self, Prepared, Statement, Unit, UnitMode};
use super::run::{Runner, begin_statement};
use super::{RunError, session};
use crate::db::{DbError, DbErrorKind};

impl Runner<'_> {
    /// Runs a migration statement by statement, from where `entry` says.
    pub(super) fn run_stepwise(
        &mut self,
        prepared: &Prepared<'_>,
        index: usize,
        total: usize,
        entry: Option<&Entry>,
    ) -> Result<(), RunError> {
        self.started(prepared, index, total);
        let started = Instant::now();
        let step = prepared.step;
        if !step.session.is_empty() {
            let session: Vec<&str> = step.session.iter().map(String::as_str).collect();
            self.connection
                .execute_many(&session)
                .map_err(|failure| RunError::server("preparing the session")(failure.error))?;
        }
        self.emulate_manual_commit(true)?;
        let next = match entry {
            Some(entry) => {
                let next = self.take_up(prepared, entry)?;
                self.observer.event(Event::Resumed {
                    step,
                    next_statement: next,
                    total: prepared.statement_count(),
                });
                next
            }
            None => {
                self.begin_journal(prepared)?;
                0
            }
        };
        if let Err(error) = self.run_units(prepared, next) {
            self.stepwise_failure(prepared, &error, started);
            return Err(error);
        }
        self.tidy_backfills(prepared)?;
        self.end_journal(prepared, started)?;
        self.emulate_manual_commit(false)?;
        if self.connection.server().dialect == Dialect::Sqlite
            && self.adapter.foreign_keys() == ForeignKeys::Enforced
        {
            self.connection
                .execute("PRAGMA foreign_keys = ON")
                .map_err(RunError::server("enforcing foreign keys again"))?;
        }
        self.finished(prepared, started);
        Ok(())
    }

    /// MySQL: without autocommit, a statement commits together with the journal's advance, also under `LOCK TABLES`, where
    /// `START TRANSACTION` would give the locks back. It is also how a JDBC tool runs a script.
    fn emulate_manual_commit(&mut self, on: bool) -> Result<(), RunError> {
        if !self.connection.server().dialect.is_mysql_family() {
            return Ok(());
        }
        let statement = if on { "SET autocommit = 0" } else { "SET autocommit = 1" };
        self.connection.execute(statement).map_err(RunError::server("preparing the session"))?;
        Ok(())
    }

    fn begin_journal(&mut self, prepared: &Prepared<'_>) -> Result<(), RunError> {
        let entry = Entry {
            id: prepared.step.id.clone(),
            direction: prepared.step.direction,
            next: 0,
            in_flight: false,
            fingerprint: None,
            session: None,
            digests: prepared.statements().map(Statement::digest).collect(),
            failed: false,
            replay: None,
            part: 0,
        };
        let doing = "beginning the statement journal";
        // That it existed a moment ago says little: a run of another history may have tidied it away.
        if self.journal_exists && self.commit_together(&self.journal.begin(&entry, true), doing).is_ok() {
            return Ok(());
        }
        self.journal_exists = true;
        self.commit_together(&self.journal.begin(&entry, false), doing)
    }

    /// Runs statements of ours in one transaction.
    pub(super) fn commit_together(&mut self, statements: &[String], doing: &str) -> Result<(), RunError> {
        let dialect = self.connection.server().dialect;
        let mut all: Vec<&str> = Vec::with_capacity(statements.len() + 2);
        if !dialect.is_mysql_family() {
            all.push(begin_statement(dialect));
        }
        all.extend(statements.iter().map(String::as_str));
        all.push("COMMIT");
        self.patiently(|runner| runner.send_together(&all)).map_err(RunError::server(doing))
    }

    fn run_units(&mut self, prepared: &Prepared<'_>, next: usize) -> Result<(), RunError> {
        let mut first = 0;
        for unit in &prepared.units {
            let end = first + unit.statements.len();
            if let Some(block) = unit.program {
                super::program::run(block, self.observer)?;
            } else if unit.mode == UnitMode::Backfill && next < end {
                self.run_backfill(prepared, unit, first)?;
            } else if next < end {
                let from = next.max(first);
                self.run_unit(prepared, unit, first, from)?;
            }
            first = end;
        }
        Ok(())
    }

    fn run_unit(
        &mut self,
        prepared: &Prepared<'_>,
        unit: &Unit<'_>,
        first: usize,
        from: usize,
    ) -> Result<(), RunError> {
        let statements = unit.statements.get(from - first..).unwrap_or_default();
        if unit.mode == UnitMode::Transaction {
            return self.run_journaled_unit(prepared, statements, from, unit.rebuilds_tables);
        }
        let total = prepared.statement_count();
        let dialect = self.connection.server().dialect;
        let mut work = Work {
            session: session::kept(prepared, dialect),
            own_rights: self.own_rights(prepared),
            own_transaction: None,
        };
        let mut offset = 0;
        while let Some(statement) = statements.get(offset) {
            let number = from + offset;
            let hooks = &prepared.step.each_statement;
            if statement.is_of_body
                && let Err(error) = self.run_hooks(&hooks.before, &work)
            {
                return Err(self.hook_failure(error, number, total, &work));
            }
            let kind = journaling(statement, dialect, work.own_transaction.is_some());
            // What asks about the statement before it must be the next thing that the server hears.
            let asking = statements.get(offset + 1..).unwrap_or_default().iter().take_while(|next| {
                kind == Journaling::Shared
                    && journaling(next, dialect, false) == kind
                    && crate::sql::reads_previous_result(&next.text, dialect)
            });
            let together = statements.get(offset..=offset + asking.count()).unwrap_or_default();
            let outcomes = self.run_some(together, number, kind, &mut work).map_err(|(failed, error)| {
                // A transaction of the migration's own was taken back as a whole.
                let restart = work.own_transaction.unwrap_or(number);
                let failed_statement = statements.get(offset + failed).unwrap_or(statement);
                self.note_failure(restart, &work);
                statement_failure(prepared, failed_statement, error, restart)
            })?;
            self.pass_on_notices();
            for (index, (statement, outcome)) in together.iter().zip(&outcomes).enumerate() {
                self.statement_done(statement, number + index, total, outcome);
            }
            offset += together.len().max(1);
            if statement.is_of_body
                && let Err(error) = self.run_hooks(&hooks.after, &work)
            {
                return Err(self.hook_failure(error, from + offset, total, &work));
            }
        }
        if work.own_transaction.is_some() {
            // The migration left its transaction open; its end is ours to make, as with any tool's connection.
            let mut end = work.own_rights.clone();
            end.push(self.journal.advance(from + statements.len(), work.session.as_deref()));
            self.end_transaction(&end)?;
        }
        Ok(())
    }

    /// Commits the transaction that is open, with statements of ours at its end.
    fn end_transaction(&mut self, last: &[String]) -> Result<(), RunError> {
        let mut all: Vec<&str> = last.iter().map(String::as_str).collect();
        all.push("COMMIT");
        if let Err(failure) = self.connection.execute_many(&all) {
            self.roll_back();
            return Err(RunError::server("ending the migration's transaction")(failure.error));
        }
        Ok(())
    }

    /// Scripts around a statement; inside of a transaction that the migration itself began they are part of it, as in Flyway.
    fn run_hooks(&mut self, scripts: &[Script], work: &Work) -> Result<(), RunError> {
        for script in scripts {
            if work.own_transaction.is_none() || script.own_session {
                self.run_script(script)?;
                continue;
            }
            self.observer.event(Event::Script { name: &script.name, transactional: true });
            let unit = prepare::script(script, self.connection.server())?;
            match unit.program {
                Some(block) => super::program::run(block, self.observer)?,
                None => self.send_script_unit(&script.name, &unit)?,
            }
        }
        Ok(())
    }

    /// Notes the failure of a script around a statement: the statements before `next` are kept.
    fn hook_failure(&mut self, error: RunError, next: usize, total: usize, work: &Work) -> RunError {
        let restart = work.own_transaction.unwrap_or(next);
        self.note_failure(restart, work);
        match error {
            RunError::Statement(mut failure) => {
                failure.rolled_back = false;
                failure.kept = Some((restart, total));
                RunError::Statement(failure)
            }
            other => other,
        }
    }

    /// Takes the failed transaction back and notes where to go on.
    fn note_failure(&mut self, next: usize, work: &Work) {
        self.roll_back();
        // Without a connection the statement stays marked as in flight, and the next run settles it.
        let _ = self.write_journal(self.journal.advance(next, None), work);
        if self.connection.server().dialect.is_mysql_family() {
            let _ = self.connection.execute("COMMIT");
            let _ = self.connection.execute("UNLOCK TABLES");
        }
    }

    fn end_journal(&mut self, prepared: &Prepared<'_>, started: Instant) -> Result<(), RunError> {
        let step = prepared.step;
        if step.record.one_row_each {
            return self.end_journal_exactly(step, started);
        }
        let elapsed = started.elapsed().as_millis().to_string();
        let mut statements: Vec<String> = Vec::new();
        if self.connection.server().dialect.is_mysql_family() && prepared.statements().any(locks_tables) {
            statements.push("UNLOCK TABLES".to_owned());
        }
        statements.extend(step.restore.iter().cloned());
        statements.extend(step.record.success.iter().map(|statement| statement.with_elapsed(&elapsed)));
        statements.push(self.journal.end());
        self.commit_together(&statements, &format!("recording {}", step.title))
    }

    /// The same where each statement of the record has to find its one row.
    fn end_journal_exactly(&mut self, step: &MigrationStep, started: Instant) -> Result<(), RunError> {
        let doing = format!("recording {}", step.title);
        let begin = self.begin_statements();
        let recorded = self
            .own(&begin, &doing)
            .and_then(|()| self.record_success(step, started, Some(self.journal.end())))
            .and_then(|()| self.own(&["COMMIT".to_owned()], &doing));
        recorded.map_err(|stop| {
            self.roll_back();
            match stop {
                Stop::Failed(error) | Stop::Retry(error, _) => error,
                Stop::Stale | Stop::CommitFirst | Stop::Again => RunError::Server {
                    doing,
                    error: DbError::new(DbErrorKind::Statement, "the history was changed meanwhile"),
                },
            }
        })
    }

    /// Tells the history and the scripts of a failure; forgets the journal's entry when nothing of the migration remains.
    fn stepwise_failure(&mut self, prepared: &Prepared<'_>, error: &RunError, started: Instant) {
        let step = prepared.step;
        let kept = match error {
            RunError::Statement(failure) => failure.kept.map_or(0, |(done, _)| done),
            _ => 1,
        };
        if let RunError::Statement(failure) = error
            && failure.error.kind == DbErrorKind::Connection
        {
            self.observer.event(Event::MigrationFailed { step, rolled_back: false });
            return;
        }
        let elapsed = started.elapsed().as_millis().to_string();
        let mut statements: Vec<String> = step.restore.clone();
        statements.extend(step.record.failure.iter().map(|statement| statement.with_elapsed(&elapsed)));
        let nothing_remains = kept == 0 && step.record.failure.is_empty();
        if nothing_remains {
            statements.push(self.journal.end());
        } else if !step.record.failure.is_empty() {
            statements.push(self.journal.failure_recorded());
        }
        if let Err(error) = self.commit_together(&statements, "recording the failure") {
            let text = format!("the failure could not be recorded: {error}");
            self.observer.event(Event::Notice { text: &text });
        }
        let _ = self.emulate_manual_commit(false);
        self.observer.event(Event::MigrationFailed { step, rolled_back: nothing_remains });
        for script in step.each_statement.on_error.iter().chain(&step.on_error) {
            self.run_script_after_failure(script);
        }
    }
}

/// MySQL's `LOCK TABLES`.
pub(super) fn locks_tables(statement: &Statement<'_>) -> bool {
    statement.facts.implicit_commit && first_word_is(statement, "LOCK")
}

pub(super) fn first_word_is(statement: &Statement<'_>, word: &str) -> bool {
    crate::sql::first_word(&statement.text, Dialect::Mysql) == word
}

pub(super) fn statement_failure(
    prepared: &Prepared<'_>,
    statement: &Statement<'_>,
    error: DbError,
    number: usize,
) -> RunError {
    RunError::Statement(Box::new(StatementFailure {
        title: prepared.step.title.clone(),
        path: statement.path.to_path_buf(),
        line: statement.line,
        statement: statement.text.clone(),
        error,
        rolled_back: false,
        kept: Some((number, prepared.statement_count())),
    }))
}
