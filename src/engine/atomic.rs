//! Migrations and scripts in one transaction, history row included.

use std::thread;
use std::time::{Duration, Instant};

use dunlin_compat::model::{Dialect, ForeignKeys, HistoryStatement, Row};

use super::error::StatementFailure;
use super::event::Event;
use super::journal::Entry;
use super::message::{Message, Part};
use super::orphans::{new_orphans, orphaned_rows};
use super::prepare::{self, Prepared, Statement, Unit, UnitMode};
use super::run::{Carried, Runner, begin_statement};
use super::{RunError, lock, session};
use crate::db::{DbError, DbErrorKind, Outcome};

/// So much text is sent in one message at most; servers limit it, and both sides keep it in memory.
const MESSAGE_BYTES: usize = 1 << 20;

/// One thing to send.
enum Item<'s> {
    /// A statement of ours.
    Own(String),
    /// A statement of the migration: which one of how many.
    User { statement: &'s Statement<'s>, index: usize, total: usize },
    /// A history statement, with the time since the start of the migration.
    Record(&'s HistoryStatement),
    /// A migration of a group begins: the time starts anew.
    Start,
    /// SQLite: fails if a foreign key is violated that was not at the beginning.
    ForeignKeyCheck,
}

/// Where a transaction failed.
struct Failed<'s> {
    statement: Option<&'s Statement<'s>>,
    /// What of ours failed, if not a statement of the migration.
    own: Option<String>,
    error: DbError,
}

impl Runner<'_> {
    /// Runs migrations that share one transaction; usually one.
    pub(super) fn run_atomic(
        &mut self,
        group: &[&Prepared<'_>],
        first_index: usize,
        total: usize,
        ends_entry: bool,
    ) -> Result<Carried, RunError> {
        let dialect = self.connection.server().dialect;
        let hooks: Vec<Hooks<'_>> = group
            .iter()
            .map(|prepared| Hooks::new(prepared, self.connection.server()))
            .collect::<Result<_, _>>()?;
        let rebuild = group.iter().flat_map(|prepared| &prepared.units).any(|unit| unit.rebuilds_tables);
        let guards_keys =
            dialect == Dialect::Sqlite && rebuild && self.adapter.foreign_keys() == ForeignKeys::Enforced;
        let mut items = Vec::new();
        for (prepared, hooks) in group.iter().zip(&hooks) {
            items.push(Item::Start);
            let statements: Vec<&Statement<'_>> = prepared.statements().collect();
            for (index, statement) in statements.iter().enumerate() {
                let own = statement.is_of_body;
                items.extend(hooks.before.iter().filter(|_| own).map(hook_item));
                items.push(Item::User { statement, index, total: statements.len() });
                items.extend(hooks.after.iter().filter(|_| own).map(hook_item));
            }
            items.extend(prepared.step.restore.iter().map(|statement| Item::Own(statement.clone())));
            items.extend(prepared.step.record.success.iter().map(Item::Record));
        }
        if guards_keys {
            items.push(Item::ForeignKeyCheck);
        }
        if ends_entry {
            items.push(Item::Own(self.journal.end()));
        }
        for (offset, prepared) in group.iter().enumerate() {
            self.started(prepared, first_index + offset, total);
        }
        let started = Instant::now();
        let session: Vec<&str> =
            group.iter().flat_map(|prepared| &prepared.step.session).map(String::as_str).collect();
        // The server's clock serves where one message carries the whole transaction.
        let server_clock = group.len() == 1;
        let result = self.in_transaction(&session, &items, guards_keys, server_clock);
        match result {
            Ok(Carried::Stale) => return Ok(Carried::Stale),
            Ok(Carried::Out) => {}
            Err(failed) => return Err(self.atomic_failure(group, &hooks, failed)),
        }
        for prepared in group {
            self.finished(prepared, started);
        }
        Ok(Carried::Out)
    }

    /// Runs a unit of a script outside any migration.
    pub(super) fn run_script_unit(&mut self, title: &str, unit: &Unit<'_>) -> Result<(), RunError> {
        if let Some(block) = unit.program {
            return super::program::run(block, self.observer);
        }
        let total = unit.statements.len();
        if unit.mode == UnitMode::Transaction {
            let items: Vec<Item<'_>> = unit
                .statements
                .iter()
                .enumerate()
                .map(|(index, statement)| Item::User { statement, index, total })
                .collect();
            loop {
                match self.in_transaction(&[], &items, false, false) {
                    Ok(Carried::Out) => return Ok(()),
                    // Another process committed; a script outside of migrations does not depend on the history.
                    Ok(Carried::Stale) => self.note_data_version()?,
                    Err(failed) => return Err(failure(title, failed, true, None, &unit.statements)),
                }
            }
        }
        self.send_script_unit(title, unit)
    }

    /// Sends a script's statements as they are, into whatever transaction is open.
    pub(super) fn send_script_unit(&mut self, title: &str, unit: &Unit<'_>) -> Result<(), RunError> {
        let total = unit.statements.len();
        for (index, statement) in unit.statements.iter().enumerate() {
            let outcome = self.send_statement(statement).map_err(|error| {
                let failed = Failed { statement: Some(statement), own: None, error };
                failure(title, failed, false, Some((index, total)), &unit.statements)
            })?;
            self.observer.event(Event::StatementDone {
                path: statement.path,
                text: &statement.text,
                index,
                total,
                outcome: &outcome,
            });
        }
        Ok(())
    }

    /// Runs the statements of a unit of a journaled migration in a transaction that also moves the journal.
    pub(super) fn run_journaled_unit(
        &mut self,
        prepared: &Prepared<'_>,
        statements: &[Statement<'_>],
        first: usize,
        rebuilds_tables: bool,
    ) -> Result<(), RunError> {
        let total = prepared.statement_count();
        let mut items: Vec<Item<'_>> = statements
            .iter()
            .enumerate()
            .map(|(offset, statement)| Item::User { statement, index: first + offset, total })
            .collect();
        let guards_keys = rebuilds_tables
            && self.connection.server().dialect == Dialect::Sqlite
            && self.adapter.foreign_keys() == ForeignKeys::Enforced;
        if guards_keys {
            items.push(Item::ForeignKeyCheck);
        }
        let session = session::kept(prepared, self.connection.server().dialect);
        items.extend(self.own_rights(prepared).into_iter().map(Item::Own));
        items.push(Item::Own(self.journal.advance(first + statements.len(), session.as_deref())));
        loop {
            match self.in_transaction(&[], &items, guards_keys, false) {
                Ok(Carried::Out) => return Ok(()),
                Ok(Carried::Stale) => self.note_data_version()?,
                Err(failed) => {
                    return Err(failure(
                        &prepared.step.title,
                        failed,
                        false,
                        Some((first, total)),
                        statements,
                    ));
                }
            }
        }
    }

    /// Sends items in a transaction and tries again when a lock is not obtained in time.
    fn in_transaction<'s>(
        &mut self,
        session: &[&str],
        items: &[Item<'s>],
        guards_keys: bool,
        server_clock: bool,
    ) -> Result<Carried, Failed<'s>> {
        let mut attempt = 1;
        loop {
            let error = match self.try_transaction(session, items, guards_keys, server_clock) {
                Ok(carried) => return Ok(carried),
                Err(failed) => failed,
            };
            self.roll_back();
            if guards_keys {
                let _ = self.connection.execute("PRAGMA foreign_keys = ON");
            }
            let retryable = matches!(error.error.kind, DbErrorKind::LockTimeout | DbErrorKind::Deadlock);
            if !retryable || attempt >= self.options.attempts {
                return Err(error);
            }
            attempt += 1;
            self.pause_before(attempt, &error.error);
        }
    }

    /// Waits before the next try: nothing may queue behind us, so the pause lets the others through.
    pub(super) fn pause_before(&mut self, attempt: u32, error: &DbError) {
        let base =
            Duration::from_millis(100).saturating_mul(1 << attempt.min(7)).min(Duration::from_secs(10));
        let delay = lock::jittered(base);
        self.observer.event(Event::Retry { error, attempt, delay });
        thread::sleep(delay);
    }

    fn try_transaction<'s>(
        &mut self,
        session: &[&str],
        items: &[Item<'s>],
        guards_keys: bool,
        server_clock: bool,
    ) -> Result<Carried, Failed<'s>> {
        let own = |own: &str| {
            let own = own.to_owned();
            move |error| Failed { statement: None, own: Some(own), error }
        };
        let dialect = self.connection.server().dialect;
        let mut message = Message::default();
        for statement in session {
            message.push_own((*statement).to_owned());
        }
        if self.parsing_changed {
            // The server reads a message as a whole before it runs any of it.
            self.flush(&mut message)?;
            self.parsing_changed = false;
        }
        let mut violations_before = Vec::new();
        if dialect == Dialect::Sqlite {
            self.flush(&mut message)?;
            if guards_keys {
                self.connection
                    .execute("PRAGMA foreign_keys = OFF")
                    .map_err(own("PRAGMA foreign_keys = OFF"))?;
            }
            if self.begin_unless_stale().map_err(own("BEGIN IMMEDIATE"))? == Carried::Stale {
                if guards_keys {
                    self.connection
                        .execute("PRAGMA foreign_keys = ON")
                        .map_err(own("PRAGMA foreign_keys = ON"))?;
                }
                return Ok(Carried::Stale);
            }
            if guards_keys {
                violations_before = self.foreign_key_violations().map_err(own("PRAGMA foreign_key_check"))?;
            }
        } else {
            message.push_own(begin_statement(dialect).to_owned());
            if dialect == Dialect::Postgres && !self.options.lock_timeout.is_zero() {
                message
                    .push_own(format!("SET LOCAL lock_timeout = {}", self.options.lock_timeout.as_millis()));
            }
        }
        let mut started = Instant::now();
        for item in items {
            match item {
                Item::Own(sql) => message.push_own(sql.clone()),
                Item::User { statement, index, total } => {
                    if statement.is_sent_apart() {
                        self.flush(&mut message)?;
                        let outcome = self.send_statement(statement).map_err(|error| Failed {
                            statement: Some(statement),
                            own: None,
                            error,
                        })?;
                        self.statement_done(statement, *index, *total, &outcome);
                        continue;
                    }
                    if message.bytes + statement.text.len() > MESSAGE_BYTES {
                        self.flush(&mut message)?;
                    }
                    message.push_user(statement, *index, *total);
                    if statement.facts.changes_parsing || statement.facts.drops_locks {
                        self.flush(&mut message)?;
                    }
                    if statement.facts.drops_locks {
                        self.take_locks_again().map_err(own("taking the migration lock again"))?;
                    }
                }
                Item::Start => {
                    if !server_clock {
                        self.flush(&mut message)?;
                    }
                    started = Instant::now();
                }
                Item::Record(statement) => {
                    let elapsed = if server_clock && dialect == Dialect::Postgres {
                        POSTGRES_ELAPSED.to_owned()
                    } else {
                        self.flush(&mut message)?;
                        started.elapsed().as_millis().to_string()
                    };
                    message.push_own(statement.with_elapsed(&elapsed));
                }
                Item::ForeignKeyCheck => {
                    self.flush(&mut message)?;
                    let violations =
                        self.foreign_key_violations().map_err(own("PRAGMA foreign_key_check"))?;
                    let orphans = new_orphans(&violations_before, violations);
                    if !orphans.is_empty() {
                        return Err(own("PRAGMA foreign_key_check")(orphaned_rows(&orphans)));
                    }
                }
            }
        }
        message.push_own("COMMIT".to_owned());
        self.flush(&mut message)?;
        if guards_keys {
            self.connection.execute("PRAGMA foreign_keys = ON").map_err(own("PRAGMA foreign_keys = ON"))?;
        }
        Ok(Carried::Out)
    }

    /// Sends what has gathered, in one message.
    fn flush<'s>(&mut self, message: &mut Message<'s>) -> Result<(), Failed<'s>> {
        let parts = std::mem::take(message).parts;
        if parts.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = parts.iter().map(Part::text).collect();
        let (outcomes, failure) = match self.connection.execute_many(&texts) {
            Ok(outcomes) => (outcomes, None),
            Err(failure) => (failure.done, Some((failure.index, failure.error))),
        };
        for (part, outcome) in parts.iter().zip(&outcomes) {
            if let Part::User { statement, index, total } = part {
                self.statement_done(statement, *index, *total, outcome);
            }
        }
        self.pass_on_notices();
        let Some((index, error)) = failure else { return Ok(()) };
        Err(match index.and_then(|index| parts.into_iter().nth(index)) {
            Some(Part::User { statement, .. }) => Failed { statement: Some(statement), own: None, error },
            Some(Part::Own(sql)) => Failed { statement: None, own: Some(sql), error },
            None => Failed { statement: None, own: None, error },
        })
    }

    pub(super) fn statement_done(
        &mut self,
        statement: &Statement<'_>,
        index: usize,
        total: usize,
        outcome: &Outcome,
    ) {
        self.parsing_changed |= statement.facts.changes_parsing;
        self.observer.event(Event::StatementDone {
            path: statement.path,
            text: &statement.text,
            index,
            total,
            outcome,
        });
    }

    fn foreign_key_violations(&mut self) -> Result<Vec<Row>, DbError> {
        Ok(self.connection.execute("PRAGMA foreign_key_check")?.rows)
    }

    fn atomic_failure(
        &mut self,
        group: &[&Prepared<'_>],
        hooks: &[Hooks<'_>],
        failed: Failed<'_>,
    ) -> RunError {
        let at_fault = group
            .iter()
            .zip(hooks)
            .find(|(prepared, _)| {
                failed.statement.is_some_and(|statement| {
                    prepared.statements().any(|candidate| std::ptr::addr_eq(candidate, statement))
                })
            })
            .or_else(|| group.iter().zip(hooks).next());
        let Some((prepared, hooks)) = at_fault else {
            return RunError::Server { doing: "running a migration".to_owned(), error: failed.error };
        };
        let step = prepared.step;
        let lost = failed.error.kind == DbErrorKind::Connection;
        self.observer.event(Event::MigrationFailed { step, rolled_back: !lost });
        if !lost {
            for statement in &hooks.on_error {
                if let Err(error) = self.send_statement(statement) {
                    let text = format!("a script for failed statements failed too: {error}");
                    self.observer.event(Event::Notice { text: &text });
                }
            }
            for script in &step.on_error {
                self.run_script_after_failure(script);
            }
            self.record_failure_without_effect(prepared);
        }
        let statements: Vec<&Statement<'_>> = prepared.statements().collect();
        let first = statements.first().copied();
        failure_at(&step.title, failed, true, None, first)
    }

    /// MySQL, where the original tool records every failure: a failed row, and a journal entry that lets us go on without
    /// a repair, since nothing of the migration remained.
    fn record_failure_without_effect(&mut self, prepared: &Prepared<'_>) {
        let step = prepared.step;
        if step.record.failure.is_empty() || self.connection.server().dialect.has_transactional_ddl() {
            return;
        }
        let entry = Entry {
            id: step.id.clone(),
            direction: step.direction,
            next: 0,
            in_flight: false,
            fingerprint: None,
            session: None,
            digests: prepared.statements().map(Statement::digest).collect(),
            failed: true,
            replay: None,
            part: 0,
        };
        // The table first, because making it commits; then both in one transaction.
        let mut statements = self.journal.begin(&entry, false);
        let first_of_both = statements.len().saturating_sub(1);
        statements.insert(first_of_both, begin_statement(self.connection.server().dialect).to_owned());
        statements.extend(step.record.failure.iter().map(|statement| statement.with_elapsed("0")));
        statements.push("COMMIT".to_owned());
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        self.journal_exists = true;
        if let Err(failure) = self.connection.execute_many(&statements) {
            self.roll_back();
            let text = format!("the failure could not be recorded: {}", failure.error);
            self.observer.event(Event::Notice { text: &text });
        }
    }
}

/// Milliseconds since the transaction began, by the server's clock. Everything is qualified: the search path may be anything.
const POSTGRES_ELAPSED: &str = "(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) \
                                pg_catalog.transaction_timestamp()) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int4";

/// Statements around each statement of a migration.
struct Hooks<'p> {
    before: Vec<Statement<'p>>,
    after: Vec<Statement<'p>>,
    on_error: Vec<Statement<'p>>,
}

impl<'p> Hooks<'p> {
    fn new(prepared: &Prepared<'p>, server: &dunlin_compat::model::Server) -> Result<Hooks<'p>, RunError> {
        let statements =
            |scripts: &'p [dunlin_compat::model::Script]| -> Result<Vec<Statement<'p>>, RunError> {
                let mut all = Vec::new();
                for script in scripts {
                    all.extend(prepare::script(script, server)?.statements);
                }
                Ok(all)
            };
        let hooks = &prepared.step.each_statement;
        Ok(Hooks {
            before: statements(&hooks.before)?,
            after: statements(&hooks.after)?,
            on_error: statements(&hooks.on_error)?,
        })
    }
}

fn hook_item<'s>(statement: &'s Statement<'s>) -> Item<'s> {
    Item::User { statement, index: 0, total: 0 }
}

fn failure(
    title: &str,
    failed: Failed<'_>,
    rolled_back: bool,
    kept: Option<(usize, usize)>,
    statements: &[Statement<'_>],
) -> RunError {
    failure_at(title, failed, rolled_back, kept, statements.first())
}

fn failure_at(
    title: &str,
    failed: Failed<'_>,
    rolled_back: bool,
    kept: Option<(usize, usize)>,
    first: Option<&Statement<'_>>,
) -> RunError {
    let place = failed.statement.or(first);
    let statement = match (failed.statement, failed.own) {
        (Some(statement), _) => statement.text.clone(),
        (None, Some(own)) => own,
        (None, None) => String::new(),
    };
    RunError::Statement(Box::new(StatementFailure {
        title: title.to_owned(),
        path: place.map(|place| place.path.to_path_buf()).unwrap_or_default(),
        line: place.map_or(1, |place| place.line),
        statement,
        // A connection that breaks at COMMIT leaves open whether it took place.
        rolled_back: rolled_back && failed.error.kind != DbErrorKind::Connection,
        error: failed.error,
        kept,
    }))
}
