//! What Alembic itself leaves on each server, walked once for all tests of this program.

use std::sync::{Arc, Mutex};

use crate::runner::{Alembic, Command};
use crate::stage::Stage;
use crate::support::{Need, ServerKind, needs};
use crate::walk::{Pace, Trace, walk, whole};

/// Alembic's walk over the whole history.
pub struct Oracle {
    pub pace: Pace,
    pub commands: Vec<Command>,
    /// How many of the commands are on the first way up.
    pub ups: usize,
    /// How many revisions there are.
    pub revisions: usize,
    pub traces: Vec<Trace>,
}

/// One for each server, in the order of `ServerKind::ALL`, at each pace.
static WALKED: [Mutex<Option<Arc<Oracle>>>; 8] = [const { Mutex::new(None) }; 8];

/// `None` when the server or Alembic is not there, with the skip printed and counted.
pub fn oracle(kind: ServerKind) -> Option<Arc<Oracle>> {
    oracle_at(kind, Pace::asked())
}

/// The same at a pace.
pub fn oracle_at(kind: ServerKind, pace: Pace) -> Option<Arc<Oracle>> {
    if !needs(&[Need::Alembic]) {
        return None;
    }
    let place = ServerKind::ALL.iter().position(|each| *each == kind).unwrap();
    // Whoever comes second waits for the first; one that failed is walked again, for its message.
    let mut walked = WALKED[place * 2 + usize::from(pace == Pace::Quick)]
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(oracle) = &*walked {
        return Some(Arc::clone(oracle));
    }
    let stage = Stage::new(kind)?;
    let mut alembic = Alembic::start(&stage);
    let steps = alembic.steps(&stage);
    let (commands, ups) = whole(&steps, pace);
    let traces = walk(&stage, pace, &commands, &mut [&mut alembic], |_| 0);
    let oracle = Arc::new(Oracle { pace, commands, ups, revisions: steps.up.len(), traces });
    *walked = Some(Arc::clone(&oracle));
    Some(oracle)
}
