//! Commands that Alembic itself carries out, in a guest, because they need all that the project's `env.py` does: what is written
//! instead of run, and what compares the database with the models.

use std::fs;
use std::path::{Path, PathBuf};

use dunlin_compat::alembic::output::Logging;
use dunlin_compat::alembic::project::{Load, command_program};
use dunlin_compat::alembic::url::SqlalchemyUrl;
use dunlin_compat::alembic::write::encode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::console::Console;
use super::failure::CommandFailure;
use super::new_revision::{ensure_folder, hooks, unwritable};
use super::observer::GuestObserver;
use super::project::Project;
use crate::cli::alembic_project;
use crate::cli::failure::Failure;
use crate::db::{Access, Connection, DatabaseUrl};
use crate::engine::{self, Call, RunError};
use crate::guest::GuestError;
use crate::guest::protocol::Failed;

/// Lines of a traceback that are shown.
const TRACEBACK_LINES: usize = 12;

/// What a command of Alembic's gave.
#[derive(Debug, Deserialize)]
struct Given {
    /// The text of its `CommandError`.
    error: Option<String>,
    /// Whether `env.py` began to run, which sets up logging.
    began: bool,
    /// What is to be written.
    steps: Vec<Step>,
}

/// Something to write.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Step {
    Folder { folder: PathBuf },
    File { path: PathBuf, text: Option<String> },
}

impl Project {
    /// Carries out a command without a server: what it would do is written out.
    pub fn write_sql(
        &self,
        name: &str,
        keywords: Value,
        console: &mut Console,
    ) -> Result<(), CommandFailure> {
        self.log_as_env_py(console)?;
        self.in_guest(name, keywords, None, console)
    }

    /// Carries out a command that reads from the database.
    pub fn compare(&self, name: &str, keywords: Value, console: &mut Console) -> Result<(), CommandFailure> {
        self.log_as_env_py(console)?;
        let facts = self.facts()?;
        let url = self.database_url(&facts)?;
        self.in_guest(name, keywords, Some((&facts.url, &url)), console)
    }

    /// Logs from now on as `env.py` sets it up.
    pub fn log_as_env_py(&self, console: &mut Console) -> Result<(), CommandFailure> {
        let path = self.config.env_py(&self.directory);
        let text = fs::read_to_string(&path)
            .map_err(|error| CommandFailure::ours("ENV_PY", format!("{}: {error}", path.display())))?;
        if text.contains("fileConfig(") {
            console.log_as(Logging::read(&self.config.sources.ini));
        }
        Ok(())
    }

    fn in_guest(
        &self,
        name: &str,
        keywords: Value,
        database: Option<(&str, &DatabaseUrl)>,
        console: &mut Console,
    ) -> Result<(), CommandFailure> {
        let mut connection = match database {
            Some((_, url)) => Some(super::environment::open(url, Access::Read)?),
            None => None,
        };
        let variables = |name: &str| std::env::var(name).ok();
        let inputs = Load {
            directory: &self.directory,
            invocation: self.invocation(),
            settings: &self.settings,
            variables: &variables,
            url: None,
            offline: database.is_none(),
        };
        let url = match database {
            Some((url, _)) => Some(SqlalchemyUrl::new(url)),
            None => self.own_url()?.map(SqlalchemyUrl::new),
        };
        let program = command_program(&inputs, &self.config, url.as_ref());
        let mut guests =
            alembic_project::guests(&self.directory, &self.settings, database.map(|(_, url)| url));
        let arguments = json!({ "command": name, "keywords": keywords, "options": self.options(console) });
        let call = Call { program: &program, carrier: None, name: "command", arguments: &arguments };
        let mut observer = GuestObserver::new(console);
        let connection = connection.as_mut().map(|connection| connection.as_mut() as &mut dyn Connection);
        let given = engine::call(connection, &mut guests, &call, &mut observer)
            .map_err(|error| failure(error, name))?;
        let given: Given = serde_json::from_value(given)
            .map_err(|error| CommandFailure::ours("GUEST", format!("what the guest gave: {error}")))?;
        if !given.began {
            console.log_as(Logging::default());
        }
        for step in given.steps {
            self.carry_out(step, console)?;
        }
        match given.error {
            Some(message) => Err(CommandFailure::failed(message)),
            None => Ok(()),
        }
    }

    /// What the command line said before the command's name.
    fn options(&self, console: &Console) -> Value {
        let invocation = self.invocation();
        let list = |items: &[String]| if items.is_empty() { Value::Null } else { json!(items) };
        let mut options = Map::new();
        options.insert("config".to_owned(), list(&invocation.config));
        options.insert("name".to_owned(), json!(self.config.sources.section));
        options.insert("x".to_owned(), list(&invocation.x));
        options.insert("raiseerr".to_owned(), json!(false));
        options.insert("quiet".to_owned(), json!(console.is_quiet()));
        Value::Object(options)
    }

    fn carry_out(&self, step: Step, console: &Console) -> Result<(), CommandFailure> {
        match step {
            Step::Folder { folder } => ensure_folder(&folder, console),
            Step::File { path, text: Some(text) } => {
                console.doing(&format!("Generating {}", path.display()), || self.write_file(&path, &text))?;
                hooks::run(self, &path, console)
            }
            // The failure follows.
            Step::File { path, text: None } => {
                let _ = console.doing(&format!("Generating {}", path.display()), || Err::<(), ()>(()));
                Ok(())
            }
        }
    }

    fn write_file(&self, path: &Path, text: &str) -> Result<(), CommandFailure> {
        let bytes = encode(text, &self.config.output_encoding.value)
            .map_err(|error| CommandFailure::failed(error.to_string()))?;
        fs::write(path, bytes).map_err(|error| unwritable(path, &error))
    }
}

fn failure(error: RunError, name: &str) -> CommandFailure {
    match error {
        RunError::Guest(GuestError::Failed(failed)) => of_code(&failed, name).into(),
        error => Failure::from(error).into(),
    }
}

fn of_code(failed: &Failed, name: &str) -> Failure {
    let mut message = format!("`{name}` failed: {}", failed.message);
    if !failed.traceback.is_empty() {
        let lines: Vec<&str> = failed.traceback.trim_end().split('\n').collect();
        let last = lines.len().saturating_sub(TRACEBACK_LINES);
        message.push_str(&format!("\n{}", lines.get(last..).unwrap_or_default().join("\n")));
    }
    let failure = Failure::new("CODE", message);
    match &failed.path {
        Some(path) => failure.at(Path::new(path), failed.line.unwrap_or(1)),
        None => failure,
    }
}
