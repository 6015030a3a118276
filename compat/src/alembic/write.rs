//! New revision files: their names and their text (`ScriptDirectory.generate_revision`), and new projects (`alembic init`).
//!
//! Nothing is written here; what is to be written is returned.

mod date;
mod init;
mod mako;
mod render;

use std::path::{Path, PathBuf};

pub use date::{CreateDate, DateError};
pub use init::{InitError, InitRequest, InitStep, TEMPLATES, Template, init};

use super::config::Config;
use super::python::Value;
use super::python::format::{self, FormatError};
use super::python::project::Modules;
use super::python::text::is_word;
use super::python::value::{Object, Place};
use super::revision_file::{self, RevisionFileError};

/// A revision to be written. Identifiers are resolved already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRevision {
    /// Its id.
    pub id: String,
    /// `-m`.
    pub message: Option<String>,
    /// What comes before it; several for a merge.
    pub down_revisions: Vec<String>,
    /// `--branch-label`.
    pub branch_labels: Vec<String>,
    /// `--depends-on`.
    pub depends_on: Vec<String>,
    /// More names for the template: what an `env.py` that was run has put in.
    pub template_arguments: Vec<(String, String)>,
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Where. Folders above it may have to be made.
    pub path: PathBuf,
    /// What.
    pub bytes: Vec<u8>,
}

/// Why a revision cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// `file_template` is malformed.
    #[error("`file_template` {template:?}: {error}")]
    FileTemplate {
        /// The template.
        template: String,
        /// What is wrong.
        error: FormatError,
    },
    /// The date cannot be made.
    #[error(transparent)]
    Date(#[from] DateError),
    /// `script.py.mako` cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A line of `script.py.mako` cannot be rendered.
    #[error(
        "{}:{line}: {reason}; write the line as Alembic's own templates do, or use the project's own interpreter with \
         `env = \"run\"` under [alembic] in dunlin.toml", path.display()
    )]
    Template {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// `output_encoding` is not known, or cannot hold a character.
    #[error("`output_encoding` {0}")]
    Encoding(String),
    /// What the template makes is no revision file; Alembic would fail on reading it back.
    #[error(transparent)]
    Revision(#[from] RevisionFileError),
    /// The template has no place for branch labels.
    #[error(
        "Version {id} specified branch_labels {labels}, however the migration file {} does not have them; have you upgraded \
         your script.py.mako to include the 'branch_labels' section?", path.display()
    )]
    BranchLabels {
        /// The new id.
        id: String,
        /// The labels.
        labels: String,
        /// The file.
        path: PathBuf,
    },
    /// Several places, and none is said.
    #[error("Multiple version locations present, please specify --version-path")]
    NoVersionPath,
    /// `--version-path` is none of the version locations.
    #[error("Path {} is not represented in current version locations", .0.display())]
    VersionPath(PathBuf),
}

/// A new id from random bytes: the last twelve digits of a version 4 UUID.
pub fn new_id(random: [u8; 6]) -> String {
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The version location that a new revision goes to. `parent` is the file of the first revision before it.
///
/// # Errors
/// [`WriteError::NoVersionPath`] and [`WriteError::VersionPath`].
pub fn version_folder(
    config: &Config,
    directory: &Path,
    version_path: Option<&str>,
    parent: Option<&Path>,
) -> Result<PathBuf, WriteError> {
    let locations = &config.version_locations.value;
    let folder = match (version_path, locations.as_slice()) {
        (Some(path), _) => PathBuf::from(path),
        (None, [single]) => single.clone(),
        (None, _) => parent.and_then(Path::parent).ok_or(WriteError::NoVersionPath)?.to_owned(),
    };
    let absolute: PathBuf = directory.join(&folder).components().collect();
    if locations.contains(&absolute) { Ok(absolute) } else { Err(WriteError::VersionPath(folder)) }
}

/// The name of a revision's file, which may have folders in it.
///
/// # Errors
/// [`WriteError::FileTemplate`].
pub fn file_name(config: &Config, revision: &NewRevision, date: &CreateDate) -> Result<String, WriteError> {
    let slug = slug(revision.message.as_deref().unwrap_or_default(), config.truncate_slug_length.value);
    let lookup = |key: &str| match key {
        "rev" => Some(format::Value::Text(revision.id.clone())),
        "slug" => Some(format::Value::Text(slug.clone())),
        "epoch" => Some(format::Value::Integer(date.epoch())),
        _ => date
            .parts()
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| format::Value::Integer(*value)),
    };
    let template = &config.file_template.value;
    let name = format::format(template, &lookup)
        .map_err(|error| WriteError::FileTemplate { template: template.clone(), error })?;
    Ok(format!("{name}.py"))
}

/// The words of a message in lower case, joined by underscores. What is too long loses its last word, cut or not.
fn slug(message: &str, longest: i64) -> String {
    let words = message.split(|character| !is_word(character)).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<&str>>().join("_").to_lowercase();
    let length = slug.chars().count();
    if i64::try_from(length).unwrap_or(i64::MAX) <= longest {
        return slug;
    }
    let kept = match usize::try_from(longest) {
        Ok(longest) => longest,
        // A negative end of a slice counts from the back.
        Err(_) => length.saturating_sub(usize::try_from(longest.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let cut: String = slug.chars().take(kept).collect();
    let words = cut.rsplit_once('_').map_or(cut.as_str(), |(words, _)| words);
    format!("{words}_")
}

/// A revision's file in a folder. `template` is the text of `script.py.mako`, `template_path` names it for messages.
///
/// # Errors
/// Any [`WriteError`].
pub fn revision_file(
    config: &Config,
    folder: &Path,
    revision: &NewRevision,
    date: &CreateDate,
    template: &str,
    template_path: &Path,
) -> Result<NewFile, WriteError> {
    let path = folder.join(file_name(config, revision, date)?);
    let mut names = vec![
        ("up_revision", Value::text(&revision.id)),
        ("down_revision", scalar(&revision.down_revisions, true)),
        ("branch_labels", tuple(&revision.branch_labels)),
        ("depends_on", scalar(&revision.depends_on, false)),
        ("create_date", date_value(date)),
        ("message", Value::text(revision.message.as_deref().unwrap_or("empty message"))),
        ("refresh", Value::Bool(true)),
    ];
    names.extend(revision.template_arguments.iter().map(|(name, text)| (name.as_str(), Value::text(text))));
    let text = render::render(template, &names, Some(&config.sources)).map_err(|failure| {
        WriteError::Template { path: template_path.to_owned(), line: failure.line, reason: failure.reason }
    })?;
    let bytes = encode(&text, &config.output_encoding.value)?;
    check(revision, &path, &bytes)?;
    Ok(NewFile { path, bytes })
}

/// Reads a new file back, as Alembic does once it is written.
fn check(revision: &NewRevision, path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    match revision_file::read(path, bytes, 0, &Modules::default()) {
        Ok(file) if file.revision.branch_labels.is_empty() && !revision.branch_labels.is_empty() => {
            let labels = revision.branch_labels.join(", ");
            Err(WriteError::BranchLabels { id: revision.id.clone(), labels, path: path.to_owned() })
        }
        // A template may well compute what cannot be told here.
        Ok(_) | Err(RevisionFileError::NotStatic { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// `tuple_rev_as_scalar`: nothing, one, or several, of which down revisions are a tuple and dependencies a list.
fn scalar(ids: &[String], as_tuple: bool) -> Value {
    match ids {
        [] => Value::None,
        [one] => Value::text(one),
        several if as_tuple => tuple(several),
        several => Value::list(several.iter().map(Value::text).collect()),
    }
}

fn tuple(ids: &[String]) -> Value {
    if ids.is_empty() { Value::None } else { Value::Tuple(ids.iter().map(Value::text).collect()) }
}

fn date_value(date: &CreateDate) -> Value {
    let mut attributes = vec![("__str__", Value::text(date.shown()))];
    attributes.extend(date.parts().map(|(name, value)| (name, Value::Integer(value))));
    attributes.push(("microsecond", Value::Integer(date.microsecond())));
    let place = Place { file: std::rc::Rc::from("script.py.mako"), line: 1 };
    Value::Object(Object::of_host("datetime", &place, attributes))
}

/// The bytes of a text in an encoding by Python's name.
fn encode(text: &str, encoding: &str) -> Result<Vec<u8>, WriteError> {
    let name = encoding.to_ascii_lowercase().replace('_', "-");
    let limit = match name.as_str() {
        "utf-8" | "utf8" => return Ok(text.as_bytes().to_vec()),
        "ascii" | "us-ascii" => 0x7f,
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => 0xff,
        _ => return Err(WriteError::Encoding(format!("{encoding:?} is not known here; use utf-8"))),
    };
    let byte = |character: char| u8::try_from(u32::from(character)).ok().filter(|byte| *byte <= limit);
    text.chars()
        .map(|character| {
            byte(character).ok_or_else(|| {
                WriteError::Encoding(format!("{encoding:?} has no character {character:?}; use utf-8"))
            })
        })
        .collect()
}

#[cfg(test)]
#[path = "write/tests.rs"]
mod tests;
