//! Migrations that cannot be one transaction: statement by statement, with the journal beside them.

use std::time::Instant;

use dunlin_compat::model::Dialect;

use super::RunError;
use super::catalog;
use super::error::StatementFailure;
use super::event::Event;
use super::journal::Entry;
use super::prepare::{Prepared, Statement, Unit, UnitMode};
use super::run::{Runner, begin_statement};
use crate::db::{DbError, DbErrorKind, Outcome};
use crate::sql::{Control, TransactionNeed};

/// How a statement relates to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Journaling {
    /// Shares a transaction with the journal's advance, so it runs exactly once.
    Shared,
    /// Cannot; it is marked before and settled after a crash.
    Marked,
    /// Begins or ends a transaction of the migration's own, or stands in one.
    InOwnTransaction,
}

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
        for statement in &step.session {
            self.connection.execute(statement).map_err(RunError::server("preparing the session"))?;
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
        self.end_journal(prepared, started)?;
        self.emulate_manual_commit(false)?;
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
            digests: prepared.statements().map(Statement::digest).collect(),
            failed: false,
        };
        let statements = self.journal.begin(&entry, self.journal_exists);
        self.journal_exists = true;
        self.commit_together(&statements, "beginning the statement journal")
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
        if let Err(failure) = self.connection.execute_many(&all) {
            self.roll_back();
            return Err(RunError::server(doing)(failure.error));
        }
        Ok(())
    }

    fn run_units(&mut self, prepared: &Prepared<'_>, next: usize) -> Result<(), RunError> {
        let mut first = 0;
        for unit in &prepared.units {
            let end = first + unit.statements.len();
            if let Some(block) = unit.program {
                super::program::run(block, self.observer)?;
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
        let mut in_own_transaction = false;
        for (offset, statement) in statements.iter().enumerate() {
            let number = from + offset;
            if statement.is_of_body {
                self.run_hooks(&prepared.step.each_statement.before)?;
            }
            let kind = journaling(statement, self.connection.server().dialect, in_own_transaction);
            let result = self.run_one(statement, number, kind, &mut in_own_transaction);
            let outcome = result.map_err(|error| {
                self.note_failure(number);
                statement_failure(prepared, statement, error, number)
            })?;
            self.pass_on_notices();
            self.statement_done(statement, number, total, &outcome);
            if statement.is_of_body {
                self.run_hooks(&prepared.step.each_statement.after)?;
            }
        }
        if in_own_transaction {
            // The migration left its transaction open; its end is ours to make, as with any tool's connection.
            let end = vec![self.journal.advance(from + statements.len())];
            self.commit_together(&end, "ending the migration's transaction")?;
        }
        Ok(())
    }

    fn run_hooks(&mut self, scripts: &[dunlin_compat::model::Script]) -> Result<(), RunError> {
        for script in scripts {
            self.run_script(script)?;
        }
        Ok(())
    }

    fn run_one(
        &mut self,
        statement: &Statement<'_>,
        number: usize,
        kind: Journaling,
        in_own_transaction: &mut bool,
    ) -> Result<Outcome, DbError> {
        let mut attempt = 1;
        loop {
            let result = match kind {
                Journaling::Shared => self.run_shared(statement, number),
                Journaling::Marked => self.run_marked(statement, number),
                Journaling::InOwnTransaction => {
                    self.run_in_own_transaction(statement, number, in_own_transaction)
                }
            };
            let error = match result {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            let retryable = kind != Journaling::InOwnTransaction
                && matches!(error.kind, DbErrorKind::LockTimeout | DbErrorKind::Deadlock);
            if !retryable || attempt >= self.options.attempts {
                return Err(error);
            }
            attempt += 1;
            self.pause_before(attempt, &error);
        }
    }

    /// Statement and journal in one transaction.
    fn run_shared(&mut self, statement: &Statement<'_>, number: usize) -> Result<Outcome, DbError> {
        let dialect = self.connection.server().dialect;
        let mut before = Vec::new();
        if !dialect.is_mysql_family() {
            before.push(begin_statement(dialect).to_owned());
        }
        if dialect == Dialect::Postgres && !self.options.lock_timeout.is_zero() {
            before.push(format!("SET LOCAL lock_timeout = {}", self.options.lock_timeout.as_millis()));
        }
        let after = [self.journal.advance(number + 1), "COMMIT".to_owned()];
        let result = self.send_between(&before, statement, &after);
        if result.is_err() {
            self.roll_back();
        }
        result
    }

    /// Sends a statement between others of ours, in one message where that works, and returns its outcome.
    fn send_between(
        &mut self,
        before: &[String],
        statement: &Statement<'_>,
        after: &[String],
    ) -> Result<Outcome, DbError> {
        if statement.copy_data.is_some() || returns_several_results(statement) {
            for sql in before {
                self.connection.execute(sql)?;
            }
            let outcome = self.send_statement(statement)?;
            for sql in after {
                self.connection.execute(sql)?;
            }
            return Ok(outcome);
        }
        let mut all: Vec<&str> = before.iter().map(String::as_str).collect();
        all.push(&statement.text);
        all.extend(after.iter().map(String::as_str));
        let mut outcomes = self.connection.execute_many(&all).map_err(|failure| failure.error)?;
        Ok(if outcomes.len() > before.len() {
            outcomes.swap_remove(before.len())
        } else {
            Outcome::default()
        })
    }

    /// Marks the statement, sends it, and advances.
    fn run_marked(&mut self, statement: &Statement<'_>, number: usize) -> Result<Outcome, DbError> {
        let fingerprint = catalog::fingerprint(self.connection.as_mut(), statement)?;
        let mark = self.journal.mark(number, fingerprint.as_deref());
        let advance = self.journal.advance(number + 1);
        match self.connection.server().dialect {
            Dialect::Mysql | Dialect::Mariadb => {
                if first_word_is(statement, "LOCK") {
                    return self.lock_tables(statement, &mark, &advance);
                }
                let after = [advance, "COMMIT".to_owned()];
                self.send_between(&[mark, "COMMIT".to_owned()], statement, &after)
            }
            Dialect::Postgres => {
                self.connection.execute(&mark)?;
                // CONCURRENTLY waits for old transactions under a lock that stops neither reads nor writes, so nothing
                // queues behind it, and a time-out would only leave an invalid index.
                let limit = match &statement.facts.target {
                    Some(target) if target.concurrently => 0,
                    _ => self.options.lock_timeout.as_millis(),
                };
                self.connection.execute(&format!("SET lock_timeout = {limit}"))?;
                let result = self.send_statement(statement);
                if result.is_err() {
                    self.remove_invalid_indexes(statement, fingerprint.as_deref());
                }
                let outcome = result?;
                if statement.facts.drops_locks {
                    self.take_locks_again()?;
                }
                self.connection.execute(&advance)?;
                Ok(outcome)
            }
            Dialect::Sqlite => {
                self.connection.execute(&mark)?;
                let outcome = self.send_statement(statement)?;
                self.connection.execute(&advance)?;
                Ok(outcome)
            }
        }
    }

    /// `LOCK TABLES` of the script shuts out every table it does not name, the journal too: so it names it.
    pub(super) fn lock_tables(
        &mut self,
        statement: &Statement<'_>,
        mark: &str,
        advance: &str,
    ) -> Result<Outcome, DbError> {
        let text = format!("{}, {} WRITE", statement.text, self.journal.table());
        let statements = [mark, "COMMIT", &text, advance, "COMMIT"];
        self.connection.execute_many(&statements).map_err(|failure| failure.error)?;
        Ok(Outcome::default())
    }

    /// The statement gave all session locks back (`DISCARD ALL`); nobody else may have come in between.
    fn take_locks_again(&mut self) -> Result<(), DbError> {
        for lock in super::lock::locks(self.adapter, self.connection.server()) {
            if !self.connection.try_lock(&lock)? {
                return Err(DbError::new(
                    DbErrorKind::LockTimeout,
                    format!("the statement gave the {lock} back and another process took it"),
                ));
            }
        }
        Ok(())
    }

    fn remove_invalid_indexes(&mut self, statement: &Statement<'_>, before: Option<&str>) {
        let left =
            catalog::drop_invalid_indexes(self.connection.as_mut(), statement, before).unwrap_or_default();
        for sql in left {
            let text = match self.connection.execute(&sql) {
                Ok(_) => format!("removed the invalid index that the failed statement left: {sql}"),
                Err(error) => format!(
                    "the failed statement left an invalid index, and it could not be removed ({error}): {sql}"
                ),
            };
            self.observer.event(Event::Notice { text: &text });
        }
    }

    /// Statements of a transaction that the migration itself begins and ends; the journal advances with its commit.
    fn run_in_own_transaction(
        &mut self,
        statement: &Statement<'_>,
        number: usize,
        in_own_transaction: &mut bool,
    ) -> Result<Outcome, DbError> {
        match statement.facts.control {
            Some(Control::Begin) => *in_own_transaction = true,
            Some(Control::Commit) if *in_own_transaction => {
                *in_own_transaction = false;
                let advance = self.journal.advance(number + 1);
                return self.send_between(&[advance], statement, &[]);
            }
            Some(Control::Rollback) if *in_own_transaction => {
                *in_own_transaction = false;
                let outcome = self.send_statement(statement)?;
                let advance = self.journal.advance(number + 1);
                self.connection.execute(&advance)?;
                return Ok(outcome);
            }
            _ => {}
        }
        self.send_statement(statement)
    }

    /// Sends one statement of a migration or script as it is.
    pub(super) fn send_statement(&mut self, statement: &Statement<'_>) -> Result<Outcome, DbError> {
        match &statement.copy_data {
            Some(data) => {
                let affected = self.connection.copy_in(&statement.text, data.as_bytes())?;
                Ok(Outcome { affected, ..Outcome::default() })
            }
            None => self.connection.execute(&statement.text),
        }
    }

    fn note_failure(&mut self, number: usize) {
        self.roll_back();
        let fail = self.journal.fail(number);
        // Without a connection the statement stays marked as in flight, and the next run settles it.
        let _ = self.connection.execute(&fail);
        if self.connection.server().dialect.is_mysql_family() {
            let _ = self.connection.execute("COMMIT");
        }
    }

    fn end_journal(&mut self, prepared: &Prepared<'_>, started: Instant) -> Result<(), RunError> {
        let step = prepared.step;
        let elapsed = started.elapsed().as_millis().to_string();
        let mut statements: Vec<String> = step.restore.clone();
        statements.extend(step.record.success.iter().map(|statement| statement.with_elapsed(&elapsed)));
        statements.push(self.journal.end());
        self.commit_together(&statements, &format!("recording {}", step.title))
    }

    /// Tells the history and the scripts of a failure; forgets the journal's entry when nothing of the migration remains.
    fn stepwise_failure(&mut self, prepared: &Prepared<'_>, error: &RunError, started: Instant) {
        let step = prepared.step;
        let kept = match error {
            RunError::Statement(failure) => failure.kept.map_or(0, |(done, _)| done),
            _ => 1,
        };
        let _ = self.emulate_manual_commit(false);
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
        }
        for sql in &statements {
            if let Err(error) = self.connection.execute(sql) {
                let text = format!("the failure could not be recorded: {error}");
                self.observer.event(Event::Notice { text: &text });
            }
        }
        self.observer.event(Event::MigrationFailed { step, rolled_back: nothing_remains });
        for script in step.each_statement.on_error.iter().chain(&step.on_error) {
            self.run_script_after_failure(script);
        }
    }
}

fn journaling(statement: &Statement<'_>, dialect: Dialect, in_own_transaction: bool) -> Journaling {
    let facts = &statement.facts;
    if in_own_transaction && !facts.implicit_commit {
        return Journaling::InOwnTransaction;
    }
    match facts.control {
        Some(Control::Begin | Control::Commit | Control::Rollback | Control::Savepoint | Control::Other) => {
            return Journaling::InOwnTransaction;
        }
        None => {}
    }
    let forbidden = matches!(facts.transaction, TransactionNeed::Forbidden { .. });
    // A procedure may commit, and then nothing that it does shares our transaction.
    let may_commit = first_word_is(statement, "CALL");
    if forbidden || facts.implicit_commit || (may_commit && dialect != Dialect::Sqlite) {
        Journaling::Marked
    } else {
        Journaling::Shared
    }
}

/// Whether a statement may answer with more than one result, which would shift those of the statements behind it.
fn returns_several_results(statement: &Statement<'_>) -> bool {
    first_word_is(statement, "CALL") || first_word_is(statement, "EXECUTE")
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
