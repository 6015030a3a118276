//! One statement, or a few, with the journal beside it.

use dunlin_compat::model::Dialect;

use super::catalog;
use super::event::Event;
use super::prepare::{Prepared, Statement};
use super::run::{Runner, begin_statement};
use super::stepwise::locks_tables;
use crate::db::{DbError, DbErrorKind, Outcome};
use crate::sql::{Control, TransactionNeed};

/// How a statement relates to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Journaling {
    /// Shares a transaction with the journal's advance, so it runs exactly once.
    Shared,
    /// Cannot; it is marked before and settled after a crash.
    Marked,
    /// Begins or ends a transaction of the migration's own, or stands in one.
    InOwnTransaction,
}

/// What runs of a unit's statements share.
pub(super) struct Work {
    /// An expression for what of the session the journal keeps.
    pub(super) session: Option<String>,
    /// [`Runner::own_rights`].
    pub(super) own_rights: Vec<String>,
    /// The statement at which a transaction that the migration itself began begins anew.
    pub(super) own_transaction: Option<usize>,
}

impl Runner<'_> {
    /// Runs one statement, or several that belong together; a failure comes with which of them it was.
    pub(super) fn run_some(
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
            statement.is_sent_apart()
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
        // What the server warns of is gone once our own statements behind it have run.
        if dialect.is_mysql_family() && !after.is_empty() {
            all.push("SHOW WARNINGS");
        }
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
    pub(super) fn write_journal(&mut self, change: String, work: &Work) -> Result<(), DbError> {
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

    pub(super) fn remove_invalid_indexes(&mut self, statement: &Statement<'_>, before: Option<&str>) {
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
        match (&statement.copy_data, statement.plugin) {
            (Some(data), _) => {
                let affected = self.connection.copy_in(&statement.text, data.as_bytes())?;
                Ok(Outcome { affected, ..Outcome::default() })
            }
            (None, Some(step)) => self.run_plugin_step(statement, step),
            (None, None) => self.connection.execute(&statement.text),
        }
    }
}

/// How a statement is run.
pub(super) fn journaling(
    statement: &Statement<'_>,
    dialect: Dialect,
    in_own_transaction: bool,
) -> Journaling {
    let facts = &statement.facts;
    if in_own_transaction && !facts.implicit_commit {
        return Journaling::InOwnTransaction;
    }
    if facts.control.is_some() {
        return Journaling::InOwnTransaction;
    }
    let forbidden = matches!(facts.transaction, TransactionNeed::Forbidden { .. });
    if forbidden || facts.implicit_commit || crate::sql::may_commit(&statement.text, dialect) {
        Journaling::Marked
    } else {
        Journaling::Shared
    }
}
