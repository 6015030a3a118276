//! Why a command of Flyway's command line fails, in Flyway's words and codes.

use dunlin_compat::flyway::config::ConfigError;
use dunlin_compat::flyway::output;
use dunlin_compat::model::AdapterError;
use serde_json::Value;

use super::console::Console;
use crate::db::{DbError, DbErrorKind};
use crate::engine::{RunError, StatementFailure};

/// A failed command.
#[derive(Debug)]
pub struct CommandError {
    /// Flyway's code: `VALIDATE_ERROR`.
    pub code: String,
    /// The message.
    pub message: String,
    /// The result that tells of the failure, where the command has one.
    pub document: Option<Value>,
}

impl CommandError {
    /// An error with Flyway's code.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> CommandError {
        CommandError { code: code.into(), message: message.into(), document: None }
    }

    /// Prints it, as JSON where that is asked for.
    pub fn print(&self, console: &Console) {
        console.failure(&self.code, &self.message);
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> CommandError {
        CommandError::new("CONFIGURATION", error.to_string())
    }
}

impl From<AdapterError> for CommandError {
    fn from(error: AdapterError) -> CommandError {
        match error {
            AdapterError::Refused { code, message, place, advice } => {
                let mut text = message;
                if let Some((path, line)) = place {
                    text = format!("{text}\n\tin {}, line {line}", path.display());
                }
                if let Some(advice) = advice {
                    text = format!("{text}\n{advice}");
                }
                CommandError::new(code, text)
            }
            AdapterError::Invalid { message, problems } => {
                let reason = message.strip_prefix("Validate failed: ").unwrap_or(&message);
                let details: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
                CommandError::new("VALIDATE_ERROR", output::check_failure(reason, &details.join("\n")))
            }
            other => CommandError::new("ERROR", other.to_string()),
        }
    }
}

impl From<DbError> for CommandError {
    fn from(error: DbError) -> CommandError {
        let code = match error.kind {
            DbErrorKind::Configuration => "CONFIGURATION",
            DbErrorKind::Connection | DbErrorKind::Authentication => "DB_CONNECTION",
            _ => "ERROR",
        };
        let mut text = error.message.clone();
        if let Some(hint) = &error.hint {
            text = format!("{text}\n{hint}");
        }
        CommandError::new(code, text)
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> CommandError {
        let message = error.to_string();
        match error {
            RunError::Adapter(error) => error.into(),
            RunError::Server { doing, error } => {
                let inner = CommandError::from(error);
                CommandError { message: format!("{}: {}", doing, inner.message), ..inner }
            }
            RunError::Statement(failure) => {
                CommandError::new("FAILED_VERSIONED_MIGRATION", script_failure(&failure))
            }
            RunError::LockNotObtained { .. } => CommandError::new("LOCK", message),
            _ => CommandError::new("ERROR", message),
        }
    }
}

/// A failed statement as Flyway words it (`FlywaySqlScriptException`).
pub fn script_failure(failure: &StatementFailure) -> String {
    let file = failure.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let title = format!("Failed to execute script {file}");
    let error = &failure.error;
    let state = error.sqlstate.as_deref().unwrap_or("null");
    let mut message = error.message.clone();
    if let Some(detail) = &error.detail {
        message = format!("{message}\n  Detail: {detail}");
    }
    if let Some(hint) = &error.hint {
        message = format!("{message}\n  Hint: {hint}");
    }
    if let Some(position) = error.position {
        message = format!("{message}\n  Position: {position}");
    }
    let mut text = format!(
        "{title}\n{}\nSQL State  : {state}\nError Code : {}\nMessage    : {message}\nLocation   : {}\nLine       : {}\n\
         Statement  : {}\n",
        "-".repeat(title.chars().count()),
        error.code.unwrap_or(0),
        failure.path.display(),
        failure.line,
        failure.statement
    );
    if let Some((done, total)) = failure.kept.filter(|(done, _)| *done > 0) {
        text.push_str(&format!(
            "\n{done} of its {total} statements ran before and stay. Mend the failed one and run migrate again: dunlin \
             continues there. Or take them back by hand and run repair, as with Flyway.\n"
        ));
    }
    text
}
