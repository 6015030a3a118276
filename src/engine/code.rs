//! Migrations that are code: a guest runs them and asks for statements one by one.
//!
//! Such a migration begins in a transaction that its history row ends, as one of SQL does, and migrations of one group share it.
//! When its code commits in between, or the server does so, the journal keeps what was done and answered so far
//! ([`super::replay`]), and after a crash the code is run again up to there without doing it a second time.

use std::path::Path;
use std::time::{Duration, Instant};

use dunlin_compat::model::{Block, Body, Code, Dialect, Direction, MigrationStep, TransactionRule};

use super::code_guest::{Loading, loading, no_guests, run_guest};
use super::code_steps::CodeSteps;
use super::error::{CodeFailure, UnfinishedFailure};
use super::event::Event;
use super::journal::Entry;
use super::prepare::{Prepared, Statement};
use super::replay::{self, Origin};
use super::run::{Carried, Runner, begin_statement};
use super::{RunError, lock};
use crate::db::{DbError, DbErrorKind};
use crate::guest::{GuestError, GuestSource};

/// What ends an attempt to run a group.
pub(super) enum Stop {
    /// The run fails.
    Failed(RunError),
    /// A lock was not obtained in time, or the transaction was the victim of a deadlock: the attempt may be repeated.
    Retry(RunError, DbError),
    /// Another process changed the history before anything was done.
    Stale,
    /// The code takes its transaction back, which would take finished migrations before it along: those are committed
    /// first, in a new attempt.
    CommitFirst,
    /// The code did not do again what it had done. Nothing of it is committed, so it is begun anew, and nothing is foretold.
    Again,
}

/// Migrations that share a transaction, and where they are among those of the run.
#[derive(Clone, Copy)]
pub(super) struct Group<'g, 'p> {
    pub(super) members: &'g [&'g Prepared<'p>],
    /// Which of all the first is, from 0.
    pub(super) first_index: usize,
    /// All that the run has.
    pub(super) all: &'g [Prepared<'p>],
}

impl<'g, 'p> Group<'g, 'p> {
    /// The same without its first members.
    fn behind(self, done: usize) -> Group<'g, 'p> {
        let members = self.members.get(done..).unwrap_or_default();
        Group { members, first_index: self.first_index + done, ..self }
    }

    /// What follows a member.
    fn next(self, offset: usize) -> Option<&'g Prepared<'p>> {
        self.all.get(self.first_index + offset + 1)
    }

    /// A member and what follows it, as far as the same guest runs it.
    fn of_guest(self, offset: usize, code: &Code) -> Vec<Loading<'g>> {
        let rest = self.all.get(self.first_index + offset..).unwrap_or_default();
        loading(rest)
            .filter(|(_, _, other)| other.carrier == code.carrier && other.guest == code.guest)
            .collect()
    }
}

/// How far an attempt came.
#[derive(Default)]
struct Attempt {
    /// Migrations of the group that are committed.
    committed: usize,
    /// Migrations that ran and wait for the commit of their group, with when they began.
    waiting: Vec<(usize, Instant)>,
    /// Whether the migration that failed has an entry in the journal.
    journaled: bool,
    /// How many of its operations are committed.
    durable: usize,
}

impl Prepared<'_> {
    /// The block of a migration that is code.
    pub(super) fn code(&self) -> Option<(&Block, &Code)> {
        self.step.blocks.iter().find_map(|block| match &block.body {
            Body::Code(code) => Some((block, code.as_ref())),
            _ => None,
        })
    }

    /// Whether it is run statement by statement in an open transaction, as code is.
    pub(super) fn runs_with_code(&self) -> bool {
        self.code().is_some() || self.step.record.one_row_each
    }
}

impl Runner<'_> {
    /// Runs migrations that share one transaction as far as their code lets them; usually all of a group, or one. On MySQL the
    /// session commits nothing by itself from then on, until [`Runner::manual_commit`] is switched off.
    pub(super) fn run_code_group(
        &mut self,
        group: Group<'_, '_>,
        entry: Option<&Entry>,
    ) -> Result<Carried, RunError> {
        let guests = self.guests.take();
        let Some(guests) = guests else {
            let mut codes = group.members.iter().filter_map(|prepared| prepared.code());
            let path = codes.next().map(|(block, _)| block.source.path());
            return Err(no_guests(path.unwrap_or(Path::new(""))));
        };
        let result = self.attempt_code_group(guests, group, entry.cloned());
        self.guests = Some(guests);
        result
    }

    fn attempt_code_group(
        &mut self,
        guests: &mut (dyn GuestSource + '_),
        group: Group<'_, '_>,
        mut entry: Option<Entry>,
    ) -> Result<Carried, RunError> {
        let mut done = 0;
        let mut tries = 1;
        let mut commit_before = usize::MAX;
        self.manual_commit(true)?;
        loop {
            let mut attempt = Attempt::default();
            let split = commit_before.saturating_sub(done);
            let rest = group.behind(done);
            let stop = match self.try_code_group(guests, rest, split, entry.take(), &mut attempt) {
                Ok(()) => return Ok(Carried::Out),
                Err(stop) => stop,
            };
            self.call_off(guests);
            self.roll_back();
            done += attempt.committed;
            match stop {
                Stop::Stale => return Ok(Carried::Stale),
                Stop::Again => {}
                Stop::CommitFirst => commit_before = done + attempt.waiting.len(),
                Stop::Retry(_, error) if tries < self.options.attempts => {
                    tries += 1;
                    self.pause_before(tries, &error);
                }
                Stop::Retry(error, _) | Stop::Failed(error) => {
                    let at_fault = group.members.get(done + attempt.waiting.len()).or(group.members.last());
                    return Err(self.code_failure(at_fault.copied(), error, &attempt));
                }
            }
            if attempt.journaled {
                entry = self.journal.read(self.connection.as_mut())?;
            }
        }
    }

    /// One attempt. What it committed is in `attempt` when it fails.
    fn try_code_group(
        &mut self,
        guests: &mut (dyn GuestSource + '_),
        group: Group<'_, '_>,
        commit_before: usize,
        mut entry: Option<Entry>,
        attempt: &mut Attempt,
    ) -> Result<(), Stop> {
        let mut open = false;
        for (offset, prepared) in group.members.iter().enumerate() {
            let entry = entry.take();
            if offset > 0 && offset == commit_before && open {
                self.own(&["COMMIT".to_owned()], "committing")?;
                self.settle_waiting(group.members, attempt);
                open = false;
            }
            self.started(prepared, group.first_index + offset, group.all.len());
            let started = Instant::now();
            let never = prepared.step.blocks.iter().any(|block| block.transaction == TransactionRule::Never);
            if let Some(entry) = &entry {
                self.observer.event(Event::Resumed {
                    step: prepared.step,
                    next_statement: entry.next,
                    total: entry.digests.len(),
                });
            } else if !open && !never && self.begin_code(prepared.step)? == Carried::Stale {
                return Err(Stop::Stale);
            }
            open = entry.is_some() || !never;
            let last = offset + 1 == group.members.len();
            let ended = match prepared.code() {
                Some((block, code)) => {
                    let resumes = entry.is_some();
                    let shared = !attempt.waiting.is_empty();
                    let replay = entry.as_ref().map(|entry| replay_of(entry, block)).transpose();
                    let replay = replay.map_err(Stop::Failed)?;
                    let mut steps = CodeSteps::new(
                        self,
                        prepared.step,
                        block.source.path(),
                        entry,
                        replay,
                        shared,
                        !never,
                    )?;
                    let next = if resumes { None } else { group.next(offset) };
                    let files = || group.of_guest(offset, code);
                    let result = run_guest(guests, (block, code), &mut steps, next, &files);
                    attempt.journaled = steps.is_journaled();
                    attempt.durable = steps.durable();
                    steps.finish(result, started, last)?
                }
                None => self.run_statements_of(prepared, started, last)?,
            };
            attempt.waiting.push((offset, started));
            if ended {
                self.settle_waiting(group.members, attempt);
                attempt.journaled = false;
                attempt.durable = 0;
                open = false;
            }
        }
        Ok(())
    }

    /// Begins the transaction of a group.
    fn begin_code(&mut self, step: &MigrationStep) -> Result<Carried, Stop> {
        let doing = "beginning a migration";
        let mut session: Vec<String> = step.session.clone();
        match self.connection.server().dialect {
            Dialect::Sqlite => {
                self.own(&session, doing)?;
                return self.begin_unless_stale().map_err(own_error(doing));
            }
            Dialect::Postgres => session.extend(self.begin_statements()),
            Dialect::Mysql | Dialect::Mariadb => {}
        }
        self.own(&session, doing)?;
        Ok(Carried::Out)
    }

    /// What begins a transaction under the lock time-out; nothing on MySQL, where one is open as soon as it is needed.
    pub(super) fn begin_statements(&self) -> Vec<String> {
        let dialect = self.connection.server().dialect;
        if dialect.is_mysql_family() {
            return Vec::new();
        }
        let mut statements = vec![begin_statement(dialect).to_owned()];
        if dialect == Dialect::Postgres && !self.options.lock_timeout.is_zero() {
            statements.push(format!("SET LOCAL lock_timeout = {}", self.options.lock_timeout.as_millis()));
        }
        statements
    }

    /// A migration of SQL among those of code: a stand-in. Says whether the transaction ended.
    fn run_statements_of(
        &mut self,
        prepared: &Prepared<'_>,
        started: Instant,
        last: bool,
    ) -> Result<bool, Stop> {
        for statement in prepared.statements() {
            self.send_statement(statement).map_err(|error| {
                let failure = statement_failed(prepared, statement, error.clone());
                if is_retryable(&error) { Stop::Retry(failure, error) } else { Stop::Failed(failure) }
            })?;
        }
        self.record_success(prepared.step, started, None)?;
        // MySQL's DDL has committed; nothing is to share a transaction with it.
        let ends = last || self.connection.server().dialect.is_mysql_family();
        if ends {
            self.own(&["COMMIT".to_owned()], &format!("committing {}", prepared.step.title))?;
        }
        Ok(ends)
    }

    /// Writes the history row into the open transaction, and something of ours behind it.
    pub(super) fn record_success(
        &mut self,
        step: &MigrationStep,
        started: Instant,
        behind: Option<String>,
    ) -> Result<(), Stop> {
        let elapsed = started.elapsed().as_millis().to_string();
        let doing = format!("recording {}", step.title);
        self.own(&step.restore, &doing)?;
        let statements: Vec<String> =
            step.record.success.iter().map(|statement| statement.with_elapsed(&elapsed)).collect();
        let texts: Vec<&str> = statements.iter().chain(&behind).map(String::as_str).collect();
        if texts.is_empty() {
            return Ok(());
        }
        let outcomes =
            self.connection.execute_many(&texts).map_err(|failure| own_error(&doing)(failure.error))?;
        let wrong = outcomes.iter().zip(&statements).find(|(outcome, _)| outcome.affected != 1);
        match wrong {
            Some((outcome, statement)) if step.record.one_row_each => {
                Err(Stop::Failed(RunError::HistoryChanged {
                    statement: statement.clone(),
                    found: outcome.affected,
                }))
            }
            _ => Ok(()),
        }
    }

    /// Sends statements of ours.
    pub(super) fn own(&mut self, statements: &[String], doing: &str) -> Result<(), Stop> {
        if statements.is_empty() {
            return Ok(());
        }
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        self.connection.execute_many(&statements).map_err(|failure| own_error(doing)(failure.error))?;
        self.pass_on_notices();
        Ok(())
    }

    /// The transaction of the migrations that waited for it is committed.
    fn settle_waiting(&mut self, group: &[&Prepared<'_>], attempt: &mut Attempt) {
        for (offset, started) in std::mem::take(&mut attempt.waiting) {
            attempt.committed += 1;
            if let Some(prepared) = group.get(offset) {
                self.finished(prepared, started);
            }
        }
    }

    /// MySQL: a statement and the journal's advance commit together.
    pub(super) fn manual_commit(&mut self, on: bool) -> Result<(), RunError> {
        if self.commits_by_hand != on && self.connection.server().dialect.is_mysql_family() {
            let statement = if on { "SET autocommit = 0" } else { "SET autocommit = 1" };
            self.connection.execute(statement).map_err(RunError::server("preparing the session"))?;
            self.commits_by_hand = on;
        }
        Ok(())
    }

    /// Notes what remains of a migration that failed, and tells of it.
    fn code_failure(
        &mut self,
        prepared: Option<&Prepared<'_>>,
        mut error: RunError,
        attempt: &Attempt,
    ) -> RunError {
        let lost = match &error {
            RunError::Code(failure) => {
                failure.error.as_ref().is_some_and(|error| error.kind == DbErrorKind::Connection)
            }
            RunError::Statement(failure) => failure.error.kind == DbErrorKind::Connection,
            _ => false,
        };
        let remains = attempt.journaled && attempt.durable > 0;
        // Where something remains, the journal says so already.
        if attempt.journaled && !remains && !lost {
            let statement = self.journal.end();
            if let Err(error) = self.commit_together(&[statement], "ending the statement journal") {
                let text = format!("the statement journal could not be ended: {error}");
                self.observer.event(Event::Notice { text: &text });
            }
        }
        if !lost {
            let _ = self.manual_commit(false);
        }
        if let RunError::Code(failure) = &mut error {
            failure.rolled_back = !remains && !lost;
            failure.kept = remains.then_some(attempt.durable);
        }
        if let Some(prepared) = prepared {
            self.observer
                .event(Event::MigrationFailed { step: prepared.step, rolled_back: !remains && !lost });
        }
        error
    }
}

/// Whether trying again is sensible.
pub(super) fn is_retryable(error: &DbError) -> bool {
    matches!(error.kind, DbErrorKind::LockTimeout | DbErrorKind::Deadlock)
}

/// A failure of a statement of ours.
pub(super) fn own_error(doing: &str) -> impl FnOnce(DbError) -> Stop + use<'_> {
    move |error| {
        let failure = RunError::Server { doing: doing.to_owned(), error: error.clone() };
        if is_retryable(&error) { Stop::Retry(failure, error) } else { Stop::Failed(failure) }
    }
}

/// What an entry of the journal says was done.
fn replay_of(entry: &Entry, block: &Block) -> Result<replay::Replay, RunError> {
    let kept = entry.replay.as_deref().unwrap_or_default();
    replay::read(kept, &entry.digests, entry.next).ok_or_else(|| {
        UnfinishedFailure::Edited {
            id: entry.id.clone(),
            path: block.source.path.clone(),
            line: block.source.first_line,
            number: 1,
        }
        .into()
    })
}

/// The entry with which the journal begins for a migration.
pub(super) fn fresh_entry(id: &str, direction: Direction, origin: Origin) -> Entry {
    Entry {
        id: id.to_owned(),
        direction,
        next: 0,
        in_flight: false,
        fingerprint: None,
        session: None,
        digests: Vec::new(),
        failed: false,
        replay: Some(origin.line()),
        part: 0,
    }
}

fn statement_failed(prepared: &Prepared<'_>, statement: &Statement<'_>, error: DbError) -> RunError {
    super::stepwise::statement_failure(prepared, statement, error, 0)
}

/// How long to wait before a statement that ran into a lock is sent again.
pub(super) fn pause_length(attempt: u32) -> Duration {
    lock::jittered(
        Duration::from_millis(100).saturating_mul(1 << attempt.min(7)).min(Duration::from_secs(10)),
    )
}

/// A failure of a guest, as a run reports it.
pub(super) fn guest_failure(
    error: GuestError,
    step: &MigrationStep,
    path: &Path,
    last: Option<(DbError, String)>,
) -> RunError {
    match error {
        GuestError::Failed(failed) => {
            let (error, statement) = match last {
                Some((error, statement)) if failed.database => (Some(error), Some(statement)),
                _ => (None, None),
            };
            RunError::Code(Box::new(CodeFailure {
                title: step.title.clone(),
                path: failed.path.map_or_else(|| path.to_path_buf(), Into::into),
                line: failed.line.unwrap_or(1),
                message: failed.message,
                traceback: failed.traceback,
                statement,
                error,
                rolled_back: true,
                kept: None,
            }))
        }
        GuestError::Carrier(error) => RunError::Code(Box::new(CodeFailure {
            title: step.title.clone(),
            path: path.to_path_buf(),
            line: 1,
            message: error.to_string(),
            traceback: String::new(),
            statement: None,
            error: None,
            rolled_back: true,
            kept: None,
        })),
        other => RunError::Guest(other),
    }
}
