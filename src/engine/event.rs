//! What happens during a run, for whoever shows it.

use std::path::Path;
use std::time::Duration;

use dunlin_compat::model::{Lock, MigrationStep};

use crate::backfill::BackfillEvent;
use crate::db::{DbError, Outcome};
use crate::lint::Finding;

/// Receives the events of a run in the order in which they happen.
pub trait Observer {
    /// One event.
    fn event(&mut self, event: Event<'_>);
}

/// An observer that looks away.
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _event: Event<'_>) {}
}

/// Something that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another process holds the lock; sent once a second while waiting.
    LockWait {
        /// The lock.
        lock: &'a Lock,
        /// Who holds it, where the server tells.
        holder: Option<&'a str>,
        /// Waited so far.
        waited: Duration,
    },
    /// The lock that the original tool keeps in a table is held by another run.
    LockRowWait {
        /// The table.
        table: &'a str,
        /// Waited so far.
        waited: Duration,
    },
    /// The plan made under the lock: so many migrations will run.
    Planned {
        /// How many migrations.
        migrations: usize,
        /// The adapter's warnings.
        warnings: &'a [String],
    },
    /// The safety rules looked, and let the run go on.
    Checked {
        /// What they found.
        findings: &'a [Finding],
    },
    /// A setup step is about to run.
    Setup {
        /// Its message.
        message: &'a str,
    },
    /// A script outside any migration is about to run.
    Script {
        /// Its name.
        name: &'a str,
        /// Whether it runs in a transaction.
        transactional: bool,
    },
    /// A migration begins.
    MigrationStarted {
        /// Which one, from 0.
        index: usize,
        /// Of how many.
        total: usize,
        /// The migration.
        step: &'a MigrationStep,
        /// Whether it runs in one transaction with its history row.
        transactional: bool,
    },
    /// A half-done migration continues.
    Resumed {
        /// The migration.
        step: &'a MigrationStep,
        /// The statement it continues with, from 0.
        next_statement: usize,
        /// Of how many.
        total: usize,
    },
    /// A statement of a script or migration was executed.
    StatementDone {
        /// The file that it stands in.
        path: &'a Path,
        /// The statement's text.
        text: &'a str,
        /// Which one of the migration, from 0.
        index: usize,
        /// Of how many.
        total: usize,
        /// Its result.
        outcome: &'a Outcome,
    },
    /// Something happened in a backfill.
    Backfill {
        /// The migration.
        step: &'a MigrationStep,
        /// What.
        event: &'a BackfillEvent,
    },
    /// The server said something.
    Notice {
        /// As the server words it.
        text: &'a str,
    },
    /// Code said something.
    GuestLog {
        /// `debug`, `info`, `warning` or `error`.
        level: &'a str,
        /// Who says it; may be empty.
        logger: &'a str,
        /// What.
        text: &'a str,
    },
    /// A piece of what code writes for the user: statements that it would run, what a command prints.
    GuestOutput {
        /// The piece.
        text: &'a str,
    },
    /// A child process printed a line.
    ProgramOutput {
        /// The line.
        line: &'a str,
    },
    /// A lock was not obtained in time; the statement or transaction is tried again.
    Retry {
        /// Why.
        error: &'a DbError,
        /// Which try comes next, from 2.
        attempt: u32,
        /// After how long.
        delay: Duration,
    },
    /// A migration ended and is recorded.
    MigrationFinished {
        /// The migration.
        step: &'a MigrationStep,
        /// How long it took, waiting for its own locks included.
        elapsed: Duration,
    },
    /// A migration failed; the run is about to end.
    MigrationFailed {
        /// The migration.
        step: &'a MigrationStep,
        /// Whether everything of it was rolled back.
        rolled_back: bool,
    },
}
