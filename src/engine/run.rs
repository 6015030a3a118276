//! The runner: the only code that changes a database. Locks, reads, plans under the lock, executes.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use dunlin_compat::model::{
    Adapter, AdapterError, Context, Dialect, Direction, ForeignKeys, Plan, Script, Setup, Step,
};

use super::code::Group;
use super::code_guest::Ahead;
use super::event::{Event, Observer};
use super::journal::{Entry, Journal};
use super::lint::hold_back;
use super::opening::{Opener, begin_session, open_session, prepare_session};
use super::plugins::load_plugins;
use super::prepare::{self, Prepared, UnitMode};
use super::read::Snapshot;
use super::{RunError, RunOptions, UnfinishedFailure, lock, lock_row};
use crate::db::{Connection, DbError, DbErrorKind};
use crate::guest::GuestSource;
use crate::guest::protocol::Answer;
use crate::waits::WaitReport;

/// Makes the plan of a run; called again under the lock, and whenever the history turns out to have changed.
pub type Planner<'a> = dyn Fn(&Context<'_>) -> Result<Plan, AdapterError> + 'a;

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct RunReport {
    /// The migrations it ran, in order.
    pub migrations: Vec<Finished>,
    /// The adapter's warnings.
    pub warnings: Vec<String>,
    /// Who waited for it, where it was watched.
    pub waits: WaitReport,
    /// The database that it ran on, as the server names it.
    pub database: String,
}

/// A migration that ran and is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// [`dunlin_compat::model::MigrationStep::id`].
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its direction.
    pub direction: Direction,
    /// How long it took.
    pub elapsed: Duration,
}

/// What a run does with a half-done migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnfinished {
    /// Continues it first.
    Resume,
    /// Forgets it: the user has seen to the database.
    Forget,
    /// Leaves it alone: the run has nothing to do with migrations.
    Leave,
}

/// Runs what `planner` plans. Migrations that are code are run by `guests`; without, they are refused.
///
/// # Errors
/// The first failure; what was committed before it stays and is recorded.
pub fn run(
    open: &Opener<'_>,
    adapter: &dyn Adapter,
    planner: &Planner<'_>,
    on_unfinished: OnUnfinished,
    options: &RunOptions,
    guests: Option<&mut dyn GuestSource>,
    observer: &mut dyn Observer,
) -> Result<RunReport, RunError> {
    let (mut connection, beginning) = begin_session(open, adapter, options)?;
    let lock_row = adapter.lock_row(connection.server());
    if options.looks_first {
        // Many processes start at once and most have nothing to do: they need no lock to find that out. An error found
        // without the lock may be another process' half-way state, so only the look under the lock counts.
        match Snapshot::first(connection.as_mut(), adapter, &beginning, lock_row.as_ref()) {
            Ok((snapshot, lock_is_left)) => {
                if !snapshot.journal_exists
                    && !lock_is_left
                    && let Ok(plan) = planner(&snapshot.context(connection.as_ref()))
                    && plan.steps.is_empty()
                {
                    observer.event(Event::Planned { migrations: 0, warnings: &plan.warnings });
                    return Ok(RunReport { warnings: plan.warnings, ..RunReport::default() });
                }
            }
            Err(_) => prepare_session(connection.as_mut(), &beginning, options)?,
        }
    } else {
        prepare_session(connection.as_mut(), &beginning, options)?;
    }
    let locks = lock::locks(adapter, connection.server());
    lock::take(connection.as_mut(), &locks, options.lock_wait, observer)?;
    if let Some(row) = &lock_row {
        lock_row::take(connection.as_mut(), row, options.lock_wait, observer)?;
    }
    let journal = Journal::new(adapter, connection.server());
    let report = RunReport { database: connection.server().database.clone(), ..RunReport::default() };
    let mut runner = Runner {
        connection,
        journal,
        open,
        adapter,
        options,
        guests: match guests {
            Some(guests) => Some(guests),
            None => None,
        },
        loaded: HashSet::new(),
        foretells: true,
        asides: HashMap::new(),
        ahead: None,
        observer,
        report,
        data_version: None,
        journal_exists: false,
        parsing_changed: false,
        commits_by_hand: false,
        announced: false,
    };
    let result = runner.run(planner, on_unfinished);
    let tidied = runner.tidy();
    let freed = lock_row.map_or(Ok(()), |row| lock_row::free(runner.connection.as_mut(), &row));
    // A failure of the run says more than one of tidying up after it.
    result?;
    tidied?;
    freed?;
    Ok(runner.report)
}

/// The state of a run; its other methods are in the modules of the ways to execute.
pub(super) struct Runner<'a> {
    pub(super) connection: Box<dyn Connection>,
    pub(super) journal: Journal,
    pub(super) open: &'a Opener<'a>,
    pub(super) adapter: &'a dyn Adapter,
    pub(super) options: &'a RunOptions,
    pub(super) guests: Option<&'a mut dyn GuestSource>,
    /// Ids of the code migrations whose files a guest has loaded, with the direction that it was for.
    pub(super) loaded: HashSet<(String, Direction)>,
    /// Whether guests are told answers before the server gives them, where that can be.
    pub(super) foretells: bool,
    /// What drivers asked for themselves, by its digest, with the answers; a new guest asks again what an earlier one knows.
    pub(super) asides: HashMap<String, Answer>,
    /// The migration that a guest has begun although its turn is still to come.
    pub(super) ahead: Option<Ahead>,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) report: RunReport,
    /// SQLite's count of other connections' commits when the history was read.
    data_version: Option<String>,
    /// Whether the journal's table may exist.
    pub(super) journal_exists: bool,
    /// Whether a statement has changed how the server reads text since a message began with the session's own settings.
    pub(super) parsing_changed: bool,
    /// MySQL: whether `autocommit` is off, as code migrations need it.
    pub(super) commits_by_hand: bool,
    announced: bool,
}

/// Whether the plan was carried out or has to be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    Out,
    /// Another process changed the history in between.
    Stale,
}

impl Runner<'_> {
    fn run(&mut self, planner: &Planner<'_>, on_unfinished: OnUnfinished) -> Result<(), RunError> {
        // What the run that resumed was to do: `down` finishes a half-done migration and does not go on to the next.
        let mut wanted: Option<Vec<(String, Direction)>> = None;
        loop {
            self.note_data_version()?;
            let snapshot = Snapshot::read(self.connection.as_mut(), self.adapter)?;
            self.journal_exists |= snapshot.journal_exists;
            let mut entry = snapshot.entry.clone();
            if let Some(stale) = &snapshot.stale
                && on_unfinished != OnUnfinished::Leave
            {
                self.forget(stale, ": by its history it was repaired, or run by other means, since")?;
            }
            match on_unfinished {
                OnUnfinished::Resume => {}
                OnUnfinished::Leave => entry = None,
                OnUnfinished::Forget => {
                    if let Some(forgotten) = entry.take() {
                        self.forget(&forgotten, "")?;
                    }
                }
            }
            let mut plan = planner(&snapshot.context(self.connection.as_ref()))?;
            if let Some(wanted) = &wanted {
                restrict(&mut plan, wanted);
            }
            let server = self.connection.server().clone();
            load_plugins(&mut plan, &self.options.plugins, &server)?;
            let prepared = prepare::plan(&plan, &server)?;
            if self.adapter.foreign_keys() == ForeignKeys::Enforced {
                prepare::refuse_open_rebuilds(&prepared, &server)?;
            }
            if let Some(gate) = &self.options.lint
                && entry.is_none()
                && !self.announced
            {
                let timed = !self.options.lock_timeout.is_zero();
                let findings = hold_back(&prepared, gate, self.connection.as_mut(), timed)?;
                self.observer.event(Event::Checked { findings: &findings });
            }
            if !self.announced {
                self.announced = true;
                self.report.warnings.clone_from(&plan.warnings);
                self.observer.event(Event::Planned { migrations: prepared.len(), warnings: &plan.warnings });
            }
            self.load_code(&prepared)?;
            if let Some(entry) = entry {
                self.resume(&prepared, &entry)?;
                let steps = plan.migrations().map(|step| (step.id.clone(), step.direction));
                wanted.get_or_insert_with(|| steps.collect());
                continue;
            }
            let carried = self.carry_out(&plan, &prepared);
            // A script between two migrations may have failed.
            if let Some(guests) = self.guests.take() {
                self.call_off(guests);
                self.guests = Some(guests);
            }
            match carried {
                Ok(Carried::Out) => return Ok(()),
                Ok(Carried::Stale) => {}
                Err(error) => {
                    for script in &plan.on_failure {
                        self.run_script_after_failure(script);
                    }
                    return Err(error);
                }
            }
        }
    }

    fn forget(&mut self, entry: &Entry, because: &str) -> Result<(), RunError> {
        let text =
            format!("forgetting that migration {} ({}) is half done{because}", entry.id, entry.direction);
        self.connection.execute(&self.journal.end()).map_err(RunError::server(text.clone()))?;
        self.observer.event(Event::Notice { text: &text });
        Ok(())
    }

    fn resume(&mut self, prepared: &[Prepared<'_>], entry: &Entry) -> Result<(), RunError> {
        let found = prepared
            .iter()
            .enumerate()
            .find(|(_, prepared)| prepared.step.id == entry.id && prepared.step.direction == entry.direction);
        let Some((index, prepared_step)) = found else {
            return Err(UnfinishedFailure::InTheWay {
                id: entry.id.clone(),
                direction: entry.direction,
                done: entry.next,
            }
            .into());
        };
        if prepared_step.code().is_some() {
            let members = [prepared_step];
            let group = Group { members: &members, first_index: index, all: prepared };
            self.run_code_group(group, Some(entry))?;
            return self.manual_commit(false);
        }
        if entry.next == 0 && !entry.in_flight && prepared_step.is_atomic() {
            // It failed as a whole before, or was edited into one transaction.
            self.run_atomic(&[prepared_step], index, prepared.len(), true)?;
            return Ok(());
        }
        self.run_stepwise(prepared_step, index, prepared.len(), Some(entry))
    }

    fn carry_out(&mut self, plan: &Plan, prepared: &[Prepared<'_>]) -> Result<Carried, RunError> {
        let total = prepared.len();
        let mut index = 0;
        for step in &plan.steps {
            match step {
                Step::Setup(setup) => {
                    self.manual_commit(false)?;
                    if self.run_setup(setup)? == Carried::Stale {
                        return Ok(Carried::Stale);
                    }
                }
                Step::Script(script) => {
                    self.manual_commit(false)?;
                    self.run_script(script)?;
                }
                Step::Migration(migration) => {
                    let Some(current) = prepared.get(index) else { continue };
                    // A group runs with its first member.
                    if !std::ptr::eq(current.step, migration.as_ref()) {
                        continue;
                    }
                    let group = group_at(prepared, index);
                    let atomic = group.iter().all(Prepared::is_atomic);
                    if atomic && group.iter().any(Prepared::runs_with_code) {
                        let members: Vec<&Prepared<'_>> = group.iter().collect();
                        let group = Group { members: &members, first_index: index, all: prepared };
                        if self.run_code_group(group, None)? == Carried::Stale {
                            return Ok(Carried::Stale);
                        }
                    } else if atomic {
                        self.manual_commit(false)?;
                        let members: Vec<&Prepared<'_>> = group.iter().collect();
                        if self.run_atomic(&members, index, total, false)? == Carried::Stale {
                            return Ok(Carried::Stale);
                        }
                    } else {
                        for (offset, member) in group.iter().enumerate() {
                            if self.run_single(member, index + offset, prepared)? == Carried::Stale {
                                return Ok(Carried::Stale);
                            }
                        }
                    }
                    index += group.len();
                }
            }
        }
        self.manual_commit(false)?;
        Ok(Carried::Out)
    }

    fn run_single(
        &mut self,
        prepared: &Prepared<'_>,
        index: usize,
        all: &[Prepared<'_>],
    ) -> Result<Carried, RunError> {
        if prepared.code().is_some() {
            let group = Group { members: &[prepared], first_index: index, all };
            return self.run_code_group(group, None);
        }
        self.manual_commit(false)?;
        if prepared.is_atomic() {
            return self.run_atomic(&[prepared], index, all.len(), false);
        }
        self.run_stepwise(prepared, index, all.len(), None)?;
        Ok(Carried::Out)
    }

    fn run_setup(&mut self, setup: &Setup) -> Result<Carried, RunError> {
        self.observer.event(Event::Setup { message: &setup.message });
        let failed = RunError::server(setup.message.clone());
        let mut statements: Vec<&str> = setup.statements.iter().map(String::as_str).collect();
        let dialect = self.connection.server().dialect;
        if dialect == Dialect::Postgres {
            statements.insert(0, begin_statement(dialect));
        }
        if !dialect.is_mysql_family() {
            statements.push("COMMIT");
        }
        let result = self.patiently(|runner| {
            if dialect == Dialect::Sqlite && runner.begin_unless_stale()? == Carried::Stale {
                return Ok(Carried::Stale);
            }
            runner.send_together(&statements)?;
            Ok(Carried::Out)
        });
        self.pass_on_notices();
        result.map_err(failed)
    }

    /// Sends statements of ours of which the last ends their transaction; takes it back when one fails.
    pub(super) fn send_together(&mut self, statements: &[&str]) -> Result<(), DbError> {
        let result = self.connection.execute_many(statements);
        result.map(drop).map_err(|failure| {
            self.roll_back();
            failure.error
        })
    }

    /// Does something of ours again while others hold what it needs.
    pub(super) fn patiently<T>(
        &mut self,
        mut action: impl FnMut(&mut Self) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut attempt = 1;
        loop {
            let error = match action(self) {
                Ok(result) => return Ok(result),
                Err(error) => error,
            };
            let retryable = matches!(error.kind, DbErrorKind::LockTimeout | DbErrorKind::Deadlock);
            if !retryable || attempt >= self.options.attempts {
                return Err(error);
            }
            attempt += 1;
            self.pause_before(attempt, &error);
        }
    }

    /// SQLite: begins a transaction that holds the write lock, unless another connection has committed since the history
    /// was read. The original tool may not know our lock, so this is what keeps the plan true.
    pub(super) fn begin_unless_stale(&mut self) -> Result<Carried, DbError> {
        self.connection.execute("BEGIN IMMEDIATE")?;
        let now = self.connection.execute("PRAGMA data_version")?.rows.into_iter().flatten().next().flatten();
        if now == self.data_version {
            return Ok(Carried::Out);
        }
        self.roll_back();
        Ok(Carried::Stale)
    }

    /// Remembers how far other connections have come; also after something of ours ran on another connection.
    pub(super) fn note_data_version(&mut self) -> Result<(), RunError> {
        if self.connection.server().dialect == Dialect::Sqlite {
            let outcome = self
                .connection
                .execute("PRAGMA data_version")
                .map_err(RunError::server("reading the database's version"))?;
            self.data_version = outcome.rows.into_iter().flatten().next().flatten();
        }
        Ok(())
    }

    /// Runs a script outside any migration, in a transaction where it can.
    pub(super) fn run_script(&mut self, script: &Script) -> Result<(), RunError> {
        let unit = prepare::script(script, self.connection.server())?;
        let transactional = unit.mode == UnitMode::Transaction;
        self.observer.event(Event::Script { name: &script.name, transactional });
        if !script.own_session {
            return self.run_script_unit(&script.name, &unit);
        }
        let own = open_session(self.open, self.adapter, self.options)?;
        let migrating = std::mem::replace(&mut self.connection, own);
        let result = self.run_script_unit(&script.name, &unit);
        self.connection = migrating;
        self.note_data_version()?;
        result
    }

    /// Runs a script for a failure that is already being reported; its own failure is only mentioned.
    pub(super) fn run_script_after_failure(&mut self, script: &Script) {
        if let Err(error) = self.run_script(script) {
            let text = format!("{} failed too: {error}", script.name);
            self.observer.event(Event::Notice { text: &text });
        }
    }

    /// Takes back the open transaction; a lost connection has done so already.
    pub(super) fn roll_back(&mut self) {
        let _ = self.connection.execute("ROLLBACK");
        self.pass_on_notices();
    }

    pub(super) fn pass_on_notices(&mut self) {
        for text in self.connection.take_notices() {
            self.observer.event(Event::Notice { text: &text });
        }
    }

    /// Removes the journal's table if nothing is unfinished.
    fn tidy(&mut self) -> Result<(), RunError> {
        if !self.journal_exists {
            return Ok(());
        }
        // Without an answer the connection is gone, and the next run tidies up.
        match self.connection.execute(&self.journal.exists_query()) {
            Ok(outcome) if !outcome.rows.is_empty() => self.journal.drop_if_empty(self.connection.as_mut()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    pub(super) fn finished(&mut self, prepared: &Prepared<'_>, started: Instant) {
        let elapsed = started.elapsed();
        let step = prepared.step;
        self.report.migrations.push(Finished {
            id: step.id.clone(),
            title: step.title.clone(),
            direction: step.direction,
            elapsed,
        });
        self.observer.event(Event::MigrationFinished { step, elapsed });
    }

    pub(super) fn started(&mut self, prepared: &Prepared<'_>, index: usize, total: usize) {
        let transactional = prepared.units.iter().all(|unit| unit.mode == UnitMode::Transaction);
        self.observer.event(Event::MigrationStarted { index, total, step: prepared.step, transactional });
    }
}

/// Leaves of a plan what is wanted; without any migration nothing of it.
fn restrict(plan: &mut Plan, wanted: &[(String, Direction)]) {
    plan.steps.retain(|step| match step {
        Step::Migration(step) => {
            wanted.iter().any(|(id, direction)| *id == step.id && *direction == step.direction)
        }
        Step::Setup(_) | Step::Script(_) => true,
    });
    if plan.migrations().next().is_none() {
        plan.steps.retain(|step| matches!(step, Step::Script(_)));
    }
}

/// SQLite takes its write lock at once, so that it cannot fail to later.
pub(super) fn begin_statement(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres => "BEGIN",
        Dialect::Mysql | Dialect::Mariadb => "START TRANSACTION",
    }
}

/// The migrations that share a transaction with the one at `index`: itself, and those after it of the same group.
fn group_at<'s, 'p>(prepared: &'s [Prepared<'p>], index: usize) -> &'s [Prepared<'p>] {
    let rest = &prepared[index..];
    let Some(group) = rest.first().and_then(|first| first.step.group) else {
        return &rest[..rest.len().min(1)];
    };
    let length = rest.iter().take_while(|member| member.step.group == Some(group)).count();
    &rest[..length]
}
