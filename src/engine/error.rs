//! Why a run stops.

use std::path::PathBuf;
use std::time::Duration;

use dunlin_compat::model::{AdapterError, Direction, Lock};

use crate::backfill::BackfillError;
use crate::db::DbError;
use crate::guest::GuestError;
use crate::lint::Finding;
use crate::sql::SplitError;

/// Why a run stopped. What was committed before it stays and is recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The adapter refuses: the project, the request or the history is wrong. Nothing was sent.
    #[error(transparent)]
    Adapter(#[from] AdapterError),

    /// The server cannot be reached or refused something of ours.
    #[error("{doing}: {error}")]
    Server {
        /// What was being done.
        doing: String,
        /// What the server said.
        error: DbError,
    },

    /// Another process kept the lock for too long.
    #[error("the {lock} is held by {}; gave up after {} s", holder.as_deref().unwrap_or("another session"), waited.as_secs())]
    LockNotObtained {
        /// The lock.
        lock: Lock,
        /// Who holds it, where the server tells.
        holder: Option<String>,
        /// How long was waited.
        waited: Duration,
    },

    /// The lock that the original tool keeps in a table is taken, and not by us.
    #[error(
        "{} ({} s). If no other run is at work, its holder died: `{way_out}` frees it",
        if *rows == 1 { format!("the lock in {table} is held by another run") }
        else { format!("the lock in {table} has {rows} rows instead of one") },
        waited.as_secs()
    )]
    LockRowNotObtained {
        /// The table, quoted and qualified.
        table: String,
        /// How many rows it has.
        rows: usize,
        /// How long was waited.
        waited: Duration,
        /// The command that frees it.
        way_out: String,
    },

    /// A file cannot be cut into statements. Nothing was sent.
    #[error("{}:{}: {error}", path.display(), error.line + first_line - 1)]
    Split {
        /// The file.
        path: PathBuf,
        /// The line on which the text begins in it.
        first_line: usize,
        /// What is wrong.
        error: SplitError,
    },

    /// A migration cannot be run as it is. Nothing was sent.
    #[error("{}:{line}: {reason}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why, and the way out.
        reason: String,
    },

    /// A statement failed.
    #[error("{}", .0.error)]
    Statement(Box<StatementFailure>),

    /// A child process failed.
    #[error("{}: {reason}", path.display())]
    Program {
        /// The script.
        path: PathBuf,
        /// What happened.
        reason: String,
    },

    /// A backfill stopped. What it did is recorded, and the next run goes on behind it.
    #[error("{}", .0.error)]
    Backfill(Box<BackfillFailure>),

    /// A half-done migration stands in the way.
    #[error("{0}")]
    Unfinished(Box<UnfinishedFailure>),

    /// Code cannot be run as it is. Nothing was sent.
    #[error(transparent)]
    Guest(#[from] GuestError),

    /// A migration's code failed.
    #[error("{}", .0.message)]
    Code(Box<CodeFailure>),

    /// The safety rules hold the run back. Nothing was sent.
    #[error("the safety rules found what should not run like this; nothing was run")]
    Unsafe(Vec<Finding>),

    /// A plugin that checks migrations cannot be loaded, or fails.
    #[error("the rule plugin {plugin}: {reason}")]
    Plugin {
        /// Its name.
        plugin: String,
        /// Why.
        reason: String,
    },

    /// Another program changed the history while a migration ran, so its row does not fit any more.
    #[error(
        "the history was changed by somebody else while the migration ran: one row was to be changed, and {found} were, by \
         {statement}"
    )]
    HistoryChanged {
        /// The history statement.
        statement: String,
        /// How many rows it affected.
        found: u64,
    },
}

/// Code that failed, with everything to show it.
#[derive(Debug)]
pub struct CodeFailure {
    /// The migration's title.
    pub title: String,
    /// The file of the innermost line that is the project's.
    pub path: PathBuf,
    /// That line, from 1.
    pub line: usize,
    /// What the code or the sandbox said.
    pub message: String,
    /// As the interpreter prints it; may be empty.
    pub traceback: String,
    /// The statement that failed, if one is the cause.
    pub statement: Option<String>,
    /// What the server said of it.
    pub error: Option<DbError>,
    /// Whether everything of the migration was rolled back.
    pub rolled_back: bool,
    /// How many steps of it stay, where it was not.
    pub kept: Option<usize>,
}

/// A statement that failed, with everything to show it.
#[derive(Debug)]
pub struct StatementFailure {
    /// The migration's or script's title.
    pub title: String,
    /// The file.
    pub path: PathBuf,
    /// The line in the file on which the statement begins, from 1.
    pub line: usize,
    /// The statement.
    pub statement: String,
    /// What the server said.
    pub error: DbError,
    /// Whether everything of the migration was rolled back.
    pub rolled_back: bool,
    /// Statements of the migration that ran before it and stay, and how many there are in all.
    pub kept: Option<(usize, usize)>,
}

/// A backfill that stopped, with its place.
#[derive(Debug)]
pub struct BackfillFailure {
    /// The migration's title.
    pub title: String,
    /// The file.
    pub path: PathBuf,
    /// The line of its directive, from 1.
    pub line: usize,
    /// Why.
    pub error: BackfillError,
}

/// A half-done migration that cannot be continued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnfinishedFailure {
    /// The request is not to finish it.
    #[error(
        "migration {id} ({direction}) is half done: {done} of its statements ran. Finish it with `dunlin {direction}` before \
         anything else, or take those statements back by hand and forget it with `dunlin repair`"
    )]
    InTheWay {
        /// The migration.
        id: String,
        /// Its direction.
        direction: Direction,
        /// How many statements ran.
        done: usize,
    },
    /// Statements that already ran were changed since.
    #[error(
        "{}:{line}: statement {number} of the half-done migration {id} was changed after it had run. Put it back as it was, or \
         take its effect back by hand and forget the half-done run with `dunlin repair`", path.display()
    )]
    Edited {
        /// The migration.
        id: String,
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// Which statement, from 1.
        number: usize,
    },
    /// Nobody can tell whether the statement in flight was executed.
    #[error(
        "{}:{line}: the process that ran migration {id} ended during statement {number}, and the catalog does not tell whether \
         it took effect{because}. Look, then say `dunlin {direction} --in-flight done` to continue behind it or \
         `--in-flight again` to run it again", path.display()
    )]
    Unknown {
        /// The migration.
        id: String,
        /// Its direction.
        direction: Direction,
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// Which statement, from 1.
        number: usize,
        /// Why, beginning with `: `, or empty.
        because: String,
    },
    /// An answer that the code got was too large to be kept, so it cannot be run again without it.
    #[error(
        "{}:{line}: step {number} of the half-done migration {id} was answered with more than the journal keeps, so its code \
         cannot be continued. Take back what the migration did by hand and forget it with `dunlin repair`", path.display()
    )]
    AnswerLost {
        /// The migration.
        id: String,
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// Which step, from 1.
        number: usize,
    },
    /// Something the session had is gone with it.
    #[error(
        "{}:{line}: statement {number} of the half-done migration {id} made a temporary object, which ended with its session. \
         Take back what the migration did by hand and forget it with `dunlin repair`", path.display()
    )]
    SessionLost {
        /// The migration.
        id: String,
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// Which statement, from 1.
        number: usize,
    },
}

impl RunError {
    /// Wraps what a server said with what was being done.
    pub(crate) fn server(doing: impl Into<String>) -> impl FnOnce(DbError) -> RunError {
        let doing = doing.into();
        move |error| RunError::Server { doing, error }
    }

    /// Whether the server says that a table is not there.
    pub(crate) fn is_of_missing_table(&self) -> bool {
        matches!(self, RunError::Server { error, .. } if error.is_missing_table())
    }
}

impl From<UnfinishedFailure> for RunError {
    fn from(failure: UnfinishedFailure) -> RunError {
        RunError::Unfinished(Box::new(failure))
    }
}
