//! Backfills: changing the rows of a table in chunks, while it is in use.
//!
//! | file | subject |
//! |---|---|
//! | `run.rs` | a run: workers, watcher, end |
//! | `start.rs`, `control.rs` | beginning or joining; status, pause, resume, cancel, forget |
//! | `worker.rs`, `pass.rs` | taking a chunk and doing it; planning chunks, passes |
//! | `work.rs` | the seam to what changes rows: `batch.rs` (SQL), `plugin/` (WebAssembly) |
//! | `table.rs`, `key.rs` | the catalog; comparing and writing keys |
//! | `state.rs`, `record.rs` | the tables in which it is kept where a backfill is |
//! | `steering.rs`, `gate.rs` | how large the next chunk is; when it may begin |
//! | `monitor.rs`, `pressure.rs` | whom the workers keep waiting, how far all are |
//!
//! A chunk is a row of `dunlin_backfill_chunks`. Whoever works on it holds the row's lock in the transaction that changes the
//! rows, and deletes it there. So it is done exactly once: a worker that dies, wherever it is, gives the lock back with its
//! transaction, and the next one takes the chunk.

mod batch;
mod column;
mod control;
mod error;
mod event;
mod gate;
mod job;
mod key;
mod monitor;
mod pass;
mod plugin;
mod pressure;
mod record;
mod run;
mod session;
mod start;
mod state;
mod steering;
mod table;
mod work;
mod worker;

pub use batch::{BadBatch, Batch, BatchTransform};
pub use column::{ColumnFacts, find_column};
pub use control::{Failure, Listed, cancel, forget, list, pause, resume};
pub use error::BackfillError;
pub use event::{BackfillEvent, Progress};
pub use gate::Hold;
pub use key::{Comparison, Form, Key, KeyColumn, KeyValue};
pub use plugin::{ByPlugin, mysql_kind, of_stored, of_text, postgres_kind, sqlite_kind, unwritable};
pub use record::{Record, RecordedWork};
pub use run::{End, Host, Open, Options, Purpose, Request, Summary, run};
pub use session::open_patiently;
pub use start::tidy;
pub use state::{State, Tables};
pub use table::Table;
pub use work::{Changed, Chunk, FailedRow, MakeTransform, RowTransform, WorkError};

use crate::db::Connection;

/// Runs a backfill of pure SQL.
///
/// # Errors
/// See [`run`]; also when the text is no batch.
pub fn run_batch(
    request: &Request<'_>,
    batch: &Batch,
    open: &Open<'_>,
    options: Options,
    host: &mut dyn Host,
) -> Result<Summary, BackfillError> {
    let make =
        || -> Result<Box<dyn RowTransform>, BackfillError> { Ok(Box::new(BatchTransform(batch.clone()))) };
    let prepare = |connection: &mut dyn Connection, chunk: &Chunk<'_>| {
        batch.check(chunk.key()).map_err(|bad| bad.refused())?;
        batch::prepare(batch, connection, chunk)
    };
    run::run(request, &make, &prepare, open, options, host)
}

/// Runs a backfill by a plugin.
///
/// # Errors
/// See [`run`]; also when the plugin does not take the table.
pub fn run_plugin(
    request: &Request<'_>,
    by: &ByPlugin,
    open: &Open<'_>,
    options: Options,
    host: &mut dyn Host,
) -> Result<Summary, BackfillError> {
    let make = || -> Result<Box<dyn RowTransform>, BackfillError> { Ok(Box::new(by.worker())) };
    let prepare = |connection: &mut dyn Connection, chunk: &Chunk<'_>| by.check(connection, chunk);
    let request = Request {
        backfill: request.backfill,
        history: request.history,
        schema: request.schema,
        version: Some(by.version()),
    };
    run::run(&request, &make, &prepare, open, options, host)
}

impl BadBatch {
    /// As a refusal.
    pub fn refused(self) -> BackfillError {
        BackfillError::refused(self.reason, "`docs/backfill.md` shows how a batch is written.")
    }
}
