//! What Alembic itself leaves on each server, walked once for all tests of this program.

use std::sync::{Arc, Mutex};

use crate::runner::{Alembic, Command};
use crate::stage::Stage;
use crate::support::{Need, ServerKind, needs};
use crate::walk::{Trace, walk, whole};

/// Alembic's walk over the whole history.
pub struct Oracle {
    pub commands: Vec<Command>,
    /// How many of the commands go up one by one; as many follow that go down.
    pub revisions: usize,
    pub traces: Vec<Trace>,
}

/// One for each server, in the order of `ServerKind::ALL`.
static WALKED: [Mutex<Option<Arc<Oracle>>>; 4] = [const { Mutex::new(None) }; 4];

/// `None` when the server or Alembic is not there, with the skip printed and counted.
pub fn oracle(kind: ServerKind) -> Option<Arc<Oracle>> {
    if !needs(&[Need::Alembic]) {
        return None;
    }
    let place = ServerKind::ALL.iter().position(|each| *each == kind).unwrap();
    // Whoever comes second waits for the first; one that failed is walked again, for its message.
    let mut walked = WALKED[place].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(oracle) = &*walked {
        return Some(Arc::clone(oracle));
    }
    let stage = Stage::new(kind)?;
    let mut alembic = Alembic::start(&stage);
    let steps = alembic.steps(&stage);
    let commands = whole(&steps);
    let traces = walk(&stage, &commands, &mut [&mut alembic], |_| 0);
    let oracle = Arc::new(Oracle { commands, revisions: steps.up.len(), traces });
    *walked = Some(Arc::clone(&oracle));
    Some(oracle)
}
