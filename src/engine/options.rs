//! How a run behaves where the project does not say.

use std::time::Duration;

use super::LintGate;
use crate::plugin::Shelf;

/// Options of a run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// How long to wait for the migration locks.
    pub lock_wait: Duration,
    /// The lock time-out under which DDL runs; zero leaves the server's own.
    pub lock_timeout: Duration,
    /// How often a statement or transaction is tried when it does not obtain a lock in time; at least 1.
    pub attempts: u32,
    /// What to do with a statement that was in flight when a process died and of which the catalog tells nothing.
    pub in_flight: Option<InFlight>,
    /// The plugins that backfills name.
    pub plugins: Shelf,
    /// The safety rules that look first, if any do.
    pub lint: Option<LintGate>,
    /// Whether the run looks for something to do before it takes the locks. Whoever has looked already spares it that.
    pub looks_first: bool,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions {
            lock_wait: Duration::from_secs(600),
            lock_timeout: Duration::from_secs(5),
            attempts: 10,
            in_flight: None,
            plugins: Shelf::default(),
            lint: None,
            looks_first: true,
        }
    }
}

/// The user's word on a statement that was in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InFlight {
    /// It took effect.
    Done,
    /// It did not; run it again.
    Again,
}
