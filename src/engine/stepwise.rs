//! Migrations that cannot be one transaction: statement by statement, with the journal beside them.

use std::time::Instant;

use dunlin_compat::model::{Dialect, ForeignKeys};

use super::catalog;
use super::error::StatementFailure;
use super::event::Event;
use super::journal::Entry;
use super::prepare::{Prepared, Statement, Unit, UnitMode};
use super::run::{Runner, begin_statement};
use super::{RunError, session};
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

/// What runs of a unit's statements share.
struct Work {
    /// An expression for what of the session the journal keeps.
    session: Option<String>,
    /// [`Runner::own_rights`].
    own_rights: Vec<String>,
    /// The statement at which a transaction that the migration itself began begins anew.
    own_transaction: Option<usize>,
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
            self.run_hooks(&prepared.step.each_statement.before)?;
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
            self.run_hooks(&prepared.step.each_statement.after)?;
            offset += together.len().max(1);
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

    fn run_hooks(&mut self, scripts: &[dunlin_compat::model::Script]) -> Result<(), RunError> {
        for script in scripts {
            self.run_script(script)?;
        }
        Ok(())
    }

    /// Runs one statement, or several that belong together; a failure comes with which of them it was.
    fn run_some(
        &mut self,
        statements: &[Statement<'_>],
        number: usize,
        kind: Journaling,
        work: &mut Work,
    ) -> Result<Vec<Outcome>, (usize, DbError)> {
        let Some(statement) = statements.first() else { return Ok(Vec::new()) };
        let one = |result: Result<Outcome, DbError>| match result {
            Ok(outcome) => Ok(vec![outcome]),
            Err(error) => Err((0, error)),
        };
        let mut attempt = 1;
        loop {
            let result = match kind {
                Journaling::Shared => self.run_shared(statements, number, work),
                Journaling::Marked => one(self.run_marked(statement, number, work)),
                Journaling::InOwnTransaction => one(self.run_in_own_transaction(statement, number, work)),
            };
            let (failed, error) = match result {
                Ok(outcomes) => return Ok(outcomes),
                Err(failure) => failure,
            };
            let retryable = kind != Journaling::InOwnTransaction
                && matches!(error.kind, DbErrorKind::LockTimeout | DbErrorKind::Deadlock);
            if !retryable || attempt >= self.options.attempts {
                return Err((failed, error));
            }
            attempt += 1;
            self.pause_before(attempt, &error);
        }
    }

    /// Statements and journal in one transaction.
    fn run_shared(
        &mut self,
        statements: &[Statement<'_>],
        number: usize,
        work: &Work,
    ) -> Result<Vec<Outcome>, (usize, DbError)> {
        let dialect = self.connection.server().dialect;
        let mut before = Vec::new();
        if !dialect.is_mysql_family() {
            before.push(begin_statement(dialect).to_owned());
        }
        if dialect == Dialect::Postgres && !self.options.lock_timeout.is_zero() {
            before.push(format!("SET LOCAL lock_timeout = {}", self.options.lock_timeout.as_millis()));
        }
        let mut after = work.own_rights.clone();
        after.push(self.journal.advance(number + statements.len(), work.session.as_deref()));
        after.push("COMMIT".to_owned());
        let result = self.send_all_between(&before, statements, &after);
        if result.is_err() {
            self.roll_back();
        }
        result
    }

    /// [`Runner::send_all_between`] for one statement.
    fn send_between(
        &mut self,
        before: &[String],
        statement: &Statement<'_>,
        after: &[String],
    ) -> Result<Outcome, DbError> {
        let outcomes = self.send_all_between(before, std::slice::from_ref(statement), after);
        outcomes.map(|mut outcomes| outcomes.pop().unwrap_or_default()).map_err(|(_, error)| error)
    }

    /// Sends statements between others of ours, in one message where that works, and returns their outcomes.
    fn send_all_between(
        &mut self,
        before: &[String],
        statements: &[Statement<'_>],
        after: &[String],
    ) -> Result<Vec<Outcome>, (usize, DbError)> {
        let dialect = self.connection.server().dialect;
        let apart = statements.iter().any(|statement| {
            statement.copy_data.is_some()
                || statement.facts.drops_locks
                || crate::sql::may_commit(&statement.text, dialect)
        });
        if apart {
            let ours = |error| (0, error);
            for sql in before {
                self.connection.execute(sql).map_err(ours)?;
            }
            let mut outcomes = Vec::with_capacity(statements.len());
            for (index, statement) in statements.iter().enumerate() {
                outcomes.push(self.send_statement(statement).map_err(|error| (index, error))?);
                if statement.facts.drops_locks {
                    self.take_locks_again().map_err(|error| (index, error))?;
                }
            }
            for sql in after {
                self.connection.execute(sql).map_err(ours)?;
            }
            return Ok(outcomes);
        }
        let mut all: Vec<&str> = before.iter().map(String::as_str).collect();
        all.extend(statements.iter().map(|statement| statement.text.as_str()));
        all.extend(after.iter().map(String::as_str));
        let outcomes = self.connection.execute_many(&all).map_err(|failure| {
            let last = statements.len().saturating_sub(1);
            let failed = failure.index.and_then(|index| index.checked_sub(before.len())).unwrap_or(0);
            (failed.min(last), failure.error)
        })?;
        Ok(outcomes.into_iter().skip(before.len()).take(statements.len()).collect())
    }

    /// Marks the statement, sends it, and advances.
    fn run_marked(
        &mut self,
        statement: &Statement<'_>,
        number: usize,
        work: &mut Work,
    ) -> Result<Outcome, DbError> {
        let fingerprint = catalog::fingerprint(self.connection.as_mut(), statement)?;
        let mark = self.journal.mark(number, fingerprint.as_deref());
        let advance = self.journal.advance(number + 1, work.session.as_deref());
        let dialect = self.connection.server().dialect;
        if dialect.is_mysql_family() {
            let marking = [mark, "COMMIT".to_owned()];
            let after = [advance, "COMMIT".to_owned()];
            let outcome = match self.lock_tables_with_ours(statement) {
                Some(text) => {
                    let all = marking.iter().chain([&text]).chain(&after).map(String::as_str);
                    let all: Vec<&str> = all.collect();
                    self.connection.execute_many(&all).map_err(|failure| failure.error)?;
                    Outcome::default()
                }
                None => self.send_between(&marking, statement, &after)?,
            };
            if statement.facts.control == Some(Control::Other) {
                // `SET autocommit = 1` would part the next statements from the journal.
                self.connection.execute("SET autocommit = 0")?;
            }
            if let Some(restart) = &mut work.own_transaction {
                // It committed what the migration's own transaction did so far.
                *restart = number + 1;
            }
            return Ok(outcome);
        }
        self.write_journal(mark, work)?;
        if dialect == Dialect::Postgres {
            // CONCURRENTLY waits for old transactions under a lock that stops neither reads nor writes, so nothing
            // queues behind it, and a time-out would only leave an invalid index.
            let limit = match &statement.facts.target {
                Some(target) if target.concurrently => 0,
                _ => self.options.lock_timeout.as_millis(),
            };
            self.connection.execute(&format!("SET lock_timeout = {limit}"))?;
        }
        let result = self.send_statement(statement);
        if result.is_err() && dialect == Dialect::Postgres {
            self.remove_invalid_indexes(statement, fingerprint.as_deref());
        }
        let outcome = result?;
        if statement.facts.drops_locks {
            self.take_locks_again()?;
        }
        self.write_journal(advance, work)?;
        Ok(outcome)
    }

    /// Changes the journal outside of a transaction of the migration.
    fn write_journal(&mut self, change: String, work: &Work) -> Result<(), DbError> {
        if work.own_rights.is_empty() {
            return self.connection.execute(&change).map(drop);
        }
        let begin = begin_statement(self.connection.server().dialect);
        let mut all = vec![begin];
        all.extend(work.own_rights.iter().map(String::as_str));
        all.extend([change.as_str(), "COMMIT"]);
        self.connection.execute_many(&all).map(drop).map_err(|failure| failure.error)
    }

    /// Statements with which the rest of a transaction runs as who we logged in as, if the migration changes the role:
    /// the journal is ours and not the role's.
    pub(super) fn own_rights(&self, prepared: &Prepared<'_>) -> Vec<String> {
        if self.connection.server().dialect != Dialect::Postgres
            || !prepared.statements().any(|statement| statement.facts.changes_role)
        {
            return Vec::new();
        }
        let authorization = prepared
            .statements()
            .any(|statement| statement.text.to_ascii_uppercase().contains("AUTHORIZATION"))
            .then_some("SET LOCAL SESSION AUTHORIZATION DEFAULT");
        authorization.into_iter().chain(["SET LOCAL role TO DEFAULT"]).map(str::to_owned).collect()
    }

    /// `LOCK TABLES` of the script shuts out every table it does not name, the journal too: so it names it.
    pub(super) fn lock_tables_with_ours(&self, statement: &Statement<'_>) -> Option<String> {
        if !locks_tables(statement) || !self.connection.server().dialect.is_mysql_family() {
            return None;
        }
        // The statement may end in a comment.
        Some(format!("{}\n, {} WRITE", statement.text, self.journal.table()))
    }

    /// The statement gave all session locks back (`DISCARD ALL`); nobody else may have come in between.
    pub(super) fn take_locks_again(&mut self) -> Result<(), DbError> {
        for lock in super::lock::locks(self.adapter, self.connection.server()) {
            if !self.connection.try_lock(&lock)? {
                return Err(DbError::new(
                    DbErrorKind::Statement,
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
        work: &mut Work,
    ) -> Result<Outcome, DbError> {
        let dialect = self.connection.server().dialect;
        let inside = work.own_transaction.is_some();
        let advance = |runner: &Self| {
            let advance = runner.journal.advance(number + 1, work.session.as_deref());
            work.own_rights.iter().cloned().chain([advance]).collect::<Vec<_>>()
        };
        match statement.facts.control {
            Some(Control::Begin) => {
                work.own_transaction.get_or_insert(number);
                let outcome = self.send_statement(statement)?;
                if dialect == Dialect::Postgres && !self.options.lock_timeout.is_zero() {
                    let limit = self.options.lock_timeout.as_millis();
                    self.connection.execute(&format!("SET LOCAL lock_timeout = {limit}"))?;
                }
                Ok(outcome)
            }
            Some(Control::Commit) if inside => {
                let outcome = self.send_between(&advance(self), statement, &[])?;
                work.own_transaction = None;
                Ok(outcome)
            }
            Some(Control::Rollback) if inside => {
                let outcome = self.send_statement(statement)?;
                let advance = advance(self);
                work.own_transaction = None;
                let mut all =
                    if dialect.is_mysql_family() { Vec::new() } else { vec![begin_statement(dialect)] };
                all.extend(advance.iter().map(String::as_str));
                all.push("COMMIT");
                self.connection.execute_many(&all).map_err(|failure| failure.error)?;
                Ok(outcome)
            }
            _ => self.send_statement(statement),
        }
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

    /// Takes the failed transaction back and notes where to go on.
    fn note_failure(&mut self, next: usize, work: &Work) {
        self.roll_back();
        // Without a connection the statement stays marked as in flight, and the next run settles it.
        let _ = self.write_journal(self.journal.fail(next), work);
        if self.connection.server().dialect.is_mysql_family() {
            let _ = self.connection.execute("COMMIT");
            let _ = self.connection.execute("UNLOCK TABLES");
        }
    }

    fn end_journal(&mut self, prepared: &Prepared<'_>, started: Instant) -> Result<(), RunError> {
        let step = prepared.step;
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
    if forbidden || facts.implicit_commit || crate::sql::may_commit(&statement.text, dialect) {
        Journaling::Marked
    } else {
        Journaling::Shared
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
