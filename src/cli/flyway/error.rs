//! Why a command of Flyway's command line fails, in Flyway's words and codes.

use dunlin_compat::flyway::config::{Config, ConfigError};
use dunlin_compat::flyway::output::{self, ErrorItem};
use dunlin_compat::model::AdapterError;
use serde_json::Value;

use super::console::Console;
use super::session::Session;
use crate::db::url::Engine;
use crate::db::{DbError, DbErrorKind};
use crate::engine::{READING_HISTORY, RunError, StatementFailure};

/// A failed command.
#[derive(Debug)]
pub struct CommandError {
    /// Flyway's code: `VALIDATE_ERROR`.
    pub code: String,
    /// The message.
    pub message: String,
    /// The result that tells of the failure, where the command has one.
    pub document: Option<Value>,
    /// What the server says, where JSON has it apart from the message.
    server: Option<Box<ServerCodes>>,
}

/// The codes of a server's error.
#[derive(Debug)]
struct ServerCodes {
    /// `subErrorCode`.
    kind: Option<&'static str>,
    state: Option<String>,
    code: i64,
}

impl CommandError {
    /// An error with Flyway's code.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> CommandError {
        CommandError { code: code.into(), message: message.into(), document: None, server: None }
    }

    /// The same with a result that tells of it.
    #[must_use]
    pub fn with_document(mut self, document: Value) -> CommandError {
        self.document = Some(document);
        self
    }

    /// Prints it, as JSON where that is asked for.
    pub fn print(&self, console: &Console) {
        let error = ErrorItem::new(&self.code, &self.message);
        console.failure(match &self.server {
            Some(said) => error.of_server(said.kind, said.state.clone(), said.code),
            None => error,
        });
    }

    /// The same with the server's codes.
    fn said_by_server(mut self, kind: Option<&'static str>, error: &DbError) -> CommandError {
        self.server = Some(Box::new(ServerCodes::of(kind, error)));
        self
    }
}

impl CommandError {
    /// A connection that was not to be had (`JdbcUtils.openConnection`).
    pub fn of_connection(error: &DbError, config: &Config, engine: Engine) -> CommandError {
        let no_file = error.kind == DbErrorKind::Storage && error.code.is_some();
        let said_by_server = error.sqlstate.is_some();
        let no_server = matches!(error.kind, DbErrorKind::Connection | DbErrorKind::Authentication);
        if !no_file && !said_by_server && !no_server {
            return error.clone().into();
        }
        let mut codes = ServerCodes::of(Some("CONNECTION_FAILURE"), error);
        if !said_by_server && error.kind == DbErrorKind::Connection {
            let (state, code) = unreachable_codes(config, engine);
            (codes.state, codes.code) = (Some(state.to_owned()), code);
        }
        let title = format!(
            "Unable to obtain connection from database (********) for user '{}': {}",
            config.user.as_deref().unwrap_or("null"),
            error.message
        );
        let text = sql_details(&title, &codes, &server_words(error));
        CommandError { server: Some(Box::new(codes)), ..CommandError::new("DB_CONNECTION", text) }
    }
}

impl ServerCodes {
    fn of(kind: Option<&'static str>, error: &DbError) -> ServerCodes {
        ServerCodes { kind, state: error.sqlstate.clone(), code: i64::from(error.code.unwrap_or(0)) }
    }
}

/// What the drivers say for a server that cannot be reached: pgjdbc, MySQL's, and MariaDB's, which its own URLs choose.
fn unreachable_codes(config: &Config, engine: Engine) -> (&'static str, i64) {
    let is_mariadb = config.url.as_ref().is_some_and(|url| url.reveal().starts_with("jdbc:mariadb:"));
    match engine {
        Engine::Postgres => ("08001", 0),
        _ if is_mariadb => ("08000", -1),
        _ => ("08S01", 0),
    }
}

/// Codes of Flyway's own refusals, whose messages stand alone.
fn is_flyways(code: &str) -> bool {
    matches!(
        code,
        "ERROR" | "CONFIGURATION" | "VALIDATE_ERROR" | "NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE"
    ) || code.starts_with("DUPLICATE_")
        || code.starts_with("FAILED_")
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> CommandError {
        let text = error.to_string();
        match error {
            ConfigError::Syntax { .. } | ConfigError::Mismatch { .. } => CommandError::new("ERROR", text),
            ConfigError::UnknownParameters(_) => CommandError::new("CONFIGURATION", format!("{text}\n")),
            _ => CommandError::new("CONFIGURATION", text),
        }
    }
}

impl From<AdapterError> for CommandError {
    fn from(error: AdapterError) -> CommandError {
        match error {
            AdapterError::Refused { code, message, place, advice } => {
                let mut text = message;
                let advice = advice.filter(|_| place.is_some() || !is_flyways(&code));
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
            RunError::Server { doing, error }
                if doing.starts_with(READING_HISTORY) && error.kind == DbErrorKind::Statement =>
            {
                let table = doing.trim_start_matches(READING_HISTORY);
                let title = format!("Unable to check whether table {table} exists");
                let text = sql_details(&title, &ServerCodes::of(None, &error), &server_words(&error));
                CommandError::new("DB_CONNECTION", text).said_by_server(None, &error)
            }
            RunError::Server { doing, error } => {
                let inner = CommandError::from(error);
                CommandError { message: format!("{}: {}", doing, inner.message), ..inner }
            }
            RunError::LockNotObtained { .. } => CommandError::new("LOCK", message),
            _ => CommandError::new("ERROR", message),
        }
    }
}

/// A failed statement as Flyway words it (`FlywaySqlScriptException`), the statement itself only with `-X`, since it may
/// hold what is not for every eye.
pub fn script_failure(failure: &StatementFailure, session: &Session, debug: bool) -> String {
    let file = failure.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let directory = &session.adapter.working_directory;
    let location = match failure.path.strip_prefix(directory) {
        Ok(relative) => format!("{} ({})", relative.display(), failure.path.display()),
        Err(_) => failure.path.display().to_string(),
    };
    let statement = if debug {
        failure.statement.as_str()
    } else {
        "Run Flyway with -X option to see the actual statement causing the problem"
    };
    let mut text = format!(
        "{}Location   : {location}\nLine       : {}\nStatement  : {statement}\n",
        sql_details(
            &format!("Failed to execute script {file}"),
            &ServerCodes::of(None, &failure.error),
            &server_words(&failure.error)
        ),
        failure.line,
    );
    if let Some((done, total)) = failure.kept.filter(|(done, _)| *done > 0) {
        text.push_str(&format!(
            "\n{done} of its {total} statements ran before and stay. Mend the failed one and run migrate again: dunlin \
             continues there. Or take them back by hand and run repair, as with Flyway.\n"
        ));
    }
    text
}

/// The failure of a callback outside of migrations.
pub fn callback_failure(failure: &StatementFailure, session: &Session, debug: bool) -> CommandError {
    let event = failure.title.split(" - ").next().unwrap_or_default();
    let text = script_failure(failure, session, debug);
    // Flyway's code for whatever a server says outside of migrations.
    CommandError::new("DB_CONNECTION", format!("Error while executing {event} callback: {text}"))
}

/// A title, a line below it, and the server's codes and words (`FlywaySqlException`).
fn sql_details(title: &str, codes: &ServerCodes, message: &str) -> String {
    format!(
        "{title}\n{}\nSQL State  : {}\nError Code : {}\nMessage    : {message}\n",
        "-".repeat(title.chars().count()),
        codes.state.as_deref().unwrap_or("null"),
        codes.code,
    )
}

fn server_words(error: &DbError) -> String {
    let mut message = error.message.clone();
    if let Some(detail) = &error.detail {
        message = format!("{message}\n  Detail: {detail}");
    }
    if let Some(hint) = &error.hint {
        message = format!("{message}\n  Hint: {hint}");
    }
    match error.position.filter(|_| error.sqlstate.is_some()) {
        Some(position) => format!("{message}\n  Position: {position}"),
        None => message,
    }
}
