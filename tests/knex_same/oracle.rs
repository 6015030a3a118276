//! What Knex itself leaves on each server, walked once for all tests of this program.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::support::{Aspect, Client, KnexStage, Need, Pace, Trace, Version, needs, same_traces};
use crate::walk::{commands, walk};

/// Knex' walk over the whole history.
pub struct Oracle {
    pub commands: Vec<String>,
    pub traces: Vec<Trace>,
}

type Walks = BTreeMap<String, Arc<Mutex<Option<Arc<Oracle>>>>>;

static WALKED: Mutex<Walks> = Mutex::new(BTreeMap::new());

/// `None` when the server or Knex is not there, with the skip printed and counted.
pub fn oracle(client: Client, version: Version, pace: Pace) -> Option<Arc<Oracle>> {
    if !needs(&[Need::Knex]) {
        return None;
    }
    let key = format!("{client:?} {version:?} {pace:?}");
    let place = {
        let mut walked = WALKED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        Arc::clone(walked.entry(key).or_default())
    };
    // Whoever comes second waits for the first; one that failed is walked again, for its message.
    let mut place = place.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(oracle) = &*place {
        return Some(Arc::clone(oracle));
    }
    let stage = shop(client, version)?;
    let commands = commands(&stage, version, pace);
    let traces = walk(&stage, &commands, |_, arguments| stage.knex(arguments));
    let oracle = Arc::new(Oracle { commands, traces });
    *place = Some(Arc::clone(&oracle));
    Some(oracle)
}

/// The shop on a database of its own.
pub fn shop(client: Client, version: Version) -> Option<KnexStage> {
    KnexStage::of("shop", client, version)
}

/// That the measure itself is firm, and that it measures something: Knex against Knex is equal, and migrations are seen.
#[test]
fn knex_is_as_knex() {
    let Some(oracle) = oracle(Client::PG, Version::Three, Pace::Quick) else { return };
    let Some(stage) = shop(Client::PG, Version::Three) else { return };
    let found = walk(&stage, &oracle.commands, |_, arguments| stage.knex(arguments));
    same_traces("Knex again", &oracle.traces, &found);
    let statements: usize = oracle.traces.iter().map(|trace| trace.lines(Aspect::Statements).len()).sum();
    assert!(statements > 500, "{statements} statements");
    let last = oracle.traces.last().unwrap();
    let history = last.lines(Aspect::History);
    assert!(history.len() > 50, "{history:?}");
}
