//! Alembic's configuration: `alembic.ini`, `[tool.alembic]` of `pyproject.toml`, or both, read as Alembic 1.20 does
//! (modules `alembic.config` and `alembic.script.base`).

pub mod error;
pub mod ini;
pub mod interpolation;
mod locations;
mod package;
pub mod provenance;
mod read;
mod sources;
pub mod toml_file;

use std::path::{Path, PathBuf};

pub use error::ConfigError;
pub use package::PackageSearch;
pub use provenance::{Origin, Setting};
pub use sources::{FileNames, Sources, file_names};

/// What a command line says about the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The working directory, absolute.
    pub directory: PathBuf,
    /// `-c`, in order.
    pub config: Vec<String>,
    /// `-n`: the section of the ini file.
    pub name: Option<String>,
    /// `-x`, in order.
    pub x: Vec<String>,
}

impl Invocation {
    /// `get_x_argument(as_dictionary=True)`: split at the first `=`; without one the value is empty. A later one wins.
    pub fn x_argument(&self, key: &str) -> Option<&str> {
        let pairs = self.x.iter().map(|argument| argument.split_once('=').unwrap_or((argument, "")));
        pairs.filter(|(name, _)| *name == key).map(|(_, value)| value).next_back()
    }
}

/// The section of the ini file that is read unless `-n` names another.
pub const DEFAULT_SECTION: &str = "alembic";

/// Everything that Alembic reads for its own use, and the files for what `env.py` reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The files.
    pub sources: Sources,
    /// The folder of `env.py` as it is written, relative to the working directory or absolute.
    pub script_location: Setting<PathBuf>,
    /// Where revision files are looked for, absolute.
    pub version_locations: Setting<Vec<PathBuf>>,
    /// Whether sub-folders of the version locations count.
    pub recursive_version_locations: Setting<bool>,
    /// Whether compiled files without a source count.
    pub sourceless: Setting<bool>,
    /// How new files are named: a Python `%` template.
    pub file_template: Setting<String>,
    /// The most characters of a message in a file's name. Never 0, but it may be negative.
    pub truncate_slug_length: Setting<i64>,
    /// The IANA zone of new files' dates; none: the machine's.
    pub timezone: Setting<Option<String>>,
    /// Put before Python's search path, as written.
    pub prepend_sys_path: Setting<Vec<String>>,
    /// Where modules are looked for, absolute: `prepend_sys_path`, installed packages, the working directory.
    pub search_path: Vec<PathBuf>,
    /// The encoding of new files, by Python's name.
    pub output_encoding: Setting<String>,
    /// Programs to run on a new file.
    pub post_write_hooks: Vec<Hook>,
    /// Deprecations that Alembic notes, which Python does not show unless asked to.
    pub notices: Vec<String>,
}

/// A program to run on a new file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// Its other keys: `type`, `entrypoint`, `executable`, `module`, `options`, `cwd`.
    pub options: Vec<(String, String)>,
}

impl Hook {
    /// One of its keys.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.options.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Any [`ConfigError`]; nothing is half loaded.
    pub fn load(
        invocation: &Invocation,
        environment: &dyn Fn(&str) -> Option<String>,
        packages: &PackageSearch,
    ) -> Result<Config, ConfigError> {
        let sources = Sources::read(invocation, environment)?;
        read::config(sources, invocation, packages)
    }

    /// The path of `env.py`.
    pub fn env_py(&self, directory: &Path) -> PathBuf {
        directory.join(&self.script_location.value).join("env.py")
    }

    /// `revision_environment`: whether `env.py` runs for `revision` and `merge` too.
    ///
    /// # Errors
    /// A value that is neither true nor false; Alembic reads it only when it writes a revision.
    pub fn revision_environment(&self) -> Result<bool, ConfigError> {
        read::revision_environment(&self.sources)
    }
}

#[cfg(test)]
mod tests;
