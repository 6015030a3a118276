//! Flyway's configuration, found, merged and read as the Flyway 13 command line does it.
//!
//! Two modes exclude each other: TOML files, and older CONF files. Which one it is follows from the files found
//! (`discovery`); then files, environment variables and arguments are layered, the later over the earlier.

mod arguments;
mod charset;
mod conf_file;
mod conf_model;
mod discovery;
mod environment;
mod error;
mod flat;
mod info_filter;
mod layers;
mod model;
pub mod parameters;
mod paths;
mod provenance;
mod resolve_model;
mod resolver;
mod settings;
mod text;
mod toml_file;
mod tree;
mod types;
mod unknown;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use arguments::{Color, Help, Invocation, Verbosity};
pub use charset::Charset;
pub use environment::{Environment, ProcessEnvironment, key_of_variable};
pub use error::ConfigError;
pub use info_filter::InfoFilter;
pub use provenance::Origin;
pub use settings::Config;
pub use types::{IgnorePattern, PatternState, PatternType, Placeholders, Secret, Target, TargetPoint};

/// Which kind of configuration files is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// TOML files, or no files at all.
    Toml,
    /// CONF files.
    Conf,
}

/// A configuration and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The parameters in effect.
    pub config: Config,
    /// The kind of files.
    pub mode: Mode,
    /// The files read, in order; a later one overrides an earlier one.
    pub files: Vec<PathBuf>,
    /// Where each parameter's value comes from, by full key: `flyway.table`, `environments.default.url`.
    pub provenance: BTreeMap<String, Origin>,
    /// What the user should know: missing files, ignored settings, misspelt keys next to other programs' tables.
    pub warnings: Vec<String>,
}

/// Loads the configuration that a command line has in a process environment.
///
/// # Errors
/// Any [`ConfigError`]; nothing is half loaded.
pub fn load(invocation: &Invocation, environment: &dyn Environment) -> Result<Loaded, ConfigError> {
    let mut warnings = Vec::new();
    let mode = discovery::mode(invocation, environment, &mut warnings)?;
    match mode {
        Mode::Toml => layers::load_toml(invocation, environment, warnings),
        Mode::Conf => layers::load_conf(invocation, environment, warnings),
    }
}

#[cfg(test)]
mod tests;
