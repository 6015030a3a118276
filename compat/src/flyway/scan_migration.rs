//! A migration found by a scan, and its text (classes `ResolvedMigrationImpl` and `ChecksumMatcher`).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::flyway::callback::CallbackScript;
use crate::flyway::checksum::checksum;
use crate::flyway::encoding::{Charset, strip_byte_order_marks};
use crate::flyway::name::{NameKind, ResourceName};
use crate::flyway::placeholder::Placeholders;
use crate::flyway::scan::ScanError;
use crate::flyway::script_config::ScriptConfig;
use crate::flyway::version::MigrationVersion;

/// What kind of migration a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MigrationKind {
    /// `V`.
    Versioned,
    /// `R`.
    Repeatable,
    /// `B`.
    Baseline,
    /// `U`.
    Undo,
}

/// A migration found in a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedMigration {
    /// What kind it is.
    pub kind: MigrationKind,
    /// Whether it is a program rather than SQL.
    pub is_program: bool,
    /// The version; `None` for a repeatable migration.
    pub version: Option<MigrationVersion>,
    /// The description, possibly empty.
    pub description: String,
    /// Path relative to its location, with `/`.
    pub script: String,
    /// The absolute path.
    pub path: PathBuf,
    /// Its type as in the history: `SQL`, `SCRIPT`, `SQL_BASELINE`, and for undo `UNDO_SQL` and `UNDO_SCRIPT`.
    pub type_name: &'static str,
    /// Checksum of the text as it is.
    pub checksum: i32,
    /// Checksum of the text with placeholders replaced, which is what Flyway records for a repeatable migration;
    /// `None` for others, without replacement, and before [`Scan::replace_placeholders`](crate::flyway::scan::Scan::replace_placeholders).
    pub checksum_replaced: Option<i32>,
    /// How its bytes become text.
    pub charset: Charset,
    /// Its name, parsed.
    pub name: ResourceName,
    /// Settings of its `.conf` file, if it has one.
    pub config: Option<ScriptConfig>,
    /// Whether placeholders in its text are to be replaced.
    pub placeholder_replacement: bool,
    /// The text of a repeatable migration, kept for its second checksum.
    pub(super) text: Option<Arc<str>>,
}

impl ResolvedMigration {
    /// The checksum to write to the history.
    pub fn recorded_checksum(&self) -> i32 {
        self.checksum_replaced.unwrap_or(self.checksum)
    }

    /// Whether a checksum of the history belongs to this file: one of the text as it is, or after replacement.
    pub fn checksum_matches(&self, recorded: Option<i32>) -> bool {
        recorded.is_some_and(|recorded| Some(recorded) == self.checksum_replaced || recorded == self.checksum)
    }

    /// Reads the file again and returns its text as it is. Fails when it no longer has the checksum of the scan.
    pub fn load_text(&self) -> Result<String, ScanError> {
        let text = load(&self.path, self.charset)?;
        if checksum(&text) == self.checksum {
            return Ok(text);
        }
        Err(ScanError::Changed { path: self.path.clone() })
    }

    /// The text to run: without byte order marks and, where this script wants that, with placeholders replaced.
    pub fn load_sql(&self, placeholders: &Placeholders) -> Result<String, ScanError> {
        let text = self.load_text()?;
        sql_to_run(&text, &self.path, &self.name, self.placeholder_replacement.then_some(placeholders))
    }

    pub(super) fn compute_replaced(
        &self,
        sql: &Placeholders,
        programs: &Placeholders,
    ) -> Result<Option<i32>, ScanError> {
        let Some(text) = self.text.as_deref().filter(|_| self.placeholder_replacement) else {
            return Ok(None);
        };
        let replaced = if self.is_program {
            programs.replace(text).map(|text| checksum(&text))
        } else {
            sql.with_file_name(&self.name.file_name()).replace(text).map(|text| checksum(&text))
        };
        replaced.map(Some).map_err(|source| ScanError::Placeholder { path: self.path.clone(), source })
    }
}

impl CallbackScript {
    /// The text to run: without byte order marks and, where this script wants that, with placeholders replaced.
    pub fn load_sql(&self, placeholders: &Placeholders) -> Result<String, ScanError> {
        let text = load(&self.path, self.charset)?;
        sql_to_run(&text, &self.path, &self.name, self.placeholder_replacement.then_some(placeholders))
    }
}

pub(super) fn migration_kind(kind: NameKind) -> Option<MigrationKind> {
    match kind {
        NameKind::Versioned => Some(MigrationKind::Versioned),
        NameKind::Repeatable => Some(MigrationKind::Repeatable),
        NameKind::Baseline => Some(MigrationKind::Baseline),
        NameKind::Undo => Some(MigrationKind::Undo),
        NameKind::Callback(_) => None,
    }
}

pub(super) fn type_name(kind: MigrationKind, is_program: bool) -> &'static str {
    match (kind, is_program) {
        // A baseline migration that is a program has this type as well.
        (MigrationKind::Baseline, _) => "SQL_BASELINE",
        (MigrationKind::Versioned | MigrationKind::Repeatable, false) => "SQL",
        (MigrationKind::Versioned | MigrationKind::Repeatable, true) => "SCRIPT",
        (MigrationKind::Undo, false) => "UNDO_SQL",
        (MigrationKind::Undo, true) => "UNDO_SCRIPT",
    }
}

fn load(path: &Path, charset: Charset) -> Result<String, ScanError> {
    let bytes = fs::read(path).map_err(|source| ScanError::Read { path: path.to_owned(), source })?;
    Ok(decode(&bytes, charset, path)?.into_owned())
}

fn sql_to_run(
    text: &str,
    path: &Path,
    name: &ResourceName,
    placeholders: Option<&Placeholders>,
) -> Result<String, ScanError> {
    let text = strip_byte_order_marks(text);
    let Some(placeholders) = placeholders else {
        return Ok(text.into_owned());
    };
    let replaced = placeholders
        .with_file_name(&name.file_name())
        .replace(&text)
        .map_err(|source| ScanError::Placeholder { path: path.to_owned(), source })?;
    Ok(replaced.into_owned())
}

pub(super) fn decode<'b>(
    bytes: &'b [u8],
    charset: Charset,
    path: &Path,
) -> Result<std::borrow::Cow<'b, str>, ScanError> {
    charset.decode(bytes).map_err(|source| ScanError::Malformed { path: path.to_owned(), source })
}
