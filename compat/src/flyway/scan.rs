//! Finding the scripts of a project: what a scan depends on, what it finds, and why it fails.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::flyway::callback::CallbackScript;
use crate::flyway::collision::Collision;
use crate::flyway::encoding::{ENCODING_ADVICE, MalformedText, UnknownCharset};
use crate::flyway::location::LocationError;
use crate::flyway::name::{NameError, Naming};
use crate::flyway::placeholder::{PlaceholderError, Placeholders};
pub use crate::flyway::scan_files::{scan, scan_into};
pub use crate::flyway::scan_migration::{MigrationKind, ResolvedMigration};
pub use crate::flyway::scan_walk::{Notice, NoticeLevel};
use crate::flyway::script_config::ScriptConfigError;

/// The settings that a scan depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanOptions {
    /// The working directory, absolute: relative locations start here.
    pub project: PathBuf,
    /// `locations`.
    pub locations: Vec<String>,
    /// `callbackLocations`; empty: callbacks are in `locations`.
    pub callback_locations: Vec<String>,
    /// `failOnMissingLocations`.
    pub fail_on_missing_locations: bool,
    /// Prefixes, separator and suffixes.
    pub naming: Naming,
    /// `encoding`, a Java name.
    pub encoding: String,
    /// `detectEncoding`.
    pub detect_encoding: bool,
    /// `placeholderReplacement`.
    pub placeholder_replacement: bool,
    /// `skipDefaultResolvers`: no migrations.
    pub skip_default_resolvers: bool,
    /// `skipDefaultCallbacks`: no SQL callbacks, though programs still.
    pub skip_default_callbacks: bool,
}

impl ScanOptions {
    /// Flyway's defaults for a working directory and locations.
    pub fn new(project: impl Into<PathBuf>, locations: &[&str]) -> ScanOptions {
        ScanOptions {
            project: project.into(),
            locations: locations.iter().map(|text| (*text).to_owned()).collect(),
            callback_locations: Vec::new(),
            fail_on_missing_locations: false,
            naming: Naming::default(),
            encoding: "UTF-8".to_owned(),
            detect_encoding: false,
            placeholder_replacement: true,
            skip_default_resolvers: false,
            skip_default_callbacks: false,
        }
    }
}

/// What a project has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// The migrations in Flyway's order: see [`arrange`](crate::flyway::collision::arrange).
    pub migrations: Vec<ResolvedMigration>,
    /// The callbacks: programs first, then SQL, each by event and description.
    pub callbacks: Vec<CallbackScript>,
    /// What to tell the user.
    pub notices: Vec<Notice>,
    /// Files with an SQL suffix whose names fit no pattern. Flyway counts them, or with `validateMigrationNaming` fails:
    /// see [`Scan::bad_names_message`].
    pub bad_names: Vec<BadName>,
}

/// A file whose name fits no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadName {
    /// The absolute path.
    pub path: PathBuf,
    /// What is wrong.
    pub error: NameError,
}

impl Scan {
    /// What Flyway says of badly named files: the failure under `validateMigrationNaming`, else two lines of information.
    pub fn bad_names_message(&self, validate_migration_naming: bool) -> Option<String> {
        if self.bad_names.is_empty() {
            return None;
        }
        if validate_migration_naming {
            let errors: Vec<String> = self.bad_names.iter().map(|bad| bad.error.to_string()).collect();
            return Some(format!("Invalid SQL filenames found:\r\n{}", errors.join("\r\n")));
        }
        Some(format!(
            "{} SQL migrations were detected but not run because they did not follow the filename convention.\nSet \
             'validateMigrationNaming' to true to fail fast and see a list of the invalid file names.",
            self.bad_names.len()
        ))
    }

    /// Computes [`ResolvedMigration::checksum_replaced`] of all repeatable migrations: `sql` are the placeholders of SQL
    /// files, `programs` those of programs ([`Placeholders::for_programs`]).
    pub fn replace_placeholders(
        &mut self,
        sql: &Placeholders,
        programs: &Placeholders,
    ) -> Result<(), ScanError> {
        for migration in &mut self.migrations {
            migration.checksum_replaced = migration.compute_replaced(sql, programs)?;
        }
        Ok(())
    }
}

/// Why a project could not be scanned.
#[derive(Debug, Error)]
pub enum ScanError {
    /// A location that cannot be understood.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// A location that is not there, with `failOnMissingLocations`.
    #[error("{0}")]
    MissingLocation(String),
    /// Two migrations claim one place.
    #[error(transparent)]
    Collision(#[from] Collision),
    /// Two SQL callbacks have one name.
    #[error(
        "Found more than 1 SQL callback script called {name}!\nOffenders:\n-> {}\n-> {}", first.display(), second.display()
    )]
    DuplicateCallback {
        /// The name without suffix.
        name: String,
        /// The first file.
        first: PathBuf,
        /// The second file.
        second: PathBuf,
    },
    /// Two kinds of migrations that nothing tells apart.
    #[error(
        "{first} and {second} are both '{prefix}', so that a file would be two migrations. Change one of them!"
    )]
    EqualPrefixes {
        /// A setting.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// Their value.
        prefix: String,
    },
    /// A file that cannot be read.
    #[error("Unable to load filesystem resource: {} ({source})", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An `encoding` that is not known.
    #[error("{place}: {source}")]
    Charset {
        /// Where it is set: `encoding` or a `.conf` file.
        place: String,
        /// What is wrong.
        source: UnknownCharset,
    },
    /// A file that is no text in its encoding.
    #[error("Unable to calculate checksum of {}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: MalformedText,
    },
    /// A `.conf` file that cannot be used.
    #[error(transparent)]
    Config(#[from] ScriptConfigError),
    /// A placeholder that cannot be replaced.
    #[error("{}:{}: {source}", path.display(), source.line())]
    Placeholder {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: PlaceholderError,
    },
    /// A file that changed between the scan and its run.
    #[error("{} changed while the command was running; run it again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl ScanError {
    /// The message in Flyway's words alone, without the places that `Display` adds.
    pub fn flyway_message(&self) -> String {
        match self {
            ScanError::Malformed { path, .. } => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                format!("Unable to calculate checksum of {name}\n{ENCODING_ADVICE}")
            }
            ScanError::Placeholder { source, .. }
            | ScanError::Config(ScriptConfigError::Placeholder { source, .. }) => source.to_string(),
            ScanError::Config(error) => error.flyway_message(),
            _ => self.to_string(),
        }
    }

    /// The file and the line in it, from 1, that the error is about; of collisions the first file.
    pub fn place(&self) -> Option<(&Path, usize)> {
        match self {
            ScanError::Location(_)
            | ScanError::MissingLocation(_)
            | ScanError::EqualPrefixes { .. }
            | ScanError::Charset { .. } => None,
            ScanError::Collision(collision) => Some((&collision.offenders[0].path, 1)),
            ScanError::DuplicateCallback { first, .. } => Some((first, 1)),
            ScanError::Read { path, .. } | ScanError::Changed { path } => Some((path, 1)),
            ScanError::Malformed { path, source } => Some((path, source.line)),
            ScanError::Placeholder { path, source } => Some((path, source.line())),
            ScanError::Config(error) => Some(error.place()),
        }
    }

    /// Flyway's error code.
    pub fn code(&self) -> &'static str {
        match self {
            ScanError::Collision(collision) => collision.code(),
            ScanError::Config(
                ScriptConfigError::UnknownKeys { .. } | ScriptConfigError::NotBoolean { .. },
            ) => "CONFIGURATION",
            _ => "ERROR",
        }
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
