//! What can be wrong with an Alembic configuration.

use std::io;
use std::path::PathBuf;

use super::ini::IniError;
use super::interpolation::InterpolationError;
use super::provenance::Origin;
use crate::alembic::python::format::FormatError;
use crate::alembic::python::text::repr;

/// Why a configuration is refused. Where Alembic or Python has a message, it is that one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `-c` named two files of one kind.
    #[error("{0}")]
    Files(&'static str),
    /// A file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is not UTF-8.
    #[error("{}:{line}: the file is not UTF-8; save it as UTF-8", path.display())]
    Encoding {
        /// The file as it was named.
        path: PathBuf,
        /// The line of the first wrong byte, from 1.
        line: usize,
    },
    /// The ini file is malformed.
    #[error(transparent)]
    Ini(#[from] IniError),
    /// A value of the ini file has a wrong `%`.
    #[error("{origin}: {error}{}", percent_advice(.error))]
    Interpolation {
        /// The value's place.
        origin: Origin,
        /// `ConfigParser`'s message.
        error: InterpolationError,
    },
    /// `pyproject.toml` is malformed.
    #[error("{}:{line}: {message}", path.display())]
    Toml {
        /// The file as it was named.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// `[tool.alembic]` is not a table.
    #[error("Incorrect TOML format")]
    NotATable,
    /// A TOML value of a type that Alembic does not take.
    #[error("unsupported TOML value type for key: {}", repr(.0))]
    TomlType(String),
    /// A TOML value that should be a boolean.
    #[error("boolean value expected for TOML parameter {}", repr(.0))]
    TomlBoolean(String),
    /// A TOML string with a wrong `%`.
    #[error("{origin}: `{key}`: {error}")]
    Format {
        /// The value's place.
        origin: Origin,
        /// The key.
        key: String,
        /// Python's message.
        error: FormatError,
    },
    /// No `script_location`.
    #[error("No 'script_location' key found in configuration.")]
    NoScriptLocation,
    /// A section that is asked for is not there.
    #[error("No config file {} found, or file has no '[{section}]' section", repr(.file))]
    NoSection {
        /// The file as it was named.
        file: String,
        /// The section.
        section: String,
    },
    /// A value that cannot be understood.
    #[error("{origin}: `{key}`: {message}")]
    Value {
        /// The value's place.
        origin: Origin,
        /// The key.
        key: String,
        /// What is wrong, in Python's words where it has any.
        message: String,
    },
    /// `package:folder` whose package is not found.
    #[error(
        "{origin}: the package '{package}' of `{key}` is not found in {}; write the folder as %(here)s/… instead, or name \
         the package's parent folder in `site-packages` under [alembic] in dunlin.toml", folder_list(.searched)
    )]
    Package {
        /// The value's place.
        origin: Origin,
        /// The key.
        key: String,
        /// The package.
        package: String,
        /// Where it was looked for.
        searched: Vec<PathBuf>,
    },
}

fn percent_advice(error: &InterpolationError) -> &'static str {
    match error {
        InterpolationError::Percent(_) | InterpolationError::Reference(_) => " (write %% for a percent sign)",
        _ => "",
    }
}

fn folder_list(folders: &[PathBuf]) -> String {
    let shown: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    shown.join(", ")
}
