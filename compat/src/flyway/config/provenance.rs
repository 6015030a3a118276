//! Where a setting came from.

use std::fmt;
use std::path::PathBuf;

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1, of the setting's first occurrence in effect.
        line: usize,
    },
    /// Configuration read from standard input (`-configFiles=-`).
    StandardInput {
        /// Line, from 1.
        line: usize,
    },
    /// An environment variable, by name.
    Variable(String),
    /// A command line argument, by name without its value: `-cleanDisabled`.
    Argument(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => formatter.write_str("default"),
            Origin::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Origin::StandardInput { line } => write!(formatter, "standard input, line {line}"),
            Origin::Variable(name) => write!(formatter, "environment variable {name}"),
            Origin::Argument(name) => write!(formatter, "argument {name}"),
        }
    }
}
