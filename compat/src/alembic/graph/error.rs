//! What Alembic says when the graph or an identifier is wrong.

use std::fmt;

use thiserror::Error;

/// Alembic's `RevisionError` and its kinds, and where Alembic itself would break down.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// `RangeNotAncestorError`. The ends are as Python writes them.
    #[error("Revision {lower} is not an ancestor of revision {upper}")]
    RangeNotAncestor {
        /// The lower end; `None` is the base.
        lower: String,
        /// The upper end.
        upper: String,
    },
    /// `MultipleHeads`.
    #[error("Multiple heads are present for given argument '{argument}'; {}", heads.join(", "))]
    MultipleHeads {
        /// The ids of the heads.
        heads: Vec<String>,
        /// What stands for them all.
        argument: String,
    },
    /// `ResolutionError`: an identifier that leads to no revision, or to several.
    #[error("{message}")]
    Resolution {
        /// The message.
        message: String,
        /// The part of the identifier that is wrong.
        argument: String,
    },
    /// `CycleDetected` and its kinds.
    #[error("{kind} is detected in revisions ({})", revisions.join(", "))]
    Cycle {
        /// Which kind.
        kind: CycleKind,
        /// The ids of the revisions in it.
        revisions: Vec<String>,
    },
    /// Any other `RevisionError`.
    #[error("{0}")]
    Other(String),
    /// Alembic ends with a traceback here.
    #[error(transparent)]
    Crash(#[from] Crash),
}

/// Which kind of cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CycleKind {
    /// Of down revisions.
    Cycle,
    /// Of down revisions and dependencies.
    DependencyCycle,
    /// A revision that is its own down revision.
    SelfLoop,
    /// A revision that depends on itself.
    DependencySelfLoop,
}

impl fmt::Display for CycleKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            CycleKind::Cycle => "Cycle",
            CycleKind::DependencyCycle => "Dependency cycle",
            CycleKind::SelfLoop => "Self-loop",
            CycleKind::DependencySelfLoop => "Dependency self-loop",
        })
    }
}

/// Input on which Alembic ends with a Python traceback instead of a message. The text is ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Crash {
    /// What is wrong with the input.
    pub message: String,
}

impl Crash {
    /// Says what is wrong.
    pub fn new(message: impl Into<String>) -> Crash {
        Crash { message: message.into() }
    }
}
