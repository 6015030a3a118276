//! Running a backfill in this process: beginning or joining it, workers and watcher, and its end.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use dunlin_compat::backfill::{Backfill, Pace};
use dunlin_compat::model::Dialect;

use super::BackfillError;
use super::event::BackfillEvent;
use super::gate::Gate;
use super::job::Job;
use super::monitor::Monitor;
use super::record::{Record, RecordedWork};
use super::session;
use super::start::{self, Begun};
use super::state::{State, Tables};
use super::steering::Steering;
use super::table::{self, Table};
use super::work::{Chunk, MakeTransform};
use super::worker::Worker;
use crate::db::{Connection, DbError, DbErrorKind};

/// How often whoever runs this is given a chance to keep a session of its own alive.
const TICK: Duration = Duration::from_secs(10);
/// How long a lost connection is tried to be opened again.
const RECONNECT: Duration = Duration::from_secs(60);

/// How a backfill runs, besides what its [`Pace`] says.
pub struct Options {
    /// How long anything waits for a lock, and how long a chunk may take; zero leaves both to the server.
    pub lock_timeout: Duration,
    /// How often a worker tries again when it gets no lock in time.
    pub attempts: u32,
    /// A query on the primary for the seconds that replicas lag behind, instead of the server's own.
    pub lag_query: Option<String>,
    /// Replicas to ask how far they lag behind.
    pub replicas: Vec<Box<dyn Connection>>,
}

/// Opens a session; `Watching` ones are not counted by fault points.
pub type Open<'a> = dyn Fn(Purpose) -> Result<Box<dyn Connection>, DbError> + 'a;

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Beginning, ending, working.
    Working,
    /// Watching over workers.
    Watching,
}

/// Receives what happens and is asked to keep its own session alive, about every ten seconds.
pub trait Host {
    /// Something happened.
    fn event(&mut self, event: BackfillEvent);

    /// Time for a sign of life. An error ends the backfill: its locks may be gone.
    fn tick(&mut self) -> Result<(), DbError> {
        Ok(())
    }
}

/// What a backfill came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Rows done, of all processes and runs.
    pub rows: u64,
    /// Rows changed.
    pub changed: u64,
    /// Chunks done.
    pub chunks: u64,
    /// Rows in the quarantine.
    pub quarantined: u64,
    /// How long this process took part.
    pub elapsed: Duration,
    /// Whose doing the end was.
    pub end: End,
}

/// Whose doing the end of a backfill was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// This run took part in it.
    Now,
    /// It had ended before this run.
    Before,
    /// Its migration has ended and taken the record away, with all figures.
    WithMigration,
}

/// What workers and watcher tell.
pub(super) enum Message {
    /// Something happened.
    Event(BackfillEvent),
    /// A worker ended.
    Ended(Result<(), BackfillError>),
}

/// A backfill to be run.
pub struct Request<'a> {
    /// What.
    pub backfill: &'a Backfill,
    /// The history table that its migration belongs to; empty for one without a migration.
    pub history: &'a str,
    /// The schema in which its state is kept.
    pub schema: &'a str,
    /// What else decides what becomes of a row: see [`super::ByPlugin::version`].
    pub version: Option<String>,
}

/// Runs a backfill to its end, together with other processes that do.
///
/// # Errors
/// See [`BackfillError`]. The chunks that were done stay done and recorded, and the next run goes on behind them.
pub fn run(
    request: &Request<'_>,
    make: &MakeTransform<'_>,
    prepare: &dyn Fn(&mut dyn Connection, &Chunk<'_>) -> Result<(), BackfillError>,
    open: &Open<'_>,
    options: Options,
    host: &mut dyn Host,
) -> Result<Summary, BackfillError> {
    let started = Instant::now();
    let backfill = request.backfill;
    let open = &|purpose: Purpose| session::open_patiently(&|| open(purpose));
    let mut connection = open(Purpose::Working).map_err(BackfillError::server("connecting"))?;
    let server = connection.server().clone();
    if let Some(reason) = session::obstacle(&server) {
        return Err(BackfillError::refused(reason, "Write the change as SQL, in parts of your own."));
    }
    let table = table::find(connection.as_mut(), &backfill.change.table, &backfill.change.key)?;
    let tables = Tables::new(server.dialect, request.schema);
    let job = Job {
        name: &backfill.name,
        table: &table,
        tables: &tables,
        filter: backfill.change.filter.as_deref(),
        until: backfill.change.until.as_deref(),
        quarantine_limit: backfill.pace.quarantine,
        lock_timeout: options.lock_timeout,
        attempts: options.attempts.max(1),
        skips_locked: session::skips_locked(&server),
    };
    let bound =
        job.last_key(connection.as_mut(), None).map_err(BackfillError::server("looking for the last row"))?;
    if let Some(bound) = &bound {
        prepare(connection.as_mut(), &Chunk { table: &table, from: bound, to: bound, filter: job.filter })?;
    }
    let pace = &backfill.pace;
    // SQLite's chunks keep everybody from writing, whatever the row, so they are shorter.
    let target = if server.dialect == Dialect::Sqlite { pace.target / 2 } else { pace.target };
    let mut steering = Steering::new(target, pace.size, table.row_bytes.map(|bytes| bytes as f64));
    let begun = start::begin(
        connection.as_mut(),
        &tables,
        request,
        &work(request, &table),
        &Begun { bound, chunk_rows: steering.rows(), estimate: table.rows },
    )?;
    if begun.state == State::Done {
        return summary(connection.as_mut(), &job, started, End::Before);
    }
    steering.resume(begun.chunk_rows);
    let gate = Gate::new(steering, pace.rate);
    host.event(BackfillEvent::Started {
        name: backfill.name.clone(),
        table: table.name.clone(),
        key: table.key.columns.iter().map(|column| column.name.clone()).collect(),
        estimate: begun.estimate,
        done: begun.rows_done,
    });
    let crew = Crew { job: &job, gate: &gate, make, open, pace };
    let result = crew.run(&begun, options, host);
    // The connection may have been idle for long, or gone with its server.
    if let Err(error) = result {
        note_failure(connection.as_mut(), &job, &error);
        return Err(error);
    }
    let mut connection = match connection.execute("SELECT 1") {
        Ok(_) => connection,
        Err(_) => open(Purpose::Working).map_err(BackfillError::server("connecting"))?,
    };
    let ended = start::read(connection.as_mut(), &tables, job.name)?;
    match ended.as_ref().map(|record| record.state) {
        Some(State::Done) => summary(connection.as_mut(), &job, started, End::Now),
        None if !request.history.is_empty() => {
            summary(connection.as_mut(), &job, started, End::WithMigration)
        }
        None | Some(State::Cancelled) => Err(BackfillError::Cancelled { name: backfill.name.clone() }),
        Some(State::Running | State::Paused) => Err(BackfillError::refused(
            format!("the workers of {} ended before it did: a table is gone", backfill.name),
            "See what became of the table; the next run goes on.",
        )),
        Some(State::Failed) => Err(BackfillError::refused(
            ended.and_then(|record| record.message).unwrap_or_else(|| "another process failed".to_owned()),
            "This is what another process that took part in it met; the next run goes on.",
        )),
    }
}

/// What the record says of the work.
fn work(request: &Request<'_>, table: &Table) -> RecordedWork {
    RecordedWork {
        change: request.backfill.change.clone(),
        table: table.name.clone(),
        key: table.key.columns.iter().map(|column| column.name.clone()).collect(),
        version: request.version.clone(),
    }
}

fn note_failure(connection: &mut dyn Connection, job: &Job<'_>, error: &BackfillError) {
    if matches!(error, BackfillError::Cancelled { .. })
        || error.db_error().is_some_and(|error| error.kind == DbErrorKind::Connection)
    {
        return;
    }
    let message = error.to_string();
    let change = job.tables.change_state(job.name, &[State::Running], State::Failed, Some(&message));
    // Without a connection the record stays as it is, and the next run goes on all the same.
    let _ = connection.execute(&change);
}

fn summary(
    connection: &mut dyn Connection,
    job: &Job<'_>,
    started: Instant,
    end: End,
) -> Result<Summary, BackfillError> {
    let record = start::read(connection, job.tables, job.name)?;
    let quarantined = start::count_failures(connection, job.tables, job.name)?;
    let figure = |of: fn(&Record) -> u64| record.as_ref().map_or(0, of);
    Ok(Summary {
        name: job.name.to_owned(),
        rows: figure(|record| record.rows_done),
        changed: figure(|record| record.rows_changed),
        chunks: figure(|record| record.chunks_done),
        quarantined,
        elapsed: started.elapsed(),
        end,
    })
}

/// The workers of this process and their watcher.
struct Crew<'a> {
    job: &'a Job<'a>,
    gate: &'a Gate,
    make: &'a MakeTransform<'a>,
    open: &'a Open<'a>,
    pace: &'a Pace,
}

impl Crew<'_> {
    fn run(&self, begun: &Record, options: Options, host: &mut dyn Host) -> Result<(), BackfillError> {
        let connecting = || BackfillError::server("connecting");
        let (sender, receiver) = channel();
        let one_writer = self.job.tables.dialect() == Dialect::Sqlite;
        let count = if one_writer { 1 } else { self.pace.workers.max(1) };
        // Sessions are opened here and not in the threads: what opens them belongs to whoever called.
        let mut workers = Vec::new();
        for _ in 0..count {
            let connection = (self.open)(Purpose::Working).map_err(connecting())?;
            workers.push(self.worker(connection, sender.clone())?);
        }
        let monitor = Monitor {
            connection: (self.open)(Purpose::Watching).map_err(connecting())?,
            name: self.job.name,
            tables: self.job.tables,
            pace: self.pace,
            gate: self.gate,
            sender: sender.clone(),
            replicas: options.replicas,
            lag_query: options.lag_query,
            limit: self.job.lock_timeout,
            estimate: begun.estimate,
            done_before: begun.rows_done,
        };
        thread::scope(|scope| {
            let watching = scope.spawn(move || monitor.run());
            for worker in workers {
                let sender = sender.clone();
                scope.spawn(move || drop(sender.send(Message::Ended(worker.run()))));
            }
            let mut running = count;
            let mut first_error: Option<BackfillError> = None;
            let mut lost_since: Option<Instant> = None;
            while running > 0 {
                let ended = match self.next(&receiver, host) {
                    Ok(Some(ended)) => ended,
                    Ok(None) => continue,
                    Err(error) => {
                        self.gate.end();
                        first_error.get_or_insert(error);
                        continue;
                    }
                };
                running -= 1;
                let Err(error) = ended else { continue };
                let lost = error.db_error().is_some_and(|error| error.kind == DbErrorKind::Connection);
                if lost && !self.gate.has_ended() {
                    let since = *lost_since.get_or_insert_with(Instant::now);
                    if since.elapsed() < RECONNECT
                        && let Some(worker) = self.replacement(&sender, host)
                    {
                        let sender = sender.clone();
                        scope.spawn(move || drop(sender.send(Message::Ended(worker.run()))));
                        running += 1;
                        continue;
                    }
                }
                self.gate.end();
                first_error.get_or_insert(error);
            }
            self.gate.end();
            let _ = watching.join();
            while let Ok(Message::Event(event)) = receiver.try_recv() {
                host.event(event);
            }
            first_error.map_or(Ok(()), Err)
        })
    }

    fn worker(
        &self,
        connection: Box<dyn Connection>,
        sender: Sender<Message>,
    ) -> Result<Worker<'_>, BackfillError> {
        Ok(Worker {
            connection,
            id: worker_id(),
            job: self.job,
            gate: self.gate,
            transform: (self.make)()?,
            sender,
        })
    }

    /// A worker in the place of one whose connection was lost; tries for a while.
    fn replacement(&self, sender: &Sender<Message>, host: &mut dyn Host) -> Option<Worker<'_>> {
        let since = Instant::now();
        let mut delay = Duration::from_millis(250);
        while since.elapsed() < RECONNECT {
            host.event(BackfillEvent::Retry { reason: "the connection was lost".to_owned(), delay });
            // Whoever called may know that there is no use in it.
            if host.tick().is_err() || !self.gate.sleep(delay) {
                return None;
            }
            match (self.open)(Purpose::Working) {
                Ok(connection) => return self.worker(connection, sender.clone()).ok(),
                Err(_) => delay = (delay * 2).min(Duration::from_secs(5)),
            }
        }
        None
    }

    /// Passes events on until a worker ends, or it is time for a sign of life.
    fn next(
        &self,
        receiver: &Receiver<Message>,
        host: &mut dyn Host,
    ) -> Result<Option<Result<(), BackfillError>>, BackfillError> {
        let until = Instant::now() + TICK;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match receiver.recv_timeout(left) {
                Ok(Message::Event(event)) => host.event(event),
                Ok(Message::Ended(result)) => return Ok(Some(result)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    host.tick().map_err(BackfillError::server("keeping the migration's session"))?;
                    return Ok(None);
                }
            }
            if left.is_zero() {
                host.tick().map_err(BackfillError::server("keeping the migration's session"))?;
                return Ok(None);
            }
        }
    }
}

/// Unique among all workers: machine, process, and something random.
fn worker_id() -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let machine = machine.trim();
    let machine = if machine.is_empty() { "worker" } else { machine };
    let machine: String = machine.chars().take(60).collect();
    format!("{machine}:{}:{:08x}", std::process::id(), fastrand::u32(..))
}
