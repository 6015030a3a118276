//! What a rule finds.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use super::Fix;
use crate::ddl::Effect;

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
    /// What is known of the size: `2.1 million rows, 310 MB; about 4 s`.
    pub size: Option<String>,
    /// The safe form.
    pub advice: String,
    /// The safe form as statements.
    pub fix: Option<Fix>,
}
