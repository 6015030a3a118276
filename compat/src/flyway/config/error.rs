//! What can be wrong with a Flyway configuration.

use std::path::PathBuf;

use super::provenance::Origin;

/// Why a configuration is refused. Messages follow Flyway's wording where Flyway has one, and add the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// An argument that Flyway's command line does not know or that is malformed.
    #[error("{0}")]
    Argument(String),
    /// A configuration file that was asked for is missing or cannot be read.
    #[error("Unable to load config file: {} ({reason})", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A configuration file that is not well formed.
    #[error(
        "Error parsing config file at [line {line}, column {column}] caused by: {reason}, syntax error shown by ^: {excerpt}\n\tin {}",
        path.display()
    )]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What the parser expected.
        reason: String,
        /// The line with `^` at the column.
        excerpt: String,
    },
    /// A value of the wrong type in a TOML file.
    #[error(
        "Error parsing config file due to a mismatched data type, caused by `{key}` namespace. Update this from {found} to `{expected}` to fix the parsing error \n\tin {origin}"
    )]
    Mismatch {
        /// The full key: `flyway.cleanDisabled`.
        key: String,
        /// What was found: `String value`.
        found: &'static str,
        /// What is wanted, in Flyway's words: `Boolean`.
        expected: &'static str,
        /// Where it stands.
        origin: Origin,
    },
    /// A text that does not denote a value of the parameter's type, from a CONF file, a variable or an argument.
    #[error("Invalid value for {key} ({expected}): {value} ({origin})")]
    Value {
        /// The full key: `flyway.cleanDisabled`.
        key: String,
        /// `should be either true or false`.
        expected: String,
        /// The text.
        value: String,
        /// Where it stands.
        origin: Origin,
    },
    /// A name used both as a value and as a group of values: `-a=1 -a.b=2`.
    #[error("{key} is given both a value and settings below it ({origin}). Keep one of the two.")]
    Conflict {
        /// The full key.
        key: String,
        /// Where the second one stands.
        origin: Origin,
    },
    /// Unknown, removed or misplaced keys in TOML mode.
    #[error("Failed to configure parameters:\n{0}")]
    UnknownParameters(String),
    /// Unknown keys in CONF mode.
    #[error(
        "Unknown configuration {}: {}. Please check your conf files or commandline parameters",
        if keys.len() == 1 { "property" } else { "properties" },
        keys.join(",")
    )]
    UnknownProperties {
        /// The keys, in order.
        keys: Vec<String>,
    },
    /// A setting that changes what a migration does and that dunlin does not have.
    #[error("{key} is not supported by dunlin: {reason} ({origin}). Remove the setting.")]
    Unsupported {
        /// The full key.
        key: String,
        /// What is missing.
        reason: String,
        /// Where it stands.
        origin: Origin,
    },
    /// `${…}` that cannot be replaced.
    #[error("{message} (in {key}, {origin})")]
    Resolver {
        /// Flyway's message.
        message: String,
        /// The full key.
        key: String,
        /// Where the value stands.
        origin: Origin,
    },
    /// Settings that contradict each other or that are not allowed.
    #[error("{0}")]
    Invalid(String),
}
