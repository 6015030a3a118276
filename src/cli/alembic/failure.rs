//! How a command ends when something is wrong.

use std::process::ExitCode;

use dunlin_compat::alembic::output::{CommandError, Level};

use super::console::Console;
use crate::cli::failure::Failure;

/// Why a command failed.
#[derive(Debug)]
pub enum CommandFailure {
    /// Alembic says this behind `FAILED: ` and ends with 255.
    Failed(String),
    /// Alembic ends with a traceback and 1; we say what is wrong in our own words.
    Ours(Box<Failure>),
}

impl CommandFailure {
    /// What Alembic says.
    pub fn failed(message: impl Into<String>) -> CommandFailure {
        CommandFailure::Failed(message.into())
    }

    /// What Alembic has no words for.
    pub fn ours(code: &str, message: impl Into<String>) -> CommandFailure {
        Failure::new(code, message.into()).into()
    }

    /// Says it and returns the exit code.
    pub fn end(self, console: &Console) -> ExitCode {
        match self {
            CommandFailure::Failed(message) => {
                console.log("alembic.util.messaging", Level::Error, &message);
                console.message(&format!("FAILED: {message}"));
                ExitCode::from(255)
            }
            CommandFailure::Ours(failure) => failure.end(false).into(),
        }
    }
}

impl From<Failure> for CommandFailure {
    fn from(failure: Failure) -> CommandFailure {
        CommandFailure::Ours(Box::new(failure))
    }
}

impl From<CommandError> for CommandFailure {
    fn from(error: CommandError) -> CommandFailure {
        match error {
            CommandError::Failed(message) => CommandFailure::Failed(message),
            error => CommandFailure::ours("REVISION", error.to_string()),
        }
    }
}

/// What is not built yet, and the way out.
pub fn not_built(what: &str) -> CommandFailure {
    Failure::new("NOT_BUILT", format!("{what} is not built yet"))
        .help("Alembic itself does it on the same project; nothing was changed.")
        .into()
}
