//! A worker: takes a chunk, does it and says so in one transaction, and plans the next when there is none.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use dunlin_compat::model::Dialect;

use super::BackfillError;
use super::event::BackfillEvent;
use super::gate::Gate;
use super::job::Job;
use super::key::{KeyValue, decode};
use super::run::Message;
use super::session;
use super::start::is_gone;
use super::state::State;
use super::work::{Changed, Chunk, FailedRow, RowTransform, WorkError, is_about_rows, took_too_long};
use crate::db::{BatchError, Connection, DbError, DbErrorKind, Outcome};

/// How long a worker waits that finds nothing to do while others still work.
const IDLE: Duration = Duration::from_millis(200);
/// The first and the longest pause before something is tried again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// SQLite has no queue: whoever waits to write looks again and again, at most this long after it looked last. Without a pause as
/// long the next chunk would begin before anybody else gets in.
const LOOK: Duration = Duration::from_millis(105);

/// A worker with its session.
pub(super) struct Worker<'a> {
    pub(super) connection: Box<dyn Connection>,
    pub(super) id: String,
    pub(super) job: &'a Job<'a>,
    pub(super) gate: &'a Gate,
    pub(super) transform: Box<dyn RowTransform>,
    pub(super) sender: Sender<Message>,
}

/// What became of one step.
pub(super) enum Step {
    /// Something was done; on to the next.
    Done,
    /// There is nothing to do right now.
    Idle,
    /// There will be nothing to do.
    Over,
}

/// A chunk as its row tells.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    pub(super) number: i64,
    pub(super) from: KeyValue,
    pub(super) to: KeyValue,
    pub(super) rows: u64,
}

/// Why a step failed.
pub(super) enum StepError {
    /// The server refused something of ours or of the work.
    Database(DbError),
    /// The backfill cannot go on.
    Fatal(BackfillError),
}

impl From<DbError> for StepError {
    fn from(error: DbError) -> StepError {
        StepError::Database(error)
    }
}

impl From<Box<BatchError>> for StepError {
    fn from(failure: Box<BatchError>) -> StepError {
        StepError::Database(failure.error)
    }
}

impl From<BackfillError> for StepError {
    fn from(error: BackfillError) -> StepError {
        StepError::Fatal(error)
    }
}

impl Worker<'_> {
    /// Works until the backfill is over, the gate says so, or something fails that trying again does not mend.
    pub(super) fn run(mut self) -> Result<(), BackfillError> {
        session::prepare(self.connection.as_mut(), self.job.lock_timeout)
            .map_err(BackfillError::server("preparing a worker's session"))?;
        let mut failures = 0;
        let mut enlisted = false;
        while self.gate.pass() {
            let step = if enlisted { self.step() } else { self.enlist() };
            enlisted |= step.is_ok();
            match step {
                Ok(Step::Over) => break,
                Ok(Step::Idle) => {
                    failures = 0;
                    self.gate.sleep(jittered(IDLE));
                }
                Ok(Step::Done) => failures = 0,
                Err(StepError::Fatal(error)) => return Err(error),
                // Others ended the backfill and tidied up behind it.
                Err(StepError::Database(error)) if is_gone(&error) => break,
                Err(StepError::Database(error)) => {
                    failures += 1;
                    self.retry_or_fail(error, failures)?;
                }
            }
        }
        Ok(())
    }

    /// Makes the row in which this worker counts.
    fn enlist(&mut self) -> Result<Step, StepError> {
        let session_id = self.connection.server().session_id;
        self.connection.execute(&self.job.tables.enlist(self.job.name, &self.id, session_id))?;
        Ok(Step::Done)
    }

    fn retry_or_fail(&mut self, error: DbError, failures: u32) -> Result<(), BackfillError> {
        self.roll_back();
        let retryable = matches!(error.kind, DbErrorKind::LockTimeout | DbErrorKind::Deadlock);
        if !retryable || failures >= self.job.attempts {
            return Err(BackfillError::Server { doing: format!("working on {}", self.job.name), error });
        }
        self.gate.shrink();
        let delay = pause(failures);
        self.tell(BackfillEvent::Retry { reason: error.message, delay });
        self.gate.sleep(delay);
        Ok(())
    }

    pub(super) fn step(&mut self) -> Result<Step, StepError> {
        if !self.job.skips_locked {
            let lease = self.job.tables.lease(self.job.name, &self.id);
            if self.connection.execute(&lease)?.affected == 0 {
                return self.plan();
            }
        }
        let begun = Instant::now();
        let session = self.connection.server().session_id;
        let (state, claimed) = self.claim()?;
        let result = match (state, claimed) {
            (Some(State::Running), Some(chunk)) => {
                self.gate.begin(session);
                let result = self.work_on(&chunk, begun);
                self.gate.finish(session);
                return result;
            }
            (Some(State::Running), None) => None,
            // The watcher tells the gate.
            (Some(State::Paused), _) => Some(Step::Idle),
            _ => Some(Step::Over),
        };
        self.connection.execute("ROLLBACK")?;
        match result {
            Some(step) => Ok(step),
            None => self.plan(),
        }
    }

    /// Begins the transaction of a chunk and takes one.
    fn claim(&mut self) -> Result<(Option<State>, Option<Claimed>), StepError> {
        let job = self.job;
        let mut statements = session::begin_chunk(self.connection.server(), job.lock_timeout);
        statements.push(job.tables.state(job.name));
        statements.push(if job.skips_locked {
            job.tables.claim(job.name)
        } else {
            job.tables.leased(job.name, &self.id)
        });
        let mut outcomes = send(self.connection.as_mut(), &statements)?;
        let chunk = outcomes.pop().and_then(first_row).and_then(claimed);
        let state = outcomes.pop().and_then(first_row);
        let state = state.and_then(|row| row.into_iter().next().flatten()).and_then(|word| State::of(&word));
        Ok((state, chunk))
    }

    /// Does a chunk in the transaction that is open.
    fn work_on(&mut self, chunk: &Claimed, begun: Instant) -> Result<Step, StepError> {
        let job = self.job;
        let rows = Chunk { table: job.table, from: &chunk.from, to: &chunk.to, filter: job.filter };
        let changed = match self.transform.run(self.connection.as_mut(), &rows) {
            Ok(changed) => changed,
            Err(WorkError::Fatal(error)) => {
                self.roll_back();
                return Err(StepError::Fatal(error));
            }
            Err(WorkError::TooLarge(error)) => {
                self.roll_back();
                self.gate.shrink();
                if !self.split(chunk)? {
                    return Err(StepError::Fatal(error));
                }
                self.tell(BackfillEvent::Retry { reason: error.to_string(), delay: Duration::ZERO });
                return Ok(Step::Done);
            }
            Err(WorkError::Database(error)) => {
                self.roll_back();
                return self.after_failure(chunk, error);
            }
        };
        self.quarantine_some(&changed)?;
        let mut statements =
            job.tables.finish_chunk(job.name, chunk.number, &self.id, chunk.rows, changed.rows);
        statements.push("COMMIT".to_owned());
        statements.extend(session::after_chunk(self.connection.server()).map(str::to_owned));
        send(self.connection.as_mut(), &statements)?;
        let took = begun.elapsed();
        self.gate.learn(chunk.rows, changed.bytes, took);
        if job.tables.dialect() == Dialect::Sqlite {
            self.gate.sleep(took.min(LOOK));
        }
        for text in changed.notes {
            self.tell(BackfillEvent::Note { text });
        }
        Ok(Step::Done)
    }

    /// Puts rows that the transform left out into the quarantine, in the chunk's own transaction.
    fn quarantine_some(&mut self, changed: &Changed) -> Result<(), StepError> {
        if changed.failed.is_empty() {
            return Ok(());
        }
        let job = self.job;
        let statements: Vec<String> = changed.failed.iter().map(|row| job.quarantine(row)).collect();
        send(self.connection.as_mut(), &statements)?;
        if let Err(error) = self.check_quarantine(changed.failed.last()) {
            self.roll_back();
            return Err(error);
        }
        for row in &changed.failed {
            self.tell_quarantined(row);
        }
        Ok(())
    }

    fn tell_quarantined(&self, row: &FailedRow) {
        let key = self.job.table.key.describe(&row.key);
        self.tell(BackfillEvent::Quarantined { row: key, message: row.message.clone() });
    }

    /// Refuses to go on when more rows are in the quarantine than may.
    fn check_quarantine(&mut self, last: Option<&FailedRow>) -> Result<(), StepError> {
        let count = self.count(&self.job.tables.count_failures(self.job.name))?;
        match last {
            Some(row) if count > self.job.quarantine_limit => Err(StepError::Fatal(self.row_error(row))),
            _ => Ok(()),
        }
    }

    fn row_error(&self, row: &FailedRow) -> BackfillError {
        BackfillError::Row {
            row: self.job.table.key.describe(&row.key),
            message: row.message.clone(),
            limit: self.job.quarantine_limit,
        }
    }

    /// A statement of the work failed: whose fault is it?
    fn after_failure(&mut self, chunk: &Claimed, error: DbError) -> Result<Step, StepError> {
        let too_long = took_too_long(&error);
        if too_long {
            self.gate.shrink();
        }
        if !too_long && !is_about_rows(&error) {
            if error.kind == DbErrorKind::Statement {
                let rows = self.job.table.key.describe(&chunk.from);
                return Err(StepError::Fatal(BackfillError::Chunk { rows, error }));
            }
            return Err(StepError::Database(error));
        }
        if self.split(chunk)? {
            let reason = if too_long { "a chunk took too long".to_owned() } else { error.message };
            self.tell(BackfillEvent::Retry { reason, delay: Duration::ZERO });
            return Ok(Step::Done);
        }
        if too_long {
            return Err(StepError::Fatal(BackfillError::Chunk {
                rows: self.job.table.key.describe(&chunk.from),
                error,
            }));
        }
        self.quarantine_row(chunk, &error.message)
    }

    /// Cuts a chunk in two. False when it has but one row left.
    fn split(&mut self, chunk: &Claimed) -> Result<bool, StepError> {
        let job = self.job;
        let mut statements = session::begin_own(self.connection.server(), job.lock_timeout);
        // The record first, as in planning.
        statements.push(job.tables.position_for_update(job.name));
        statements.push(job.tables.chunk_for_update(job.name, chunk.number));
        let found = send(self.connection.as_mut(), &statements)?.pop().and_then(first_row).and_then(claimed);
        // Somebody else came first.
        let Some(found) = found.filter(|found| found.to == chunk.to && found.from == chunk.from) else {
            self.connection.execute("ROLLBACK")?;
            return Ok(true);
        };
        let half = job.halves(self.connection.as_mut(), &found)?;
        let Some(half) = half else {
            self.connection.execute("ROLLBACK")?;
            return Ok(false);
        };
        let mut statements = job.tables.split_chunk(job.name, found.number, &half.borrowed(&found.to));
        statements.push("COMMIT".to_owned());
        send(self.connection.as_mut(), &statements)?;
        Ok(true)
    }

    /// The one row of a chunk failed: it goes to the quarantine, and the chunk is done.
    fn quarantine_row(&mut self, chunk: &Claimed, message: &str) -> Result<Step, StepError> {
        let job = self.job;
        let row = FailedRow { key: chunk.from.clone(), message: message.to_owned() };
        if job.quarantine_limit == 0 {
            return Err(StepError::Fatal(self.row_error(&row)));
        }
        let mut statements = session::begin_own(self.connection.server(), job.lock_timeout);
        statements.push(job.tables.chunk_for_update(job.name, chunk.number));
        let found = send(self.connection.as_mut(), &statements)?.pop().and_then(first_row).and_then(claimed);
        if found.is_none_or(|found| found.to != chunk.to || found.from != chunk.from) {
            self.connection.execute("ROLLBACK")?;
            return Ok(Step::Done);
        }
        send(self.connection.as_mut(), &[job.quarantine(&row)])?;
        if let Err(error) = self.check_quarantine(Some(&row)) {
            self.roll_back();
            return Err(error);
        }
        let mut statements = job.tables.finish_chunk(job.name, chunk.number, &self.id, chunk.rows, 0);
        statements.push("COMMIT".to_owned());
        send(self.connection.as_mut(), &statements)?;
        self.tell_quarantined(&row);
        Ok(Step::Done)
    }

    pub(super) fn count(&mut self, query: &str) -> Result<u64, DbError> {
        let rows = self.connection.execute(query)?.rows;
        Ok(rows.into_iter().flatten().next().flatten().and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// Takes back the open transaction; a lost connection has done so already.
    pub(super) fn roll_back(&mut self) {
        let _ = self.connection.execute("ROLLBACK");
    }

    pub(super) fn tell(&self, event: BackfillEvent) {
        let _ = self.sender.send(Message::Event(event));
    }
}

/// Sends statements together.
pub(super) fn send(
    connection: &mut dyn Connection,
    statements: &[String],
) -> Result<Vec<Outcome>, Box<BatchError>> {
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    connection.execute_many(&statements)
}

pub(super) fn first_row(outcome: Outcome) -> Option<Vec<Option<String>>> {
    outcome.rows.into_iter().next()
}

/// A chunk of a row of number, first key, last key, rows.
fn claimed(row: Vec<Option<String>>) -> Option<Claimed> {
    let mut values = row.into_iter();
    let mut next = || values.next().flatten();
    Some(Claimed {
        number: next()?.parse().ok()?,
        from: decode(&next()?)?,
        to: decode(&next()?)?,
        rows: next()?.parse().ok()?,
    })
}

/// How long to wait before the next try, from half to one and a half of twice the last.
fn pause(failures: u32) -> Duration {
    let doubled = PAUSES.0.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    jittered(doubled.min(PAUSES.1))
}

/// A duration between half and one and a half of `base`, so that workers do not march in step.
pub(super) fn jittered(base: Duration) -> Duration {
    base.mul_f64(0.5 + fastrand::f64())
}
