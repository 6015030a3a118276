//! Why a backfill stops.

use crate::db::DbError;
use crate::plugin::PluginError;

/// Why a backfill stopped. The chunks before stay done, and the next run goes on behind them.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BackfillError {
    /// It cannot be run as it is. No row was changed.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: String,
        /// The way out.
        advice: String,
    },
    /// The server cannot be reached or refused something of ours.
    #[error("{doing}: {error}")]
    Server {
        /// What was being done.
        doing: String,
        /// What the server said.
        error: DbError,
    },
    /// The work on a chunk failed in a way that no single row is to blame for.
    #[error("{error}")]
    Chunk {
        /// The first and last key.
        rows: String,
        /// What the server said.
        error: DbError,
    },
    /// More rows failed than may.
    #[error("the row with {row} fails: {message}")]
    Row {
        /// Its key.
        row: String,
        /// Why.
        message: String,
        /// How many rows may fail.
        limit: u64,
    },
    /// A plugin cannot be used, failed, or broke its contract. Of the chunk nothing is written.
    #[error("{reason}")]
    Plugin {
        /// Plugin, row and column with what happened.
        reason: String,
        /// The way out.
        advice: Option<String>,
    },
    /// The condition at the end does not hold.
    #[error("{reason}")]
    Condition {
        /// Which, and what was seen.
        reason: String,
        /// The way out.
        advice: String,
    },
    /// Somebody cancelled it.
    #[error("the backfill {name} was cancelled")]
    Cancelled {
        /// Its name.
        name: String,
    },
}

impl BackfillError {
    /// A refusal with the way out.
    pub fn refused(reason: impl Into<String>, advice: impl Into<String>) -> BackfillError {
        BackfillError::Refused { reason: reason.into(), advice: advice.into() }
    }

    /// Wraps what a server said with what was being done.
    pub fn server(doing: impl Into<String>) -> impl FnOnce(DbError) -> BackfillError {
        let doing = doing.into();
        move |error| BackfillError::Server { doing, error }
    }

    /// What to do, as a sentence.
    pub fn advice(&self) -> Option<String> {
        match self {
            BackfillError::Refused { advice, .. } | BackfillError::Condition { advice, .. } => Some(advice.clone()),
            BackfillError::Row { limit: 0, .. } => Some(
                "Correct the row or the statement and run it again; or let some rows fail with quarantine=N. What is done \
                 stays done."
                    .to_owned(),
            ),
            BackfillError::Row { limit, .. } => Some(format!(
                "{limit} rows are in the quarantine already, as many as may. `dunlin backfill status NAME` lists them; \
                 raise quarantine=N to go on."
            )),
            BackfillError::Chunk { .. } => Some("What is done stays done; the next run goes on behind it.".to_owned()),
            BackfillError::Plugin { advice, .. } => advice.clone(),
            BackfillError::Server { error, .. } => error.hint.clone(),
            BackfillError::Cancelled { .. } => Some("Run again, it begins from the first row.".to_owned()),
        }
    }

    /// What the server said, if it did.
    pub fn db_error(&self) -> Option<&DbError> {
        match self {
            BackfillError::Server { error, .. } | BackfillError::Chunk { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl From<PluginError> for BackfillError {
    fn from(error: PluginError) -> BackfillError {
        BackfillError::Plugin { reason: error.to_string(), advice: error.advice() }
    }
}
