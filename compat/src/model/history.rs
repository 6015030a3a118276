//! A history as it is read, and what is told and asked of it.

use std::fmt;
use std::path::PathBuf;

use super::server::{Row, Server};

/// The tool's own table of applied migrations, as read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Whether the table exists.
    pub exists: bool,
    /// Its rows, columns and order as the adapter's [`HistoryQueries::rows`] asked for.
    pub rows: Vec<Row>,
}

/// How to read a history: two statements, since one that names an absent table is an error on every server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQueries {
    /// Returns at least one row exactly when the table exists.
    pub exists: String,
    /// The rows; an error where the table does not exist.
    pub rows: String,
}

/// Everything an adapter may look at besides its files.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The server.
    pub server: &'a Server,
    /// The history.
    pub history: &'a History,
    /// What is in the tables that are [`Adapter::beside`] it, and the answers to [`Adapter::inquiries`], in their order.
    pub answers: &'a [Vec<Row>],
    /// A migration that began without a transaction and has not ended. It is about to be resumed, so a failed row
    /// of it is no reason to refuse a plan, and its [`Record::success`] should take that row away.
    pub unfinished: Option<&'a Unfinished>,
}

/// A migration that began without a transaction and has not ended, as the statement journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// [`MigrationStep::id`].
    pub id: String,
    /// The direction it was run in.
    pub direction: Direction,
    /// Whether [`Record::failure`] was written for it: in one transaction with this, and not taken away since by us.
    pub failed: bool,
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Apply.
    Up,
    /// Revert.
    Down,
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Direction::Up => "up",
            Direction::Down => "down",
        })
    }
}

/// One line of a status: a migration of the project, of the history, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusEntry {
    /// What the tool calls version, revision or name; empty for a repeatable Flyway migration.
    pub id: String,
    /// Readable description.
    pub description: String,
    /// The tool's word for its kind: `SQL`, `BASELINE`, `plugin` …
    pub kind: String,
    /// The tool's own word for its state: `Pending`, `Success`, `Out of Order` …
    pub state: String,
    /// What the state means to the engine.
    pub standing: Standing,
    /// When it was applied, as the history says it.
    pub applied_at: Option<String>,
    /// The file, if the project has one.
    pub path: Option<PathBuf>,
    /// Whether it can be taken back: a down block, an undo file.
    pub reversible: bool,
}

/// What a state means, whatever the tool calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Applied and as the project says.
    Applied,
    /// To be applied by the next `up`.
    Pending,
    /// Neither applied nor to be: below a baseline, above a target, ignored.
    Skipped,
    /// Applied, but not in the project, edited since, or failed: needs a look.
    Drifted,
}

/// What a caller asks of [`Adapter::plan`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Direction; up by default.
    pub direction: Option<Direction>,
    /// Up to and including this id; down to but not including it.
    pub to: Option<String>,
    /// At most so many migrations.
    pub steps: Option<usize>,
}

impl Request {
    /// The direction, up unless said otherwise.
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or(Direction::Up)
    }
}
