//! Why migrations are not replaced.

use std::path::PathBuf;

use dunlin_compat::model::{AdapterError, Problem};

use crate::db::DbError;
use crate::engine::RunError;
use crate::schema::SchemaError;
use crate::scratch::ScratchError;
use crate::verify::{Changed, VerifyError};

/// An error of replacing migrations. Nothing has been written unless it says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SquashError {
    /// A scratch database, or what runs on it.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The adapter refuses.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// A replaced migration fails on the scratch database.
    #[error("running the old migrations on a scratch database: {0}")]
    Replay(#[source] Box<RunError>),
    /// The baseline fails on the scratch database.
    #[error("the baseline does not run on an empty database: {0}")]
    Baseline(#[source] Box<RunError>),
    /// What was made cannot be read.
    #[error("reading what the old migrations made: {0}")]
    Read(#[source] DbError),
    /// A program of the server fails or is not there.
    #[error("{message}")]
    Program {
        /// What it said.
        message: String,
        /// The way out.
        advice: String,
    },
    /// What the old migrations made cannot be written down.
    #[error("{0}")]
    Unwritable(String),
    /// Too many rows for a script.
    #[error(
        "the old migrations put {count} rows into {tables}: a baseline holds at most {}",
        super::MOST_ROWS
    )]
    TooManyRows {
        /// How many.
        count: u64,
        /// The tables with most.
        tables: String,
    },
    /// The baseline does not give what the old migrations gave.
    #[error("the baseline does not give what the old migrations gave")]
    Differs(Box<Changed>),
    /// A migration that is to be replaced has yet to be applied here, or was not applied as it is.
    #[error("{title} is {state} on this database, so it cannot be replaced")]
    NotApplied {
        /// Which.
        title: String,
        /// The tool's word for its state.
        state: String,
        /// Whether it has yet to be applied; otherwise it was, in another form.
        pending: bool,
    },
    /// The project would not fit the history any more.
    #[error("the history of this database would not fit the project any more")]
    Unfit {
        /// Why.
        problems: Vec<Problem>,
        /// The way out.
        advice: Option<String>,
    },
    /// Other migrations would be pending.
    #[error("other migrations would be pending than now: {}", titles.join(", "))]
    Pending {
        /// Which.
        titles: Vec<String>,
    },
    /// Another file lies where a new one is to be.
    #[error("{} is there already, and the baseline would overwrite it", path.display())]
    Occupied {
        /// Which.
        path: PathBuf,
    },
    /// A file cannot be written, read or moved.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

impl From<SchemaError> for SquashError {
    fn from(error: SchemaError) -> SquashError {
        SquashError::Verify(VerifyError::Schema(error))
    }
}

impl From<ScratchError> for SquashError {
    fn from(error: ScratchError) -> SquashError {
        SquashError::Verify(VerifyError::Scratch(error))
    }
}

impl From<RunError> for SquashError {
    fn from(error: RunError) -> SquashError {
        SquashError::Verify(VerifyError::from(error))
    }
}

impl SquashError {
    /// The way out.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            SquashError::Program { advice, .. } => advice.clone(),
            SquashError::TooManyRows { .. } => {
                "Rows of this number are loaded better by a program of their own: take what loads them out of the old \
                 migrations, or squash up to the migration before it with --to."
                    .to_owned()
            }
            SquashError::Differs(_) => {
                "Nothing was written. What differs is something that a baseline cannot say; please report it.".to_owned()
            }
            SquashError::NotApplied { pending: true, .. } => {
                "Apply it first, or replace only what comes before it with --to.".to_owned()
            }
            SquashError::NotApplied { .. } => {
                "Have history and files fit each other first: `dunlin validate` says what is wrong.".to_owned()
            }
            SquashError::Unfit { advice, .. } => return advice.clone(),
            SquashError::Occupied { .. } => {
                "Nothing was written. Give the baseline another name with --name, or move that file away.".to_owned()
            }
            _ => return None,
        })
    }
}
