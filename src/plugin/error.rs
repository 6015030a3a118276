//! What goes wrong with plugins, said once and with the way out.

use std::fmt;
use std::io;
use std::path::PathBuf;

use semver::Version;
use thiserror::Error;

use super::settings::TableError;
use crate::wasm::{Exceeded, WasmError};

/// Why a plugin cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The file cannot be read.
    #[error("the plugin {} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is no plugin.
    #[error("{} is no plugin: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It was built for another version of the interface.
    #[error(
        "{} was built for version {plugin} of the plugin interface, and this dunlin speaks {engine}",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// What it was built for.
        plugin: Version,
        /// What this engine speaks.
        engine: Version,
    },
    /// It needs something that is not offered.
    #[error("{} needs {import}, which dunlin does not offer to plugins", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// The import as the component names it.
        import: String,
    },
    /// It does something else than what it is used for.
    #[error("{} cannot be used as a {wanted}: it is {has}", path.display())]
    World {
        /// The file.
        path: PathBuf,
        /// `transform`, `step` or `rule`.
        wanted: &'static str,
        /// What it is.
        has: String,
    },
    /// It is not the file that `dunlin.toml` names by its digest.
    #[error("{} has changed: its SHA-256 is {found}, and dunlin.toml says {expected}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The digest in `dunlin.toml`.
        expected: String,
        /// The digest of the file.
        found: String,
    },
    /// Its options or the table do not do.
    #[error("plugin {plugin}: {reason}")]
    Setup {
        /// Name and version.
        plugin: String,
        /// What is wrong.
        reason: String,
    },
    /// What `dunlin.toml` says of it cannot be used.
    #[error(transparent)]
    Table(#[from] TableError),
    /// It failed before it saw a row.
    #[error(transparent)]
    Call(Box<CallError>),
    /// WebAssembly does not run here.
    #[error(transparent)]
    Wasm(#[from] WasmError),
}

impl PluginError {
    /// A stable code for JSON.
    pub fn code(&self) -> &'static str {
        match self {
            PluginError::Unreadable { .. } => "PLUGIN_UNREADABLE",
            PluginError::Invalid { .. } => "PLUGIN_INVALID",
            PluginError::Version { .. } => "PLUGIN_VERSION",
            PluginError::Import { .. } => "PLUGIN_IMPORT",
            PluginError::World { .. } => "PLUGIN_WORLD",
            PluginError::Changed { .. } => "PLUGIN_CHANGED",
            PluginError::Setup { .. } => "PLUGIN_SETUP",
            PluginError::Table(_) => "PLUGIN_SETTINGS",
            PluginError::Call(_) => "PLUGIN_FAILED",
            PluginError::Wasm(_) => "PLUGIN_RUNTIME",
        }
    }

    /// What to do, as a sentence.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            PluginError::Unreadable { path, error } if error.kind() == io::ErrorKind::NotFound => {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                format!(
                    "`dunlin plugin build {name}` compiles it from plugins/{name}; `path` under [plugin.{name}] in dunlin.toml names \
                     another file."
                )
            }
            PluginError::Unreadable { .. } => "Check that it is a file that may be read.".to_owned(),
            PluginError::Invalid { .. } => {
                "`dunlin plugin build` makes a plugin; `dunlin plugin inspect` says what a file is."
                    .to_owned()
            }
            PluginError::Version { plugin, engine, .. } if plugin > engine => {
                "Use a newer dunlin, or build the plugin with an older SDK.".to_owned()
            }
            PluginError::Version { .. } => "Build the plugin anew with the SDK of this dunlin.".to_owned(),
            PluginError::Import { import, .. } if import.starts_with("wasi:http") => {
                "Plugins make no requests. Give the plugin what it needs as an option.".to_owned()
            }
            PluginError::Import { .. } => {
                "Build it against the world `transform`, `step` or `rule` of `dunlin:migration`.".to_owned()
            }
            PluginError::Changed { .. } => {
                "Restore the file, or read what changed and write the new digest into dunlin.toml.".to_owned()
            }
            PluginError::Table(error) => return error.advice(),
            PluginError::Call(error) => return error.advice(),
            _ => return None,
        })
    }
}

impl From<CallError> for PluginError {
    fn from(error: CallError) -> PluginError {
        PluginError::Call(Box::new(error))
    }
}

/// A call of a plugin that failed. Nothing of what it was called for is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// Name and version of the plugin, or its file's name before these are known.
    pub plugin: String,
    /// The row of the chunk, from 0, where one is to blame.
    pub row: Option<usize>,
    /// Where: `the row id=7`, or the rows of the whole chunk.
    pub place: Option<String>,
    /// The column that it is about.
    pub column: Option<String>,
    /// What happened.
    pub cause: Cause,
}

/// The ways in which a plugin fails.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// It crashed; the reason with what it said last.
    Trap(String),
    /// It ran into a limit.
    Exceeded(Exceeded),
    /// It used what was not granted to it.
    NotGranted(Capability),
    /// It gave a value that the column cannot take.
    WrongType(String),
    /// It gave values for other columns than it said, or named a column that is not there.
    WrongColumn(String),
    /// It changed a row's key, or a row that was not given to it.
    ChangedKey(String),
    /// It reported an error itself.
    Refused(String),
}

/// What a plugin may be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// The time of day, and waiting.
    Clock,
    /// Random numbers.
    Random,
    /// Files.
    Files,
    /// Connections.
    Network,
    /// The database, which is for steps.
    Database,
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Capability::Clock => "the clock",
            Capability::Random => "random numbers",
            Capability::Files => "files",
            Capability::Network => "the network",
            Capability::Database => "the database",
        })
    }
}

/// Ends a guest that uses what it was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0} was not granted")]
pub struct NotGranted(pub Capability);

impl fmt::Display for CallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "plugin {}", self.plugin)?;
        if let Some(place) = &self.place {
            write!(formatter, ", {place}")?;
        }
        if let Some(column) = &self.column {
            write!(formatter, ", column {column}")?;
        }
        formatter.write_str(": ")?;
        match &self.cause {
            Cause::Trap(reason) => write!(formatter, "it crashed: {reason}"),
            Cause::Exceeded(exceeded) => write!(formatter, "it took {exceeded}"),
            Cause::NotGranted(capability) => {
                write!(formatter, "it used {capability}, which is not granted to it")
            }
            Cause::WrongType(reason) => write!(formatter, "the new value does not fit: {reason}"),
            Cause::WrongColumn(reason) | Cause::ChangedKey(reason) | Cause::Refused(reason) => {
                formatter.write_str(reason)
            }
        }
    }
}

impl std::error::Error for CallError {}

impl CallError {
    /// What to do, as a sentence.
    pub fn advice(&self) -> Option<String> {
        Some(match &self.cause {
            Cause::Exceeded(exceeded) => {
                let key = match exceeded {
                    Exceeded::Memory(_) | Exceeded::Table(_) => "memory",
                    Exceeded::Time(_) => "time",
                    Exceeded::Output(_) => "output",
                };
                format!("Mend the plugin; or, if it is right, raise `{key}` in its table of dunlin.toml.")
            }
            Cause::NotGranted(Capability::Database) => {
                "Rows reach a transform by its `reads`; for statements write a plugin of the world `step`."
                    .to_owned()
            }
            Cause::NotGranted(Capability::Network) => {
                "Plugins have no network. Give the plugin what it needs as an option.".to_owned()
            }
            Cause::NotGranted(capability) => {
                let key = match capability {
                    Capability::Clock => "clock = true",
                    Capability::Random => "random = true",
                    _ => "read = [\"folder\"]",
                };
                format!("If it should have it, write `grant.{key}` into its table of dunlin.toml.")
            }
            Cause::Trap(_) => "Mend the plugin; `dunlin plugin test` runs it on rows from a file.".to_owned(),
            Cause::WrongType(_) | Cause::WrongColumn(_) | Cause::ChangedKey(_) => {
                "Mend the plugin; docs/plugins.md says what it may return.".to_owned()
            }
            Cause::Refused(_) => return None,
        })
    }
}
