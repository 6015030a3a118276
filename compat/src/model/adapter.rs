//! What every tool's adapter offers, and how it refuses.

use std::path::{Path, PathBuf};

use super::history::{Context, History, HistoryQueries, Request, StatusEntry, Unfinished};
use super::plan::{MigrationStep, Plan};
use super::server::{Lock, LockRow, Row, Server};
use super::squash::{BaselineSql, SquashFiles, SquashScope};

/// How SQLite sessions of this tool treat foreign keys outside of rebuilds. Flyway's and others' drivers leave them off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignKeys {
    /// `PRAGMA foreign_keys = ON`.
    Enforced,
    /// `PRAGMA foreign_keys = OFF`, SQLite's own default.
    Off,
}

/// A finding of [`Adapter::validate`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The tool's own code, or ours: `CHECKSUM_MISMATCH`.
    pub code: String,
    /// What is wrong and the way out.
    pub message: String,
    /// The file, if there is one.
    pub path: Option<PathBuf>,
}

/// What takes a migration of the project back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// [`MigrationStep::id`] of both ways.
    pub id: String,
    /// What would run; `None`: there is no way back.
    pub step: Option<MigrationStep>,
}

/// Why a migration cannot be taken back, as far as its file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingDown {
    /// The line that tells it, from 1.
    pub line: usize,
    /// What is missing: `its downgrade does nothing`.
    pub reason: String,
}

/// Why an adapter refuses. Every variant names the file, the reason and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// Something in the project or the request is wrong.
    #[error("{message}")]
    Refused {
        /// The tool's own code or ours, for JSON output: `VALIDATE_ERROR`.
        code: String,
        /// The whole message.
        message: String,
        /// File and line (from 1) it is about.
        place: Option<(PathBuf, usize)>,
        /// What to do.
        advice: Option<String>,
    },
    /// The history does not fit the project.
    #[error("{message}")]
    Invalid {
        /// The message that heads the findings.
        message: String,
        /// The findings.
        problems: Vec<Problem>,
    },
}

impl AdapterError {
    /// A refusal with a code and a message.
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> AdapterError {
        AdapterError::Refused { code: code.into(), message: message.into(), place: None, advice: None }
    }

    /// The same, at a place in a file.
    #[must_use]
    pub fn at(mut self, path: impl Into<PathBuf>, line: usize) -> AdapterError {
        if let AdapterError::Refused { place, .. } = &mut self {
            *place = Some((path.into(), line));
        }
        self
    }

    /// The same, with advice.
    #[must_use]
    pub fn advise(mut self, text: impl Into<String>) -> AdapterError {
        if let AdapterError::Refused { advice, .. } = &mut self {
            *advice = Some(text.into());
        }
        self
    }
}

/// A tool's project, loaded from disk. Its methods are pure: they compute from files, server facts and history.
pub trait Adapter: Send {
    /// The tool's name: `native`, `flyway`.
    fn tool(&self) -> &'static str;

    /// How the history table is named for people, quoted and qualified.
    fn history_table(&self, server: &Server) -> String;

    /// The schema the history lives in, unquoted; the engine keeps its journal beside it.
    fn history_schema(&self, server: &Server) -> String {
        server.schema.clone()
    }

    /// The locks of the original tool, to exclude it while we run. Ours is added by the engine.
    fn locks(&self, server: &Server) -> Vec<Lock>;

    /// The original tool's lock where it is a row of a table.
    fn lock_row(&self, _server: &Server) -> Option<LockRow> {
        None
    }

    /// How to read the history.
    fn history_queries(&self, server: &Server) -> HistoryQueries;

    /// Tables to be read with the history, in the same message. The rows that say whether one exists and those that are in it
    /// are answers before those of [`Adapter::inquiries`].
    fn beside(&self, _server: &Server) -> Vec<HistoryQueries> {
        Vec::new()
    }

    /// More queries whose answers status or plan need, given the history.
    fn inquiries(&self, _server: &Server, _history: &History) -> Vec<String> {
        Vec::new()
    }

    /// What an empty database would answer to these, for those who ask none.
    fn answers_of_empty(&self, _server: &Server) -> Vec<Vec<Row>> {
        Vec::new()
    }

    /// Statements for every new session (Flyway's `initSql` and `afterConnect` scripts are steps instead).
    fn session_statements(&self, _server: &Server) -> Vec<String> {
        Vec::new()
    }

    /// Whether what the journal says of a half-done migration still holds by the history, which others may have changed
    /// since: then it is resumed, else forgotten. `context` has `unfinished` in it too.
    fn still_unfinished(&self, _context: &Context<'_>, _unfinished: &Unfinished) -> bool {
        true
    }

    /// How SQLite sessions treat foreign keys.
    fn foreign_keys(&self) -> ForeignKeys;

    /// Whether SQLite takes text in double quotes that names no column for a string, as it does unless it is built or told
    /// otherwise.
    fn takes_double_quoted_strings(&self) -> bool {
        true
    }

    /// Whether migrations that are code, and what their connections begin with, may switch them. Where they may not, what the
    /// code says of them is passed over.
    fn code_switches_foreign_keys(&self) -> bool {
        false
    }

    /// Project and history joined, in the tool's order and words.
    fn status(&self, context: &Context<'_>) -> Result<Vec<StatusEntry>, AdapterError>;

    /// What to run for a request.
    fn plan(&self, context: &Context<'_>, request: &Request) -> Result<Plan, AdapterError>;

    /// The migrations that come right before one, by their ids; `None`: the one before it in [`Adapter::status`].
    fn parents(&self, _id: &str) -> Option<Vec<String>> {
        None
    }

    /// What would take each migration of the project back, applied or not; without those of which it takes running code to
    /// know.
    fn reversals(&self, _server: &Server) -> Vec<Reversal> {
        Vec::new()
    }

    /// What a migration's file lacks for the way back; `None`: nothing, or it takes running it to know.
    fn missing_down(&self, _path: &Path, _text: &str) -> Option<MissingDown> {
        None
    }

    /// What of the history does not fit the project.
    fn validate(&self, context: &Context<'_>) -> Result<Vec<Problem>, AdapterError>;

    /// How to mend the history: what the tool's own `repair` would do.
    fn repair(&self, context: &Context<'_>) -> Result<Plan, AdapterError>;

    /// How to start a history at `version` on a database that already has its schema.
    fn baseline(&self, context: &Context<'_>, version: Option<&str>) -> Result<Plan, AdapterError>;

    /// Which migrations one baseline is to stand for: those up to and including `to`, else up to the last that the history has.
    fn squash_scope(&self, _context: &Context<'_>, _to: Option<&str>) -> Result<SquashScope, AdapterError> {
        Err(AdapterError::refused("NO_SQUASH", format!("{} has no way to replace migrations", self.tool())))
    }

    /// The files that take their place.
    fn squash_files(
        &self,
        scope: &SquashScope,
        _name: Option<&str>,
        _sql: &BaselineSql,
        _server: &Server,
    ) -> Result<SquashFiles, AdapterError> {
        Err(AdapterError::refused("NO_SQUASH", format!("nothing can take the place of {}", scope.title)))
    }

    /// The project as it is with these files, and without others. The new files lie in the folder `staging`, each under its
    /// own name.
    fn squashed(
        &self,
        gone: &[PathBuf],
        _new: &SquashFiles,
        _staging: &Path,
    ) -> Result<Box<dyn Adapter>, AdapterError> {
        Err(AdapterError::refused("NO_SQUASH", format!("{} files cannot be replaced", gone.len())))
    }
}
