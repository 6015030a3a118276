//! What a plugin is given: limits, grants, options.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;
use std::{fmt, fs, io};

use dunlin_compat::settings::plugin::{EnvironmentReference, FileReference, OptionTable, PluginTable};
use thiserror::Error;

use crate::wasm::Limits;

/// How a plugin is run. The default grants nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginSettings {
    /// Bounds on what it uses.
    pub limits: Limits,
    /// What it may use beside its arguments.
    pub grants: Grants,
    /// Its options by name.
    pub options: BTreeMap<String, OptionValue>,
    /// The SHA-256 that its file must have, in lower-case hexadecimal.
    pub sha256: Option<String>,
}

impl Default for PluginSettings {
    fn default() -> PluginSettings {
        PluginSettings {
            limits: Limits { memory: 256 << 20, time: Duration::from_secs(10), output: 64 << 20 },
            grants: Grants::default(),
            options: BTreeMap::new(),
            sha256: None,
        }
    }
}

/// What a plugin may use beside its arguments. There is no grant for the network: what a plugin has from there would be
/// another thing each time, and a chunk would wait for it with its rows locked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// The time of day, and waiting.
    pub clock: bool,
    /// Random numbers.
    pub random: bool,
    /// Folders that it may read: the name it sees, and where it is.
    pub read: Vec<(String, PathBuf)>,
}

impl Grants {
    /// In words, for records and people: `clock, read reference`; empty when nothing is granted.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.clock {
            words.push("clock".to_owned());
        }
        if self.random {
            words.push("random".to_owned());
        }
        words.extend(self.read.iter().map(|(name, _)| format!("read {name}")));
        words
    }
}

/// The value of an option. A secret's is in no output.
#[derive(Clone, PartialEq, Eq)]
pub struct OptionValue {
    /// What the plugin gets.
    pub value: String,
    /// Where a secret came from, to be shown and recorded in its place: `env CLINIC_KEY`.
    pub reference: Option<String>,
}

impl OptionValue {
    /// A value that may be shown.
    pub fn plain(value: impl Into<String>) -> OptionValue {
        OptionValue { value: value.into(), reference: None }
    }

    /// A value that may not.
    pub fn secret(value: impl Into<String>, reference: impl Into<String>) -> OptionValue {
        OptionValue { value: value.into(), reference: Some(reference.into()) }
    }
}

impl fmt::Debug for OptionValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reference {
            Some(reference) => write!(formatter, "({reference})"),
            None => write!(formatter, "{:?}", self.value),
        }
    }
}

/// Why a plugin's table of `dunlin.toml` cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// A variable that holds an option is not set.
    #[error(
        "the option `{option}` of the plugin {plugin} is in the environment variable {variable}, which is not set"
    )]
    NotSet {
        /// The plugin.
        plugin: String,
        /// The option.
        option: String,
        /// The variable.
        variable: String,
    },
    /// A file that holds an option cannot be read.
    #[error("the option `{option}` of the plugin {plugin} is in {}, which cannot be read: {error}", path.display())]
    Unreadable {
        /// The plugin.
        plugin: String,
        /// The option.
        option: String,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A folder that is granted lies outside of the project.
    #[error("the plugin {plugin} is granted {}, which does not lie in the project", folder.display())]
    Outside {
        /// The plugin.
        plugin: String,
        /// The folder.
        folder: PathBuf,
    },
}

impl TableError {
    /// What to do, as a sentence.
    pub fn advice(&self) -> Option<String> {
        match self {
            TableError::NotSet { variable, .. } => Some(format!("Set {variable} and run again.")),
            TableError::Outside { .. } => {
                Some("Grant folders of the project, by relative paths without `..`.".to_owned())
            }
            TableError::Unreadable { .. } => None,
        }
    }
}

impl PluginSettings {
    /// What a table says, with secrets fetched from where it says. `project` is the directory that its paths are
    /// relative to.
    ///
    /// # Errors
    /// A secret cannot be had, or a folder is not the project's to grant.
    pub fn of_table(name: &str, table: &PluginTable, project: &Path) -> Result<PluginSettings, TableError> {
        let PluginSettings { limits, .. } = PluginSettings::default();
        let limits = Limits {
            memory: table.memory.unwrap_or(limits.memory),
            time: table.time.unwrap_or(limits.time),
            output: table.output.unwrap_or(limits.output),
        };
        let mut read = Vec::new();
        for folder in &table.grant.read {
            let inside =
                folder.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            if !inside {
                return Err(TableError::Outside { plugin: name.to_owned(), folder: folder.clone() });
            }
            let seen: Vec<String> =
                folder.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            read.push((seen.join("/"), project.join(folder)));
        }
        let mut options = BTreeMap::new();
        for (option, value) in &table.options {
            options.insert(option.clone(), option_value(name, option, value, project)?);
        }
        let grants = Grants { clock: table.grant.clock, random: table.grant.random, read };
        Ok(PluginSettings { limits, grants, options, sha256: table.sha256.clone() })
    }
}

fn option_value(
    plugin: &str,
    option: &str,
    value: &OptionTable,
    project: &Path,
) -> Result<OptionValue, TableError> {
    let (plugin, option) = (plugin.to_owned(), option.to_owned());
    Ok(match value {
        OptionTable::Text(text) => OptionValue::plain(text),
        OptionTable::Integer(number) => OptionValue::plain(number.to_string()),
        OptionTable::Boolean(truth) => OptionValue::plain(truth.to_string()),
        OptionTable::Environment(EnvironmentReference { env }) => match std::env::var(env) {
            Ok(secret) => OptionValue::secret(secret, format!("env {env}")),
            Err(_) => return Err(TableError::NotSet { plugin, option, variable: env.clone() }),
        },
        OptionTable::File(FileReference { file }) => {
            let path = project.join(file);
            match fs::read_to_string(&path) {
                Ok(text) => {
                    let secret = text.strip_suffix('\n').unwrap_or(&text);
                    let secret = secret.strip_suffix('\r').unwrap_or(secret);
                    OptionValue::secret(secret, format!("file {}", file.display()))
                }
                Err(error) => return Err(TableError::Unreadable { plugin, option, path, error }),
            }
        }
    })
}

/// Where a plugin's file is: where its table says, else `plugins/NAME.wasm` in the project.
pub fn file_of(name: &str, table: Option<&PluginTable>, project: &Path) -> PathBuf {
    let path = match table.and_then(|table| table.path.as_ref()) {
        Some(path) => project.join(path),
        None => project.join("plugins").join(format!("{name}.wasm")),
    };
    // Without the `./` that nobody wrote.
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}
