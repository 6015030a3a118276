//! What migrations send: those that are code tell only when they run.

use dunlin_compat::model::{Direction, Request};

use super::Bench;
use crate::engine::RunError;
use crate::scratch::Scratch;
use crate::trace::Traced;

/// What was learnt of pending migrations.
#[derive(Debug, Default)]
pub struct Sent {
    /// Their statements, in order, with what the engine sends beside them.
    pub statements: Vec<Traced>,
    /// Why those of later migrations are not known.
    pub stopped: Option<RunError>,
}

/// Applies what is pending on a scratch database, and returns what was sent.
pub fn statements(bench: &mut Bench<'_>, scratch: &Scratch) -> Sent {
    bench.trace.take();
    let adapter = bench.adapter;
    let request = Request { direction: Some(Direction::Up), ..Request::default() };
    let result = bench.run(scratch, &|context| adapter.plan(context, &request));
    Sent { statements: bench.trace.take(), stopped: result.err() }
}
