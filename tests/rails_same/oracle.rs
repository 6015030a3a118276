//! What ActiveRecord itself leaves on each server, walked once for all tests of this program.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::support::{Aspect, Need, Pace, RailsAdapter, RailsStage, Trace, needs, same_traces};
use crate::walk::{commands, walk};

/// ActiveRecord's walk over the whole history.
pub struct Oracle {
    pub commands: Vec<String>,
    pub traces: Vec<Trace>,
}

type Walks = BTreeMap<String, Arc<Mutex<Option<Arc<Oracle>>>>>;

static WALKED: Mutex<Walks> = Mutex::new(BTreeMap::new());

/// `None` when the server or Ruby is not there, with the skip printed and counted.
pub fn oracle(adapter: RailsAdapter, release: &str, pace: Pace) -> Option<Arc<Oracle>> {
    if !needs(&[Need::Ruby]) {
        return None;
    }
    let key = format!("{adapter:?} {release} {pace:?}");
    let place = {
        let mut walked = WALKED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        Arc::clone(walked.entry(key).or_default())
    };
    // Whoever comes second waits for the first; one that failed is walked again, for its message.
    let mut place = place.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(oracle) = &*place {
        return Some(Arc::clone(oracle));
    }
    let stage = clinic(adapter, release)?;
    let commands = commands(&stage, pace);
    let traces = walk(&stage, &commands, |arguments| stage.rails(arguments));
    let oracle = Arc::new(Oracle { commands, traces });
    *place = Some(Arc::clone(&oracle));
    Some(oracle)
}

/// The clinic on a database of its own.
pub fn clinic(adapter: RailsAdapter, release: &str) -> Option<RailsStage> {
    RailsStage::of("rails/clinic", adapter, release)
}

/// That the measure itself is firm, and that it measures something: ActiveRecord against itself is equal, and migrations are
/// seen.
#[test]
fn activerecord_is_as_activerecord() {
    let adapter = RailsAdapter::POSTGRES;
    let Some(oracle) = oracle(adapter, "7.2", Pace::Quick) else { return };
    let Some(stage) = clinic(adapter, "7.2") else { return };
    let found = walk(&stage, &oracle.commands, |arguments| stage.rails(arguments));
    same_traces("ActiveRecord again", &oracle.traces, &found);
    let statements: usize = oracle.traces.iter().map(|trace| trace.lines(Aspect::Statements).len()).sum();
    assert!(statements > 400, "{statements} statements");
    let last = oracle.traces.last().unwrap();
    assert!(last.lines(Aspect::History).len() > 55, "{:?}", last.lines(Aspect::History));
    assert!(last.lines(Aspect::Schema).len() > 200, "{:?}", last.lines(Aspect::Schema));
}
