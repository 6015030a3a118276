//! What an `env.py` does, told without running it: where the URL comes from, and what `context.configure` is given.
//!
//! The file is followed as Alembic's command line would run it. What is not one of the usual forms is reported as not
//! recognised, with its line and the reason, and can be said in `dunlin.toml` instead.

mod configure;
mod dotenv;
mod engine;
mod host;
mod ini_options;
mod metadata;
mod sql;
mod variables;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::config::{Config, PackageSearch};
use super::output::Level;
use super::python::Interpreter;
use super::python::source::{SourceError, decode, docstring, with_module};
use super::python::value::Place;
use super::url::SqlalchemyUrl;
pub(in crate::alembic) use host::regular_split;
pub(in crate::alembic) use ini_options::IniOptions;
pub(in crate::alembic) use sql::{is_of_session, is_preparation, is_reading};

/// A fact about the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// It is said, and where.
    Known {
        /// The value.
        value: T,
        /// The file and line that say so.
        place: Place,
    },
    /// Nothing is said, so that the default holds.
    Absent,
    /// Something is said that is not one of the usual forms.
    NotRecognised {
        /// The file and line in question.
        place: Place,
        /// Why, to be read behind "because".
        reason: String,
    },
}

impl<T> Fact<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Fact::Known { value, .. } => Some(value),
            _ => None,
        }
    }
}

/// What one call of `context.configure` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where the call stands.
    pub place: Place,
    /// `engine_name` of `run_migrations`: which of several databases it is.
    pub engine_name: Option<String>,
    /// The database.
    pub url: Fact<SqlalchemyUrl>,
    /// `version_table`; `alembic_version` by default.
    pub version_table: Fact<String>,
    /// `version_table_schema`.
    pub version_table_schema: Fact<Option<String>>,
    /// `version_table_pk`; true by default.
    pub version_table_pk: Fact<bool>,
    /// `transaction_per_migration`; false by default.
    pub transaction_per_migration: Fact<bool>,
    /// `transactional_ddl`; by default the server decides.
    pub transactional_ddl: Fact<Option<bool>>,
    /// `render_as_batch`; false by default.
    pub render_as_batch: Fact<bool>,
    /// `include_schemas`; false by default.
    pub include_schemas: Fact<bool>,
    /// `compare_type`; true by default.
    pub compare_type: Fact<bool>,
    /// `compare_server_default`; false by default.
    pub compare_server_default: Fact<bool>,
    /// The naming convention of `target_metadata`, by key.
    pub naming_convention: Fact<BTreeMap<String, String>>,
    /// Its other options, each with the place.
    pub others: Vec<(String, Place)>,
    /// Whether `run_migrations` is called behind it.
    pub runs: bool,
    /// What `env.py` logs before it, since the last one.
    pub said: Vec<Said>,
    /// What `env.py` sends by itself for it, in order.
    pub statements: Vec<Fact<String>>,
}

/// A line that `env.py` logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The logger's name.
    pub logger: String,
    /// How grave it is.
    pub level: Level,
    /// The line.
    pub text: String,
}

/// Something that `env.py` does and that matters to whoever runs migrations without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What, as a sentence.
    pub text: String,
}

/// What an `env.py` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvPy {
    /// The calls of `context.configure`, in order.
    pub targets: Vec<Target>,
    /// What it does besides.
    pub notes: Vec<Note>,
    /// The environment variables that it read, each with whether it was set.
    pub variables: BTreeMap<String, bool>,
}

/// Why nothing can be said of an `env.py`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is not Python.
    #[error("{}:{}: {}", path.display(), error.line, error.message)]
    Source {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: SourceError,
    },
    /// It ends with an exception before it has configured anything.
    #[error("{place}: {class}{}", colon(.message))]
    Raises {
        /// Where.
        place: Place,
        /// The exception.
        class: String,
        /// Its message.
        message: String,
    },
    /// No call of `context.configure` is reached.
    #[error(
        "{}: no call of context.configure is recognised; say `url` under [alembic] in dunlin.toml, or run the file by the \
         project's own interpreter with `env = \"run\"`", path.display()
    )]
    NothingConfigured {
        /// The file.
        path: PathBuf,
    },
}

fn colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// What decides how an `env.py` behaves.
pub struct Inputs<'a> {
    /// The working directory, absolute.
    pub directory: &'a Path,
    /// The configuration.
    pub config: &'a Config,
    /// `-x`, in order.
    pub x: &'a [String],
    /// Environment variables.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
    /// Where installed packages are; links from there into the project are followed.
    pub packages: &'a PackageSearch,
    /// Whether statements are to be written rather than run (`--sql`).
    pub offline: bool,
}

impl fmt::Debug for Inputs<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Inputs").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Follows the `env.py` of a project.
///
/// # Errors
/// [`EnvError`], when not even the calls of `context.configure` can be told.
pub fn read(inputs: &Inputs<'_>) -> Result<EnvPy, EnvError> {
    let path = inputs.config.env_py(inputs.directory);
    let shown = path.strip_prefix(inputs.directory).unwrap_or(&path).to_owned();
    let bytes = fs::read(&path)
        .map_err(|error| EnvError::Unreadable { path: shown.clone(), reason: error.to_string() })?;
    let wrong = |error| EnvError::Source { path: shown.clone(), error };
    let text = decode(&bytes).map_err(wrong)?;
    let host = host::EnvHost::new(inputs, &path);
    with_module(&text, |module, lines| {
        let mut interpreter = Interpreter::new(host);
        let file = shown.to_string_lossy();
        let followed = interpreter.follow(&file, "env_py", docstring(module).as_deref(), module, lines);
        let result = interpreter.host.finish(followed.gave_up);
        match followed.raised {
            Some(raised) if result.targets.is_empty() => {
                Err(EnvError::Raises { place: raised.place, class: raised.class, message: raised.message })
            }
            _ if result.targets.is_empty() => Err(EnvError::NothingConfigured { path: shown.clone() }),
            _ => Ok(result),
        }
    })
    .map_err(wrong)?
}

#[cfg(test)]
#[path = "env/tests.rs"]
mod tests;
