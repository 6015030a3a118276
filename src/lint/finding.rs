//! What a rule finds.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use super::{Expected, Fix};
use crate::ddl::{Effect, Work};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// Advice.
    Note,
    /// Shown, and nothing more.
    Warning,
    /// Fails `lint`, and stops `up`.
    #[default]
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule's id, or `plugin/rule`.
    pub rule: String,
    /// How bad it is here.
    pub severity: Severity,
    /// The migration.
    pub migration: String,
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; 0 where there is none.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The part that is meant, in bytes of the statement; empty for the whole.
    pub span: Range<usize>,
    /// The statement's text; empty for the migration as a whole.
    pub statement: String,
    /// What happens, in a sentence or two.
    pub message: String,
    /// What the server does.
    pub effects: Vec<Effect>,
    /// What is known of the size: `2,100,000 rows, 310 MB`.
    pub size: Option<String>,
    /// How long it takes, where that was measured.
    pub time: Option<Time>,
    /// The safe form.
    pub advice: String,
    /// The safe form as statements.
    pub fix: Option<Fix>,
}

/// How long the work of a finding takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// What costs the time.
    pub work: Work,
    /// It may take less, as only some of the rows are meant.
    pub is_most: bool,
    /// For the whole table.
    pub expected: Expected,
}
