//! One revision as its file declares it.

use std::path::PathBuf;

/// What a revision file says about itself. Identifiers are as written: `down_revision` and `depends_on` may be partial
/// or, the latter, branch labels; the graph resolves them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The module's `revision`.
    pub id: String,
    /// `down_revision`: none for a base, several for a merge.
    pub down_revisions: Vec<String>,
    /// `depends_on`.
    pub depends_on: Vec<String>,
    /// `branch_labels`.
    pub branch_labels: Vec<String>,
    /// The module's docstring as Alembic keeps it; empty when there is none.
    pub docstring: String,
    /// The file.
    pub path: PathBuf,
    /// The file's text.
    pub source: String,
    /// Which of the version locations it was found in, from 0.
    pub location: usize,
}
