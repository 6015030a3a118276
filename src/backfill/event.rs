//! What happens during a backfill, for whoever shows it.

use std::time::Duration;

use super::gate::Hold;

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BackfillEvent {
    /// It begins, or goes on.
    Started {
        /// Its name.
        name: String,
        /// The table in full.
        table: String,
        /// The columns that it goes by.
        key: Vec<String>,
        /// How many rows the table has, as far as known.
        estimate: Option<u64>,
        /// How many rows were done before.
        done: u64,
    },
    /// How far it is; sent about once a second.
    Progress(Progress),
    /// The workers wait, or with `None` go on.
    Held(Option<Hold>),
    /// Another pass over rows that arrived meanwhile.
    Pass {
        /// Its number, from 1.
        number: u64,
    },
    /// A chunk is tried again.
    Retry {
        /// Why.
        reason: String,
        /// After how long.
        delay: Duration,
    },
    /// A row went to the quarantine.
    Quarantined {
        /// Its key.
        row: String,
        /// Why.
        message: String,
    },
    /// Something that is worth a line.
    Note {
        /// It.
        text: String,
    },
}

/// How far a backfill is, in all processes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Rows done.
    pub done: u64,
    /// Rows changed.
    pub changed: u64,
    /// Chunks done.
    pub chunks: u64,
    /// How many rows there are, as far as known.
    pub estimate: Option<u64>,
    /// Rows per second of late.
    pub rate: f64,
    /// How long it will take, as far as known.
    pub left: Option<Duration>,
    /// How far replicas lag behind, where that is known.
    pub lag: Option<Duration>,
    /// Rows in the chunk that is planned next.
    pub chunk_rows: u64,
    /// Workers in all processes.
    pub workers: u64,
    /// Which pass, from 1.
    pub pass: u64,
}
