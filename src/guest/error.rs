//! Why a guest does not start, or does not do what it was asked.

use std::path::PathBuf;
use std::time::Duration;

use super::protocol::{Failed, LoadProblem};

/// A failure of the way to a guest, or of the guest as a program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CarrierError {
    /// It cannot be started.
    #[error("{carrier} cannot be started: {reason}")]
    Start {
        /// What was to be started.
        carrier: String,
        /// Why, and the way out.
        reason: String,
    },
    /// It ended in the middle of a conversation.
    #[error("{carrier} ended unexpectedly{how}{}", last_words(said))]
    Ended {
        /// What ended.
        carrier: String,
        /// How, with a space in front: ` with exit code 1`, ` by signal 9`; empty when it is not known.
        how: String,
        /// The last lines that it printed.
        said: String,
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
        limit: u64,
    },
    /// The user interrupted the run.
    #[error("interrupted")]
    Interrupted,
}

fn last_words(said: &str) -> String {
    if said.trim().is_empty() { String::new() } else { format!("; it said:\n{}", said.trim_end()) }
}

/// Why a code migration cannot be run, or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// The carrier failed.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// Neither carrier can be had; nothing was sent.
    #[error("{reason}")]
    NoCarrier {
        /// Why, with both ways out.
        reason: String,
    },
    /// Files that the carrier cannot load; nothing was sent.
    #[error("{}", problems_text(problems))]
    CannotLoad {
        /// What, where and why.
        problems: Vec<LoadProblem>,
        /// The way out, where the other carrier is one.
        advice: Option<String>,
    },
    /// The migration's code failed.
    #[error("{}", .0.message)]
    Failed(Box<Failed>),
    /// The guest does not keep to the protocol; a defect of ours, or a migration that wrote into its pipe.
    #[error("the guest sent what the step protocol does not have: {reason}")]
    Protocol {
        /// What it was.
        reason: String,
    },
    /// A file could not be read.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

fn problems_text(problems: &[LoadProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
