//! Finding the revision files of a project (`ScriptDirectory._load_revisions` and `Script._list_py_dir`).

use std::collections::HashSet;
use std::fs;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::config::Config;
use super::python::project::Modules;
use super::revision_file::{self, RevisionFile, RevisionFileError};

/// The revision files of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// Each once, in the order in which Alembic loads them.
    pub revisions: Vec<RevisionFile>,
    /// What Alembic warns of.
    pub warnings: Vec<String>,
}

/// Why the files cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// The folder that `script_location` names does not exist.
    #[error(
        "Path doesn't exist: {}.  Please use the 'init' command to create a new scripts folder.",
        .0.display()
    )]
    NoScriptLocation(PathBuf),
    /// A folder cannot be listed.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file is wrong.
    #[error(transparent)]
    Revision(#[from] RevisionFileError),
}

/// Finds and reads the revision files. `directory` is the working directory.
///
/// # Errors
/// The first that is wrong in load order; Alembic would stop at it too.
pub fn load(config: &Config, directory: &Path) -> Result<Files, FilesError> {
    let mut warnings = Vec::new();
    let found = find(config, directory, &mut warnings)?;
    let modules = Modules::new(directory, config.search_path.clone());
    let revisions = read_all(&found, &modules)?;
    Ok(Files { revisions, warnings })
}

/// A file to read.
struct Found {
    path: PathBuf,
    location: usize,
}

fn find(config: &Config, directory: &Path, warnings: &mut Vec<String>) -> Result<Vec<Found>, FilesError> {
    if !directory.join(&config.script_location.value).exists() {
        return Err(FilesError::NoScriptLocation(config.script_location.value.clone()));
    }
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (location, folder) in config.version_locations.value.iter().enumerate() {
        if !folder.exists() {
            continue;
        }
        let mut listed = Vec::new();
        list(folder, config, &mut listed)?;
        for path in listed {
            if !seen.insert(path.clone()) {
                warnings.push(format!(
                    "File {} loaded twice! ignoring. Please ensure version_locations is unique.",
                    path.display()
                ));
                continue;
            }
            if is_revision(&path, config.sourceless.value) {
                found.push(Found { path, location });
            }
        }
    }
    Ok(found)
}

/// Lists the files of a folder as Alembic does, with those of its sub-folders if they count. Links count as what they point
/// to, name included.
fn list(folder: &Path, config: &Config, listed: &mut Vec<PathBuf>) -> Result<(), FilesError> {
    let in_cache = folder.file_name().is_some_and(|name| name.to_string_lossy().ends_with("__pycache__"));
    let entries = entries(folder)?;
    if !in_cache {
        listed.extend(entries.paths(folder));
        if config.sourceless.value {
            list_compiled(&folder.join("__pycache__"), &entries.files, listed)?;
        }
    }
    if config.recursive_version_locations.value {
        for name in &entries.folders {
            list(&folder.join(name), config, listed)?;
        }
    }
    Ok(())
}

/// Compiled files whose source is not in the folder above.
fn list_compiled(cache: &Path, sources: &[FileName], listed: &mut Vec<PathBuf>) -> Result<(), FilesError> {
    if !cache.exists() {
        return Ok(());
    }
    let stem = |file: &FileName| file.name.split('.').next().unwrap_or_default().to_owned();
    let known: HashSet<String> = sources.iter().map(stem).collect();
    let mut entries = entries(cache)?;
    entries.files.retain(|file| !known.contains(&stem(file)));
    listed.extend(entries.paths(cache));
    Ok(())
}

struct Entries {
    files: Vec<FileName>,
    folders: Vec<String>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct FileName {
    name: String,
    is_link: bool,
}

impl Entries {
    /// The files, links resolved. One look at the folder spares one at each of its files.
    fn paths(&self, folder: &Path) -> Vec<PathBuf> {
        let real = folder.canonicalize();
        let path = |file: &FileName| match &real {
            Ok(real) if !file.is_link => real.join(&file.name),
            _ => {
                let path = folder.join(&file.name);
                path.canonicalize().unwrap_or(path)
            }
        };
        self.files.iter().map(path).collect()
    }
}

/// Names in order of their characters. Links to folders are folders, which are not gone into.
fn entries(folder: &Path) -> Result<Entries, FilesError> {
    let unreadable =
        |error: io::Error| FilesError::Unreadable { path: folder.to_owned(), reason: error.to_string() };
    let mut entries = Entries { files: Vec::new(), folders: Vec::new() };
    if !folder.is_dir() {
        return Ok(entries);
    }
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // A name that is not text is no Python module's.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            entries.folders.push(name);
        } else if !(kind.is_symlink() && entry.path().is_dir()) {
            entries.files.push(FileName { name, is_link: kind.is_symlink() });
        }
    }
    entries.files.sort();
    entries.folders.sort();
    Ok(entries)
}

/// `(?!\.\#|__init__)(.*\.py)$`, and with `sourceless` compiled files of which there is no better form.
fn is_revision(path: &Path, sourceless: bool) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with(".#") || name.starts_with("__init__") || name.contains('\n') {
        return false;
    }
    if name.ends_with(".py") {
        return true;
    }
    let Some(source) = name.strip_suffix(['c', 'o']).filter(|source| sourceless && source.ends_with(".py"))
    else {
        return false;
    };
    let has_source = path.with_file_name(source).exists();
    let has_newer = name.ends_with('o') && path.with_file_name(format!("{source}c")).exists();
    !has_source && !has_newer
}

/// How many files are worth a thread.
const FILES_PER_THREAD: usize = 24;

/// Reads and parses the files on as many threads as pay.
fn read_all(found: &[Found], modules: &Modules) -> Result<Vec<RevisionFile>, FilesError> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (found.len() / FILES_PER_THREAD).clamp(1, cores);
    if threads == 1 {
        return found.iter().map(|file| read(file, modules)).collect();
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(found.len()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own = Vec::new();
                while let Some((index, file)) = take(found, &next) {
                    own.push((index, read(file, modules)));
                }
                if let Ok(mut results) = results.lock() {
                    results.append(&mut own);
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn take<'f>(found: &'f [Found], next: &AtomicUsize) -> Option<(usize, &'f Found)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    found.get(index).map(|file| (index, file))
}

fn read(file: &Found, modules: &Modules) -> Result<RevisionFile, FilesError> {
    let Found { path, location } = file;
    if !path.to_string_lossy().ends_with(".py") {
        return Err(RevisionFileError::Compiled { path: path.clone() }.into());
    }
    let bytes = fs::read(path)
        .map_err(|error| RevisionFileError::Unreadable { path: path.clone(), reason: error.to_string() })?;
    Ok(revision_file::read(path, &bytes, *location, modules)?)
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
