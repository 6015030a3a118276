//! How the command line words what is wrong: Alembic's `CommandError`, which it prints behind `FAILED: `.

use thiserror::Error;

use crate::alembic::graph::{Crash, GraphError};
use crate::alembic::traversal::End;

/// Why a command fails.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// Alembic says this.
    #[error("{0}")]
    Failed(String),
    /// Alembic ends with a traceback, and we say this.
    #[error(transparent)]
    Crash(#[from] Crash),
}

/// What a command says for errors that have to do with its arguments. After `_catch_revision_errors` of
/// `alembic/script/base.py`.
#[derive(Debug, Default, Clone, Copy)]
struct Words<'a> {
    ancestor: Option<&'a str>,
    multiple_heads: Option<&'a str>,
    start: Option<&'a str>,
    end: Option<&'a str>,
}

impl CommandError {
    /// Of `upgrade`.
    pub fn of_upgrade(error: GraphError, destination: &str) -> CommandError {
        let ancestor =
            format!("Destination {destination} is not a valid upgrade target from current head(s)");
        words(error, Words { ancestor: Some(&ancestor), end: Some(destination), ..Words::default() })
    }

    /// Of `downgrade`.
    pub fn of_downgrade(error: GraphError, destination: &str) -> CommandError {
        let ancestor =
            format!("Destination {destination} is not a valid downgrade target from current head(s)");
        words(error, Words { ancestor: Some(&ancestor), end: Some(destination), ..Words::default() })
    }

    /// Of `stamp`.
    pub fn of_stamp(error: GraphError) -> CommandError {
        let multiple_heads = "Multiple heads are present; please specify a single target revision";
        words(error, Words { multiple_heads: Some(multiple_heads), ..Words::default() })
    }

    /// Of `history` and what else walks through a range.
    pub fn of_range(error: GraphError, lower: End<'_>, upper: End<'_>) -> CommandError {
        let (start, end) = (lower.to_string(), upper.to_string());
        words(error, Words { start: Some(&start), end: Some(&end), ..Words::default() })
    }

    /// Of `revision` and `merge`, looking for the heads to go on from.
    pub fn of_new_revision(error: GraphError) -> CommandError {
        let multiple_heads = "Multiple heads are present; please specify the head revision on which the new revision \
                              should be based, or perform a merge.";
        words(error, Words { multiple_heads: Some(multiple_heads), ..Words::default() })
    }

    /// Of any other lookup.
    pub fn of_lookup(error: GraphError) -> CommandError {
        words(error, Words::default())
    }
}

fn words(error: GraphError, words: Words<'_>) -> CommandError {
    CommandError::Failed(match error {
        GraphError::Crash(crash) => return CommandError::Crash(crash),
        GraphError::RangeNotAncestor { lower, upper } => match words.ancestor {
            Some(ancestor) => ancestor.to_owned(),
            None => format!(
                "Requested range {}:{} does not refer to ancestor/descendant revisions along the same branch",
                words.start.unwrap_or(&lower),
                words.end.unwrap_or(&upper)
            ),
        },
        GraphError::MultipleHeads { argument, .. } => match words.multiple_heads {
            Some(multiple_heads) => multiple_heads.to_owned(),
            None => {
                let argument = words.end.unwrap_or(&argument);
                format!(
                    "Multiple head revisions are present for given argument '{argument}'; please specify a specific \
                     target revision, '<branchname>@{argument}' to narrow to a specific head, or 'heads' for all heads"
                )
            }
        },
        GraphError::Resolution { argument, .. } => {
            format!("Can't locate revision identified by '{argument}'")
        }
        error => error.to_string(),
    })
}
