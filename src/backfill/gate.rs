//! What workers stop at before each chunk: told to wait, told to end, or going faster than they may.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::steering::Steering;

/// Why workers wait.
#[derive(Debug, Clone, PartialEq)]
pub enum Hold {
    /// `dunlin backfill pause`.
    Paused,
    /// Outside of the hours given.
    Hours,
    /// A replica lags behind by so much.
    Lag(Duration),
    /// So many sessions wait for locks of ours.
    Waiting(u64),
}

impl Hold {
    /// One word, for JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Hold::Paused => "paused",
            Hold::Hours => "hours",
            Hold::Lag(_) => "lag",
            Hold::Waiting(_) => "waiting",
        }
    }
}

/// What the workers of one process share.
#[derive(Debug)]
pub struct Gate {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug)]
struct Inner {
    ended: bool,
    hold: Option<Hold>,
    /// Rows per second that this process may do.
    rate: Option<f64>,
    /// When the next chunk may begin by that rate.
    free_at: Instant,
    steering: Steering,
    /// Since when each session has been in a chunk.
    busy: HashMap<i64, Instant>,
}

impl Gate {
    /// An open gate.
    pub fn new(steering: Steering, rate: Option<u64>) -> Gate {
        let inner = Inner {
            ended: false,
            hold: None,
            rate: rate.map(|rate| rate as f64),
            free_at: Instant::now(),
            steering,
            busy: HashMap::new(),
        };
        Gate { inner: Mutex::new(inner), changed: Condvar::new() }
    }

    /// Waits until the next chunk may begin; false when the workers shall end.
    pub fn pass(&self) -> bool {
        let mut inner = self.lock();
        loop {
            let now = Instant::now();
            if inner.ended {
                return false;
            }
            let wait = match (&inner.hold, inner.free_at > now) {
                (Some(_), _) => Duration::from_secs(1),
                (None, true) => inner.free_at - now,
                (None, false) => return true,
            };
            inner = self.wait(inner, wait);
        }
    }

    /// Waits that long unless the workers shall end; false when they shall.
    pub fn sleep(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut inner = self.lock();
        while !inner.ended {
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                return true;
            };
            inner = self.wait(inner, left);
        }
        false
    }

    /// Ends the workers at their next chunk.
    pub fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Whether they shall end.
    pub fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Makes the workers wait, or go on with `None`. Returns whether that is news.
    pub fn hold(&self, hold: Option<Hold>) -> bool {
        let mut inner = self.lock();
        let word = |hold: &Option<Hold>| hold.as_ref().map(Hold::word);
        let news = word(&inner.hold) != word(&hold);
        if matches!(hold, Some(Hold::Waiting(_))) && news {
            inner.steering.shrink();
        }
        inner.hold = hold;
        drop(inner);
        self.changed.notify_all();
        news
    }

    /// Sets how many rows per second this process may do.
    pub fn set_rate(&self, rate: Option<f64>) {
        self.lock().rate = rate;
    }

    /// How many rows the next chunk may have.
    pub fn chunk_rows(&self) -> u64 {
        let inner = self.lock();
        // A chunk larger than what may be done in a second would make the rate come in bursts.
        let by_rate = inner.rate.map_or(u64::MAX, |rate| (rate as u64).max(1));
        inner.steering.rows().min(by_rate)
    }

    /// A session begins a chunk.
    pub fn begin(&self, session: i64) {
        self.lock().busy.insert(session, Instant::now());
    }

    /// A session ended its chunk, done or not.
    pub fn finish(&self, session: i64) {
        self.lock().busy.remove(&session);
    }

    /// The sessions that have been in a chunk for longer than `limit`.
    pub fn overdue(&self, limit: Duration) -> Vec<i64> {
        let inner = self.lock();
        let busy = inner.busy.iter().filter(|(_, since)| since.elapsed() > limit);
        busy.map(|(session, _)| *session).collect()
    }

    /// The sessions that are in a chunk.
    pub fn sessions(&self) -> Vec<i64> {
        self.lock().busy.keys().copied().collect()
    }

    /// A chunk was done.
    pub fn learn(&self, rows: u64, bytes: u64, elapsed: Duration) {
        let mut inner = self.lock();
        inner.steering.learn(rows, bytes, elapsed);
        if let Some(rate) = inner.rate {
            let now = Instant::now();
            let cost = Duration::try_from_secs_f64(rows as f64 / rate.max(0.001)).unwrap_or(Duration::MAX);
            // The time that the chunk itself took is part of its share.
            let begun = now.checked_sub(elapsed).unwrap_or(now);
            inner.free_at = inner.free_at.max(begun).checked_add(cost).unwrap_or(inner.free_at);
        }
    }

    /// A chunk met a lock, or took too long.
    pub fn shrink(&self) {
        self.lock().steering.shrink();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&'a self, inner: MutexGuard<'a, Inner>, time: Duration) -> MutexGuard<'a, Inner> {
        self.changed.wait_timeout(inner, time).unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn gate(rate: Option<u64>) -> Gate {
        Gate::new(Steering::new(Duration::from_millis(500), None, None), rate)
    }

    #[test]
    fn workers_wait_while_they_are_held_and_end_when_told() {
        let gate = gate(None);
        assert!(gate.pass());
        assert!(gate.hold(Some(Hold::Paused)));
        assert!(!gate.hold(Some(Hold::Paused)), "no news");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.pass());
            assert!(gate.hold(None));
            assert!(waiting.join().unwrap());
            gate.hold(Some(Hold::Hours));
            let waiting = scope.spawn(|| gate.pass());
            gate.end();
            assert!(!waiting.join().unwrap());
        });
    }

    #[test]
    fn a_rate_bounds_the_next_chunk_and_its_beginning() {
        let gate = gate(Some(100));
        assert_eq!(gate.chunk_rows(), 100);
        gate.learn(100, 0, Duration::ZERO);
        let free_in = gate.lock().free_at.saturating_duration_since(Instant::now());
        assert!(free_in > Duration::from_millis(900), "{free_in:?}");
    }

    #[test]
    fn sessions_that_wait_for_us_get_smaller_chunks() {
        let gate = gate(None);
        let before = gate.chunk_rows();
        gate.hold(Some(Hold::Waiting(3)));
        gate.hold(Some(Hold::Waiting(2)));
        assert_eq!(gate.chunk_rows(), before / 2);
    }
}
