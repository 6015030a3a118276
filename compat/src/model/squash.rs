//! Old migrations replaced by one baseline: what is replaced, and what is written in its place.

use std::path::PathBuf;

/// Migrations that one baseline is to stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SquashScope {
    /// The id of the last of them, which the baseline has too.
    pub to: String,
    /// The last of them, as messages name it.
    pub title: String,
    /// The ids of all that may run on the way to it from an empty database, in order.
    pub ids: Vec<String>,
    /// The files that go.
    pub files: Vec<PathBuf>,
    /// Whether the baseline says how it is taken back.
    pub with_down: bool,
    /// Whether the files may as well stay where they are.
    pub may_stay: bool,
    /// Whether the files stay unless the user says otherwise, and why.
    pub stays: Option<String>,
    /// Whether new databases begin with a schema file, which then is the baseline.
    pub schema_file: bool,
    /// Codes of problems that the absence of the files brings and that the tool leaves alone.
    pub harmless: Vec<String>,
}

/// What gives a schema with its rows, as SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaselineSql {
    /// The statements that make everything, in order, without delimiters.
    pub up: Vec<String>,
    /// The same as a script for the server's own client.
    pub up_script: String,
    /// The statements that drop everything; `None` where none are known to.
    pub down: Option<Vec<String>>,
    /// The same as a script.
    pub down_script: String,
}

/// A project's files that are new.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SquashFiles {
    /// Path and text.
    pub files: Vec<(PathBuf, String)>,
    /// Whether they take the place of files of their names, which hold nothing else.
    pub replaces: bool,
    /// What the user should know.
    pub notes: Vec<String>,
}
