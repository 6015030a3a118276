//! `dunlin.toml`: what a project may say about itself. Every key is optional, and so is the file.

pub mod alembic;
mod flyway;
mod keys;
pub mod knex;
pub mod lint;
pub mod plugin;
pub mod rails;
mod url;
mod values;

pub use flyway::{FlywaySettings, UndoRow};
pub use url::{Url, UrlError};
pub use values::parse_duration;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;
use toml::de::DeTable;

use crate::model::Carrier;
use crate::native::TableName;
use alembic::AlembicSettings;
use keys::{key_at, unknown_key};
use knex::KnexSettings;
use lint::LintSettings;
use plugin::PluginTable;
use rails::RailsSettings;

/// The file's name.
pub const FILE_NAME: &str = "dunlin.toml";

/// A tool whose projects dunlin knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// Dunlin's own format.
    Native,
    /// Flyway.
    Flyway,
    /// Alembic.
    Alembic,
    /// Knex.
    Knex,
    /// Rails' Active Record.
    Rails,
}

impl fmt::Display for Tool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Tool::Native => "native",
            Tool::Flyway => "flyway",
            Tool::Alembic => "alembic",
            Tool::Knex => "knex",
            Tool::Rails => "rails",
        })
    }
}

/// What `dunlin.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The tool, when the files do not tell.
    pub tool: Option<Tool>,
    /// The target.
    pub url: Option<Url>,
    /// The folder of native migrations, relative to the project.
    pub migrations: Option<PathBuf>,
    /// The native history table, as `table` or `schema.table`.
    #[serde(deserialize_with = "values::table")]
    pub table: TableName,
    /// How long a statement waits for a lock on a table before it gives way to those behind it; 5 seconds by default.
    #[serde(deserialize_with = "values::positive_duration")]
    pub lock_timeout: Duration,
    /// How long to wait for another migration run to end; a minute by default, 0 to fail at once.
    #[serde(deserialize_with = "values::duration")]
    pub lock_wait: Duration,
    /// How often a statement that ran into `lock-timeout` is tried again; 5 by default.
    pub retries: u32,
    /// How migrations in Python, JavaScript or Ruby are run; `auto` by default.
    pub carrier: Option<Carrier>,
    /// `[carriers]`: how single ones are run, by their id.
    pub carriers: BTreeMap<String, Carrier>,
    /// Environment variables that code may see as they are, by name. In a sandbox there are no others.
    pub environment: Vec<String>,
    /// How long code may compute between two statements; 300 seconds by default.
    #[serde(deserialize_with = "values::limit")]
    pub code_time_limit: Duration,
    /// Bytes of memory that code may have in a sandbox; 1 GiB by default.
    #[serde(deserialize_with = "values::bytes")]
    pub code_memory_limit: u64,
    /// What concerns Flyway projects.
    pub flyway: FlywaySettings,
    /// What concerns Alembic projects.
    pub alembic: AlembicSettings,
    /// What concerns Knex projects.
    pub knex: KnexSettings,
    /// What concerns Rails projects.
    pub rails: RailsSettings,
    /// Which safety rules look, and what of theirs stops `up`.
    pub lint: LintSettings,
    /// `[plugin.NAME]`: what is said of plugins, by their names in migrations.
    pub plugin: BTreeMap<String, PluginTable>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            tool: None,
            url: None,
            migrations: None,
            table: TableName::default(),
            lock_timeout: Duration::from_secs(5),
            lock_wait: Duration::from_secs(60),
            retries: 5,
            carrier: None,
            carriers: BTreeMap::new(),
            environment: Vec::new(),
            code_time_limit: Duration::from_secs(300),
            code_memory_limit: 1 << 30,
            flyway: FlywaySettings::default(),
            alembic: AlembicSettings::default(),
            knex: KnexSettings::default(),
            rails: RailsSettings::default(),
            lint: LintSettings::default(),
            plugin: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// How a migration of a Rails project is run, by its version, in the same order.
    pub fn rails_carrier(&self, version: &str) -> Carrier {
        let own = self.rails.carriers.get(version).or_else(|| self.carriers.get(version));
        own.copied().or(self.rails.carrier).or(self.carrier).unwrap_or_default()
    }

    /// How a migration of an Alembic project is run: what is said of it alone comes before what is said of all, and
    /// `[alembic]` before the top of the file.
    pub fn alembic_carrier(&self, revision: &str) -> Carrier {
        let own = self.alembic.carriers.get(revision).or_else(|| self.carriers.get(revision));
        own.copied().or(self.alembic.carrier).or(self.carrier).unwrap_or_default()
    }
}

/// Why `dunlin.toml` cannot be used. No message shows a value of the file, since its `url` may hold a password.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file is there but cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something in it is wrong.
    #[error("{}:{line}: {message}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and the way out.
        message: String,
    },
}

impl Settings {
    /// Reads `dunlin.toml` of a project; without one everything has its default.
    pub fn load(project: &Path) -> Result<Settings, SettingsError> {
        let path = project.join(FILE_NAME);
        match fs::read_to_string(&path) {
            Ok(text) => Settings::parse(&path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Settings::default()),
            Err(error) => Err(SettingsError::Unreadable { path, error }),
        }
    }

    /// Reads the text of a `dunlin.toml`; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Settings, SettingsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let wrong = |offset: usize, message: String| {
            let before = text.as_bytes().iter().take(offset);
            let line = 1 + before.filter(|byte| **byte == b'\n').count();
            SettingsError::Wrong { path: path.to_owned(), line, message }
        };
        let of_toml = |error: toml::de::Error| {
            wrong(error.span().map_or(0, |span| span.start), error.message().replace('\n', "; "))
        };
        let table = DeTable::parse(text).map_err(of_toml)?;
        let table = table.get_ref();
        if let Some((offset, message)) = unknown_key(table) {
            return Err(wrong(offset, message));
        }
        toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let key = key_at(table, offset).unwrap_or_else(|| "?".to_owned());
            wrong(offset, format!("`{key}`: {}", error.message()))
        })
    }
}

#[cfg(test)]
mod tests;
