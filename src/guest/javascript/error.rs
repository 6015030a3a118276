//! Why a guest in QuickJS does not start, or ended.

use std::time::Duration;

/// A failure of the sandbox, not of the code in it that is told by a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JavaScriptError {
    /// It cannot be started.
    #[error("QuickJS cannot be started: {reason}")]
    Start {
        /// Why.
        reason: String,
    },
    /// It ended in the middle of a conversation.
    #[error("QuickJS ended unexpectedly: {reason}")]
    Ended {
        /// The last thing that is known.
        reason: String,
    },
    /// It computed for too long without asking anything.
    #[error("the code ran for more than {} s without sending a statement and was stopped", limit.as_secs())]
    OutOfTime {
        /// The limit.
        limit: Duration,
    },
    /// It wanted more memory than it may have.
    #[error("the code needs more than the {} MB of memory that it may have and was stopped", limit >> 20)]
    OutOfMemory {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Somebody asked it to stop.
    #[error("interrupted")]
    Interrupted,
    /// It was told an answer early that was not the answer, and was ended.
    #[error("the code was told another answer than there was")]
    Misled,
}
