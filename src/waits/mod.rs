//! Who waits for a run while it goes, and for whom it waits: seen from a second session. Where somebody waits longer than is
//! allowed, what the run is doing is cancelled, and the engine tries it again later, as after a lock time-out.

mod query;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::db::{Connection, DbError, DbErrorKind, Watch, watched};
use query::Look;

/// Another session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The server's id of it.
    pub id: i64,
    /// Its program or user.
    pub name: String,
    /// What it does, in the server's words.
    pub state: String,
    /// Its statement, on one line.
    pub query: String,
    /// How long it has waited; of one that holds a lock, how long it has been at it.
    pub milliseconds: u64,
}

/// What is told while a run goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitEvent {
    /// Sessions that wait for the run, the longest first; empty: nobody does any more.
    Waiting(Vec<Session>),
    /// Sessions for which the run waits.
    Holding(Vec<Session>),
    /// The run stood back for this session.
    StoodBack(Session),
}

/// What was seen in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitReport {
    /// How many sessions waited for the run.
    pub sessions: usize,
    /// The longest wait that was seen.
    pub longest: Duration,
    /// How often the run stood back.
    pub stood_back: u32,
}

/// Watches the sessions of a run.
pub struct Waits {
    shared: Arc<Shared>,
    limit: Option<Duration>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    ours: BTreeSet<i64>,
    /// Sessions of ours whose statement was cancelled, with who waited.
    cancelled: BTreeMap<i64, Session>,
    over: bool,
    seen: BTreeSet<i64>,
    report: WaitReport,
}

impl Waits {
    /// `limit`: how long others may wait for the run before it stands back.
    pub fn new(limit: Option<Duration>) -> Waits {
        Waits { shared: Arc::default(), limit, thread: None }
    }

    /// A session of the run.
    pub fn watched(&self, connection: Box<dyn Connection>) -> Box<dyn Connection> {
        let session = connection.server().session_id;
        self.shared.lock().ours.insert(session);
        watched(connection, Box::new(Member { shared: Arc::clone(&self.shared), session }))
    }

    /// Begins to look, from a session of its own; it ends with [`Waits::stop`].
    pub fn start(&mut self, connection: Box<dyn Connection>, tell: Box<dyn Fn(WaitEvent) + Send>) {
        if self.thread.is_some() {
            return;
        }
        let (shared, limit) = (Arc::clone(&self.shared), self.limit);
        let watch = move || watch(&shared, connection, limit, tell.as_ref());
        // Without it, the run goes on unwatched.
        self.thread = std::thread::Builder::new().name("waits".to_owned()).spawn(watch).ok();
    }

    /// Ends the looking, and tells what was seen.
    pub fn stop(&mut self) -> WaitReport {
        self.shared.lock().over = true;
        self.shared.ended.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.shared.lock().report.clone()
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session of ours, watched from the inside.
struct Member {
    shared: Arc<Shared>,
    session: i64,
}

impl Watch for Member {
    /// Between two statements there is nothing that the server could cancel: then the next one is not sent, so that the transaction
    /// ends and gives its locks back.
    fn before(&mut self, connection: &mut dyn Connection, sql: &str) -> Result<(), DbError> {
        let Some(session) = self.shared.lock().cancelled.remove(&self.session) else { return Ok(()) };
        let word = crate::sql::first_word(sql, connection.server().dialect);
        let ends = matches!(word.as_str(), "COMMIT" | "ROLLBACK" | "END" | "ABORT");
        if ends || !connection.in_transaction().unwrap_or(false) {
            return Ok(());
        }
        Err(stood_back(&session))
    }

    fn after(&mut self, _connection: &mut dyn Connection, _sql: &str, done: bool, _elapsed: Duration) {
        if done {
            // It was over before it could be cancelled.
            self.shared.lock().cancelled.remove(&self.session);
        }
    }

    /// What was cancelled for somebody is tried again like what did not get its lock.
    fn told(&mut self, error: DbError) -> DbError {
        let Some(session) = self.shared.lock().cancelled.remove(&self.session) else { return error };
        // PostgreSQL's query_canceled, MySQL's and MariaDB's ER_QUERY_INTERRUPTED.
        if error.sqlstate.as_deref() != Some("57014") && error.code != Some(1317) {
            return error;
        }
        stood_back(&session)
    }
}

fn stood_back(session: &Session) -> DbError {
    let seconds = Duration::from_millis(session.milliseconds).as_secs_f64();
    DbError::new(
        DbErrorKind::LockTimeout,
        format!("stood back for {} which had waited {seconds:.1} s", session.title()),
    )
}

impl Drop for Member {
    fn drop(&mut self) {
        self.shared.lock().ours.remove(&self.session);
    }
}

impl Session {
    /// `session 4711 (shop)`
    pub fn title(&self) -> String {
        if self.name.is_empty() {
            format!("session {}", self.id)
        } else {
            format!("session {} ({})", self.id, self.name)
        }
    }
}

fn watch(
    shared: &Shared,
    mut connection: Box<dyn Connection>,
    limit: Option<Duration>,
    tell: &(dyn Fn(WaitEvent) + Send),
) {
    let pause = limit.map_or(Duration::from_millis(500), |limit| {
        (limit / 8).clamp(Duration::from_millis(25), Duration::from_millis(250))
    });
    let mut last = Look::default();
    loop {
        let ours: Vec<i64> = {
            let state = shared.lock();
            let (state, _) = shared
                .ended
                .wait_timeout_while(state, pause, |state| !state.over)
                .unwrap_or_else(PoisonError::into_inner);
            if state.over {
                return;
            }
            state.ours.iter().copied().collect()
        };
        if ours.is_empty() {
            continue;
        }
        // A server that does not tell, or a connection that is lost: the run goes on unwatched.
        let Ok(look) = query::look(connection.as_mut(), &ours) else { return };
        note(shared, &look);
        let changed = |one: &[Session], other: &[Session]| {
            one.iter().map(|session| session.id).ne(other.iter().map(|session| session.id))
        };
        let waiting =
            |look: &Look| look.waiting.iter().map(|(session, _)| session.clone()).collect::<Vec<Session>>();
        if !look.waiting.is_empty() || changed(&waiting(&look), &waiting(&last)) {
            tell(WaitEvent::Waiting(waiting(&look)));
        }
        if !look.holding.is_empty() && changed(&look.holding, &last.holding) {
            tell(WaitEvent::Holding(look.holding.clone()));
        }
        if let Some(limit) = limit
            && let Some((session, of)) = look.waiting.first()
            && Duration::from_millis(session.milliseconds) >= limit
        {
            let of = if *of == 0 { ours.first().copied().unwrap_or(0) } else { *of };
            {
                let mut state = shared.lock();
                if state.cancelled.contains_key(&of) {
                    // It is on its way already.
                    continue;
                }
                state.cancelled.insert(of, session.clone());
            }
            if query::cancel(connection.as_mut(), of).is_ok() {
                shared.lock().report.stood_back += 1;
                tell(WaitEvent::StoodBack(session.clone()));
            } else {
                shared.lock().cancelled.remove(&of);
            }
        }
        last = look;
    }
}

fn note(shared: &Shared, look: &Look) {
    let mut state = shared.lock();
    for (session, _) in &look.waiting {
        state.seen.insert(session.id);
        let waited = Duration::from_millis(session.milliseconds);
        state.report.longest = state.report.longest.max(waited);
    }
    state.report.sessions = state.seen.len();
}
