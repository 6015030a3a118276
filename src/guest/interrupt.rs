//! Stopping a guest from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A request to stop, which every carrier looks at while it waits for its guest. Clones are one request.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    raised: AtomicBool,
    watched: AtomicUsize,
}

impl Interrupt {
    /// Asks every guest that has a clone to stop; from any thread.
    pub fn raise(&self) {
        self.0.raised.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::SeqCst)
    }

    /// Whether a guest is at work, which would notice.
    pub fn is_watched(&self) -> bool {
        self.0.watched.load(Ordering::SeqCst) > 0
    }

    /// A guest is at work until what this gives is dropped.
    pub(super) fn watch(&self) -> Watched {
        self.0.watched.fetch_add(1, Ordering::SeqCst);
        Watched(Arc::clone(&self.0))
    }
}

/// See [`Interrupt::watch`].
pub(super) struct Watched(Arc<Shared>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.watched.fetch_sub(1, Ordering::SeqCst);
    }
}
