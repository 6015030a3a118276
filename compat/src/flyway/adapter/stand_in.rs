//! Files that run instead of migrations that cannot be run here, such as Java classes.

use std::path::PathBuf;

use crate::flyway::history::MigrationType;
use crate::flyway::version::MigrationVersion;

/// A file to run in place of a migration, SQL or blocks of the native format, and what the history records: the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// The original's version; `None` for a repeatable migration.
    pub version: Option<MigrationVersion>,
    /// The original's description.
    pub description: String,
    /// The original's script: the name of the Java class.
    pub script: String,
    /// The original's type: `JDBC`.
    pub kind: MigrationType,
    /// The original's checksum; Java classes have none unless they say so.
    pub checksum: Option<i32>,
    /// The file to run, absolute.
    pub path: PathBuf,
}
