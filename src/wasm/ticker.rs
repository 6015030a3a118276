//! The clock that interrupts guests: a thread that advances an engine's epoch while a guest runs.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use wasmtime::Engine;

/// How often a running guest is asked whether its time is over, which bounds how late it can be interrupted.
const INTERVAL: Duration = Duration::from_millis(5);

/// Advances the epoch of one engine while at least one [`Running`] exists; sleeps otherwise.
#[derive(Debug)]
pub struct Ticker {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    closed: bool,
}

impl Shared {
    // A panic elsewhere cannot leave a count and a flag half-changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticker {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread. A guest without a clock could not be stopped, so there is none.
    pub fn start(engine: &Engine) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        let engine = engine.weak();
        let clock = Arc::clone(&shared);
        thread::Builder::new().name("wasm-clock".to_owned()).spawn(move || {
            loop {
                let state = clock.lock();
                let state = clock
                    .changed
                    .wait_while(state, |state| state.running == 0 && !state.closed)
                    .unwrap_or_else(PoisonError::into_inner);
                if state.closed {
                    return;
                }
                drop(state);
                thread::sleep(INTERVAL);
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        })?;
        Ok(Ticker { shared })
    }

    /// Keeps the clock going until the value is dropped.
    pub fn run(&self) -> Running<'_> {
        self.shared.lock().running += 1;
        self.shared.changed.notify_one();
        Running(&self.shared)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
    }
}

/// A call in progress.
#[derive(Debug)]
pub struct Running<'a>(&'a Shared);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
    }
}
