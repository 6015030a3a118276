//! The databases of a project: `config/database.yml`, and the variables that name databases instead of it.
//!
//! After `Rails::Application::Configuration#database_configuration` and `ActiveRecord::DatabaseConfigurations`.

mod build;
mod config;

pub use config::DatabaseConfig;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::release::Release;
use super::ruby::evaluate::Surroundings;
use super::secrets;
use super::template::{self, TemplateError, Unknown};
use super::yaml::{self, Yaml, YamlError};
use crate::model::AdapterError;
use config::Origin;

/// Why the databases are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Only Ruby knows a value that is needed: a guest has to evaluate the file, see [`Databases::of_value`].
    #[error("{}:{}: `{}` is not evaluated without Ruby, because of {}", path.display(), unknown.line, unknown.expression, unknown.reason)]
    NeedsRuby {
        /// The file.
        path: PathBuf,
        /// The expression, its line, and what of it is not known.
        unknown: Unknown,
    },
    /// Ruby would raise this while it evaluates the file.
    #[error("Cannot load database configuration:\n{message}")]
    Raised {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The message.
        message: String,
    },
    /// The file is not YAML.
    #[error("Cannot load database configuration:\nYAML syntax error occurred while parsing {}. Please note that YAML must be consistently indented using spaces. Tabs are not allowed. Error: {error}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: YamlError,
        /// The file's text without secrets, where its lines are those that were parsed.
        shown: Option<String>,
    },
    /// The file cannot be read.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is neither a file nor a variable.
    #[error("Could not load database configuration. No such file - [\"config/database.yml\"]")]
    Missing,
    /// What it says is no configuration.
    #[error("{0}")]
    Invalid(String),
}

impl ConfigError {
    /// As the caller of an adapter sees it.
    pub fn refusal(&self) -> AdapterError {
        let error = AdapterError::refused("CONFIGURATION", self.to_string());
        match self {
            ConfigError::NeedsRuby { path, unknown } => error.at(path, unknown.line).advise(
                "Name the database in DATABASE_URL, with --url or under [rails] in dunlin.toml, or see to it that Ruby can evaluate the file: `dunlin pack build rails`, or `carrier = \"host\"`.",
            ),
            ConfigError::Raised { path, line, .. } => error.at(path, *line),
            ConfigError::Yaml { path, error: yaml, .. } => error.at(path, yaml.line),
            ConfigError::Missing => error.advise("Write config/database.yml, or set DATABASE_URL."),
            _ => error,
        }
    }
}

/// The databases of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct Databases {
    /// The environment that is meant.
    pub environment: String,
    /// All, of all environments.
    pub all: Vec<DatabaseConfig>,
    /// The release that reads them.
    pub release: Release,
}

/// `RAILS_ENV`, else `RACK_ENV`, else `development`.
pub fn environment(variables: &dyn Fn(&str) -> Option<String>) -> String {
    let present = |name: &str| variables(name).filter(|value| !value.trim().is_empty());
    present("RAILS_ENV").or_else(|| present("RACK_ENV")).unwrap_or_else(|| "development".to_owned())
}

impl Databases {
    /// Reads `config/database.yml` of a project.
    ///
    /// # Errors
    /// There is none and no variable instead, or what it says is not known or no configuration.
    pub fn load(root: &Path, release: Release, around: Surroundings<'_>) -> Result<Databases, ConfigError> {
        let path = root.join("config/database.yml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Databases::parse(&path, &text, release, around),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if (around.variables)("DATABASE_URL").is_none() {
                    return Err(ConfigError::Missing);
                }
                Databases::build(&Yaml::Map(Vec::new()), &Arc::default(), release, around)
            }
            Err(error) => Err(ConfigError::Unreadable { path, reason: error.to_string() }),
        }
    }

    /// Reads the text of a `database.yml`.
    ///
    /// # Errors
    /// As [`Databases::load`].
    pub fn parse(
        path: &Path,
        text: &str,
        release: Release,
        around: Surroundings<'_>,
    ) -> Result<Databases, ConfigError> {
        let path = path.to_owned();
        let rendered = template::render(text, around).map_err(|error| match error {
            TemplateError::NotKnown(unknown) => ConfigError::NeedsRuby { path: path.clone(), unknown },
            TemplateError::Raised { line, message } => {
                ConfigError::Raised { path: path.clone(), line, message }
            }
        })?;
        let lines = |text: &str| text.bytes().filter(|byte| *byte == b'\n').count();
        let is_line_by_line = lines(&rendered.text) == lines(text);
        Databases::of_text(&rendered.text, Origin { path, unknown: rendered.unknown }, release, around)
            .map_err(|error| match error {
                ConfigError::Yaml { path, error, .. } => {
                    let shown = is_line_by_line.then(|| secrets::without_secrets(text));
                    ConfigError::Yaml { path, error, shown }
                }
                other => other,
            })
    }

    /// Reads a `database.yml` whose ERB a guest evaluated.
    ///
    /// # Errors
    /// As [`Databases::load`].
    pub fn of_rendered(
        path: &Path,
        text: &str,
        release: Release,
        around: Surroundings<'_>,
    ) -> Result<Databases, ConfigError> {
        Databases::of_text(text, Origin { path: path.to_owned(), unknown: Vec::new() }, release, around)
    }

    fn of_text(
        text: &str,
        origin: Origin,
        release: Release,
        around: Surroundings<'_>,
    ) -> Result<Databases, ConfigError> {
        let origin = Arc::new(origin);
        let value = yaml::parse(text).map_err(|error| match origin.unknown.first() {
            // What stands for the unknown may be what makes it no YAML.
            Some(unknown) => ConfigError::NeedsRuby { path: origin.path.clone(), unknown: unknown.clone() },
            None => ConfigError::Yaml { path: origin.path.clone(), error, shown: None },
        })?;
        let value = value.filter(|value| value.is_true()).unwrap_or(Yaml::Map(Vec::new()));
        Databases::build(&value, &origin, release, around)
    }

    /// The databases of what Ruby made of the file: the hash that it gave, as JSON.
    ///
    /// # Errors
    /// It is no configuration.
    pub fn of_value(
        value: &serde_json::Value,
        release: Release,
        around: Surroundings<'_>,
    ) -> Result<Databases, ConfigError> {
        Databases::build(&Yaml::from(value), &Arc::default(), release, around)
    }

    /// The databases of an environment that tasks take part in, the primary first as the file has it.
    ///
    /// # Errors
    /// Only Ruby knows whether one is a replica.
    pub fn of(&self, environment: &str) -> Result<Vec<&DatabaseConfig>, ConfigError> {
        let mut found = Vec::new();
        for config in self.all.iter().filter(|config| config.environment == environment) {
            if config.has_tasks(self.release)? {
                found.push(config);
            }
        }
        Ok(found)
    }
}

fn invalid(message: impl Into<String>) -> ConfigError {
    ConfigError::Invalid(message.into())
}

#[cfg(test)]
mod tests;
