//! Who waits for a run and for whom it waits, shown beside its progress.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::progress::{Line, Progress};
use crate::db::{Connection, DbError};
use crate::engine::{Event, Observer};
use crate::waits::{Session, WaitEvent, Waits};

/// Unasked, only who waits as long as this is told of.
const LONG: Duration = Duration::from_secs(2);
/// How often a session that goes on waiting is told of.
const AGAIN: Duration = Duration::from_secs(1);

/// Progress whose run is watched once it is known that there is something to do.
pub struct WatchedProgress<'w, O> {
    progress: Progress,
    waits: &'w RefCell<Waits>,
    live: bool,
    open: O,
}

impl<'w, O: Fn() -> Result<Box<dyn Connection>, DbError>> WatchedProgress<'w, O> {
    /// `open` opens the session that looks.
    pub fn new(progress: Progress, waits: &'w RefCell<Waits>, live: bool, open: O) -> WatchedProgress<'w, O> {
        WatchedProgress { progress, waits, live, open }
    }

    /// Ends the display.
    pub fn finish(&self) {
        self.progress.finish();
    }
}

impl<O: Fn() -> Result<Box<dyn Connection>, DbError>> Observer for WatchedProgress<'_, O> {
    fn event(&mut self, event: Event<'_>) {
        let begins = matches!(event, Event::Planned { migrations, .. } if migrations > 0);
        self.progress.event(event);
        if !begins {
            return;
        }
        // Where no second session can be had, the run goes on unwatched.
        let Ok(connection) = (self.open)() else { return };
        if connection.server().dialect == dunlin_compat::model::Dialect::Sqlite {
            return;
        }
        let told = Told { line: self.progress.lines(), live: self.live, last: Mutex::default() };
        self.waits.borrow_mut().start(connection, Box::new(move |event| told.event(event)));
    }
}

struct Told {
    line: Line,
    live: bool,
    /// When each session was last told of.
    last: Mutex<BTreeMap<i64, Instant>>,
}

impl Told {
    fn event(&self, event: WaitEvent) {
        match event {
            WaitEvent::Waiting(sessions) => {
                for session in &sessions {
                    let waited = Duration::from_millis(session.milliseconds);
                    if (self.live || waited >= LONG) && self.is_due(session) {
                        let seconds = waited.as_secs_f64();
                        self.line.say(&format!(
                            "{} has waited {seconds:.1} s for this run{}",
                            session.title(),
                            query(session)
                        ));
                    }
                }
            }
            WaitEvent::Holding(sessions) if self.live => {
                for session in &sessions {
                    let state =
                        if session.state.is_empty() { String::new() } else { format!(", {}", session.state) };
                    self.line.say(&format!(
                        "this run waits for {}{state}{}",
                        session.title(),
                        query(session)
                    ));
                }
            }
            WaitEvent::Holding(_) => {}
            // The retry that follows says it.
            WaitEvent::StoodBack(_) => {}
        }
    }

    fn is_due(&self, session: &Session) -> bool {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Instant::now();
        if last.get(&session.id).is_some_and(|before| now.duration_since(*before) < AGAIN) {
            return false;
        }
        last.insert(session.id, now);
        true
    }
}

fn query(session: &Session) -> String {
    if session.query.is_empty() {
        return String::new();
    }
    let shown: String = session.query.chars().take(80).collect();
    format!(": {shown}")
}
