//! The folder: which files are migrations, and in which order.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::model::{AdapterError, Problem, TransactionRule};

use super::parse::{Directive, Document, parse};
use super::parse_error::ParseError;
use super::rows;
use super::text::with_plain_line_ends;
use super::version::Version;

/// A migration of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationFile {
    /// The version as the file's name writes it.
    pub version: Version,
    /// What follows it in the file's name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its blocks.
    pub document: Document,
}

impl MigrationFile {
    /// How messages name it: the file's name without `.sql`.
    pub fn title(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }

    /// Whether it says how to revert it: a `down` block in which at least a comment stands.
    pub fn is_reversible(&self) -> bool {
        self.document.backward().any(|block| !block.is_blank())
    }

    /// The plugins that its `up` runs, by name, each once.
    pub fn plugins(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for block in self.document.forward() {
            names.extend(block.plugin().filter(|plugin| !names.contains(plugin)));
        }
        names
    }

    /// Whether it stands for every migration up to its own version.
    pub fn is_baseline(&self) -> bool {
        self.document.is_baseline()
    }

    /// The SHA-256, in lower-case hexadecimal, of what `up` runs: the directives in a canonical spelling and the text under
    /// each, with line ends as LF and without white space around it. Down blocks and the preamble do not count, so that a
    /// better down can be written for what has long been applied.
    pub fn checksum(&self) -> String {
        let mut digest = Sha256::new();
        for block in self.document.forward() {
            digest.update(canonical_heading(&block.directive));
            digest.update(with_plain_line_ends(block.text.trim()));
            digest.update("\n");
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn canonical_heading(directive: &Directive) -> String {
    let options: String = match directive {
        Directive::Up { transaction }
        | Directive::Down { transaction }
        | Directive::Baseline { transaction } => match transaction {
            TransactionRule::Auto | TransactionRule::AutoUnmixed => String::new(),
            TransactionRule::Always => " transaction=always".to_owned(),
            TransactionRule::Never => " transaction=none".to_owned(),
        },
        Directive::Backfill { plugin, rows } => rows::canonical_option("plugin", plugin) + &rows.canonical(),
        Directive::Batch { rows } => rows.canonical(),
        Directive::Step { plugin, .. } => rows::canonical_option("plugin", plugin),
    };
    format!("-- migrate:{}{options}\n", directive.name())
}

/// Why a folder of migrations cannot be used. Every message names the file and the way out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The folder is not there.
    #[error("there is no folder {}", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The folder or a file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A folder where a migration file should be.
    #[error("{} is a folder, but is named like a migration", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// An `.sql` file whose name does not fit.
    #[error("{}: {reason}", path.display())]
    BadName {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: &'static str,
    },
    /// A file that is not UTF-8.
    #[error("{}:{line}: not UTF-8 at byte {offset}", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Offset of the first wrong byte, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
    },
    /// Two files with one version.
    #[error("{} and {} have the same version", first.display(), second.display())]
    SameVersion {
        /// The first by name.
        first: PathBuf,
        /// The second by name.
        second: PathBuf,
    },
    /// A file older than the baseline, which stands for all of those.
    #[error("{} is older than the baseline {}, which stands for every migration up to its own version", path.display(), baseline.display())]
    BelowBaseline {
        /// The file.
        path: PathBuf,
        /// The baseline.
        baseline: PathBuf,
    },
    /// A file that does not parse.
    #[error("{}:{}: {}", path.display(), error.line, error.reason)]
    Parse {
        /// The file.
        path: PathBuf,
        /// The error.
        error: ParseError,
    },
}

impl LayoutError {
    /// What to do, as a sentence.
    pub fn advice(&self) -> String {
        match self {
            LayoutError::NoFolder { .. } => {
                "`dunlin new <name>` creates it with a first migration; `migrations` in dunlin.toml names another."
                    .to_owned()
            }
            LayoutError::Unreadable { .. } => "Check that it exists and may be read.".to_owned(),
            LayoutError::Folder { .. } => "Rename the folder.".to_owned(),
            LayoutError::BadName { .. } => {
                "Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in \
                 another folder."
                    .to_owned()
            }
            LayoutError::NotUtf8 { .. } => "Save the file as UTF-8.".to_owned(),
            LayoutError::SameVersion { .. } => "Give one of them another version.".to_owned(),
            LayoutError::BelowBaseline { .. } => {
                "Give it a later version if what it does is not in the baseline; else delete it.".to_owned()
            }
            LayoutError::Parse { error, .. } => error.reason.advice(),
        }
    }

    /// The file and line it is about.
    fn place(&self) -> (PathBuf, usize) {
        match self {
            LayoutError::NoFolder { path }
            | LayoutError::Unreadable { path, .. }
            | LayoutError::Folder { path }
            | LayoutError::BadName { path, .. }
            | LayoutError::BelowBaseline { path, .. }
            | LayoutError::SameVersion { second: path, .. } => (path.clone(), 1),
            LayoutError::NotUtf8 { path, line, .. } => (path.clone(), *line),
            LayoutError::Parse { path, error } => (path.clone(), error.line),
        }
    }
}

/// Makes one error of all: a refusal at its place, or a list of findings. `None` when there are none.
pub(super) fn as_adapter_error(errors: Vec<LayoutError>) -> Option<AdapterError> {
    const CODE: &str = "MIGRATION_FILE";
    match errors.as_slice() {
        [] => None,
        [error] => {
            let (path, line) = error.place();
            Some(AdapterError::refused(CODE, error.to_string()).at(path, line).advise(error.advice()))
        }
        errors => Some(AdapterError::Invalid {
            message: format!("{} errors in the migration files", errors.len()),
            problems: errors
                .iter()
                .map(|error| Problem {
                    code: CODE.to_owned(),
                    message: format!("{error}. {}", error.advice()),
                    path: Some(error.place().0),
                })
                .collect(),
        }),
    }
}

/// What is wrong with one file, as a refusal.
pub(super) fn refused_file(path: &Path, errors: &[ParseError]) -> AdapterError {
    let errors =
        errors.iter().map(|error| LayoutError::Parse { path: path.to_owned(), error: error.clone() });
    as_adapter_error(errors.collect())
        .unwrap_or_else(|| AdapterError::refused("MIGRATION_FILE", "it does not read"))
}

/// Reads a folder. All errors are returned, by file name.
pub fn load(directory: &Path) -> Result<Vec<MigrationFile>, Vec<LayoutError>> {
    let mut errors = Vec::new();
    let mut texts = Vec::new();
    for (path, name) in entries(directory).map_err(|error| vec![error])? {
        if let Err(reason) = split_name(&name) {
            errors.push(LayoutError::BadName { path, reason });
            continue;
        }
        match read(&path) {
            Ok(text) => texts.push((path, text)),
            Err(error) => errors.push(error),
        }
    }
    match arrange(texts) {
        Ok(files) if errors.is_empty() => Ok(files),
        Ok(_) => Err(errors),
        Err(more) => {
            errors.extend(more);
            errors.sort_by_key(LayoutError::place);
            Err(errors)
        }
    }
}

/// The `.sql` files of a folder by name, hidden ones left out. A folder counts only when it is named like a migration.
pub(crate) fn entries(directory: &Path) -> Result<Vec<(PathBuf, String)>, LayoutError> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => LayoutError::NoFolder { path: directory.to_owned() },
        _ => LayoutError::Unreadable { path: directory.to_owned(), error },
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // A name that is not UTF-8 does not fit the pattern, and its replacement characters say so.
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_sql =
            name.get(name.len().saturating_sub(4)..).is_some_and(|end| end.eq_ignore_ascii_case(".sql"));
        let other_folder = split_name(&name).is_err() && entry.path().is_dir();
        if is_sql && !name.starts_with('.') && !other_folder {
            found.push((entry.path(), name));
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<String, LayoutError> {
    let bytes = fs::read(path).map_err(|error| match path.is_dir() {
        true => LayoutError::Folder { path: path.to_owned() },
        false => LayoutError::Unreadable { path: path.to_owned(), error },
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        LayoutError::NotUtf8 { path: path.to_owned(), offset, line }
    })
}

/// Parses files and puts them in the order of their versions.
pub fn arrange(
    texts: impl IntoIterator<Item = (PathBuf, String)>,
) -> Result<Vec<MigrationFile>, Vec<LayoutError>> {
    let mut errors = Vec::new();
    let mut files: BTreeMap<Version, MigrationFile> = BTreeMap::new();
    for (path, text) in texts {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let (version, name) = match split_name(&file_name) {
            Ok(parts) => parts,
            Err(reason) => {
                errors.push(LayoutError::BadName { path, reason });
                continue;
            }
        };
        if let Some(other) = files.get(&version) {
            errors.push(LayoutError::SameVersion { first: other.path.clone(), second: path });
            continue;
        }
        let document = parse(&text).unwrap_or_else(|found| {
            let at_path = |error| LayoutError::Parse { path: path.clone(), error };
            errors.extend(found.into_iter().map(at_path));
            Document::default()
        });
        files.insert(version.clone(), MigrationFile { version, name, path, document });
    }
    let baseline = files.values().rfind(|file| file.is_baseline());
    if let Some(baseline) = baseline {
        let older = files.values().filter(|file| file.version < baseline.version);
        errors.extend(older.map(|file| LayoutError::BelowBaseline {
            path: file.path.clone(),
            baseline: baseline.path.clone(),
        }));
    }
    if errors.is_empty() { Ok(files.into_values().collect()) } else { Err(errors) }
}

/// Splits `<version>_<name>.sql`, or says what does not fit.
pub(crate) fn split_name(file_name: &str) -> Result<(Version, String), &'static str> {
    let Some(stem) = file_name.strip_suffix(".sql") else {
        return Err("the name must end in `.sql`, in lower case");
    };
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    let (version, rest) = stem.split_at(digits);
    let Some(version) = Version::parse(version) else {
        return Err("the name must begin with a version, which is a number");
    };
    let Some(name) = rest.strip_prefix('_').filter(|name| !name.is_empty()) else {
        return Err("after the version the name must go on with `_` and what the migration is about");
    };
    if !name.chars().all(fits_name) {
        return Err("the name may have letters, digits, `_`, `.` and `-` only");
    }
    if version.is_zero() {
        return Err("version 0 means the state before the first migration; begin with 1");
    }
    Ok((version, name.to_owned()))
}

/// Whether a character may stand in the name part of a file's name.
pub(super) fn fits_name(character: char) -> bool {
    match character {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '.' | '-' => true,
        // What replaces bytes that are not UTF-8.
        char::REPLACEMENT_CHARACTER => false,
        other => !other.is_ascii() && !other.is_control() && !other.is_whitespace(),
    }
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
