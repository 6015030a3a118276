//! Listing the files of a location (classes `FileSystemScanner` and, for the class path, its Maven and Gradle layout).

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::flyway::location::{Location, LocationKind, compare_utf16};

/// A remark of the scan, at the level at which Flyway logs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The level.
    pub level: NoticeLevel,
    /// What to say.
    pub text: String,
}

/// How loud a [`Notice`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeLevel {
    /// Logged as information.
    Info,
    /// Logged as a warning.
    Warning,
    /// Logged as an error, though the command goes on.
    Error,
}

impl Notice {
    pub(crate) fn new(level: NoticeLevel, text: impl Into<String>) -> Notice {
        Notice { level, text: text.into() }
    }
}

/// The files of a location.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files that belong to the location, in the order of their paths.
    pub files: Vec<FoundFile>,
    /// All files under the location's root, relative to it: also those that its wildcards leave out.
    pub all: HashSet<String>,
    /// What to tell the user.
    pub notices: Vec<Notice>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// The absolute path.
    pub path: PathBuf,
    /// Its path relative to the root of the location, with `/`.
    pub below_root: String,
    /// Its path relative to the location, with `/`.
    pub script: String,
}

impl FoundFile {
    /// The name without directories.
    pub fn file_name(&self) -> &str {
        self.below_root.rsplit('/').next().unwrap_or_default()
    }
}

/// Lists a location. A root that cannot be listed is an error in Flyway's words: the caller decides whether that ends
/// the command (`failOnMissingLocations`) or is only said.
pub fn list(location: &Location, project: &Path) -> Result<Listing, MissingLocation> {
    let mut listing = Listing::default();
    let root = match location.kind {
        // Joining an empty path would add a separator.
        LocationKind::Filesystem if location.root.is_empty() => project.to_owned(),
        LocationKind::Filesystem => project.join(&location.root),
        LocationKind::Classpath => classpath_root(location, project, &mut listing)?,
    };
    if let Some(problem) = root_problem(&root, location) {
        return Err(MissingLocation::directory(location, &root, project, problem));
    }
    if location.pattern.as_ref().is_some_and(|pattern| pattern.matches_nothing()) {
        listing.notices.push(Notice::new(
            NoticeLevel::Warning,
            format!(
                "Location '{}' matches no file, since it ends in '**'; leave that out",
                location.descriptor
            ),
        ));
    }
    let mut paths = walk(&root, &mut listing);
    paths.sort_by(|left, right| compare_utf16(left, right));
    // Under wildcards two files can have one relative path; Flyway then sees only the first.
    let mut seen = HashSet::new();
    for below_root in &paths {
        let Some(script) = location.script(below_root) else {
            continue;
        };
        if location.pattern.is_some() && !seen.insert(script.to_owned()) {
            listing.notices.push(Notice::new(
                NoticeLevel::Warning,
                format!(
                    "Skipping '{}': location '{}' already has a file '{script}'",
                    root.join(below_root).display(),
                    location.descriptor
                ),
            ));
            continue;
        }
        listing.files.push(FoundFile {
            path: root.join(below_root),
            below_root: below_root.clone(),
            // Flyway does so on every system, also where a backslash is part of the name.
            script: script.replace('\\', "/"),
        });
    }
    listing.all = paths.into_iter().collect();
    Ok(listing)
}

/// A location that is not there or cannot be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLocation {
    /// What Flyway logs when it goes on.
    pub skipped: Notice,
    /// What Flyway says when `failOnMissingLocations` is set.
    pub failure: String,
}

impl MissingLocation {
    fn directory(location: &Location, root: &Path, project: &Path, problem: &str) -> MissingLocation {
        let hint = if Path::new(&location.root).is_absolute() {
            String::new()
        } else {
            format!(
                " Resolved to '{}'. If this is not where your migrations are, check that your working directory is set \
                 correctly (working directory: '{}').",
                root.display(),
                project.display()
            )
        };
        let subject = format!("filesystem location: {} ({problem}){hint}", location.root);
        MissingLocation {
            skipped: Notice::new(NoticeLevel::Error, format!("Skipping {subject}")),
            failure: format!("Failed to find {subject}"),
        }
    }
}

/// The directory of a `classpath:` location. There is no Java class path here, so its usual sources are looked at:
/// `src/main/resources` of a Maven or Gradle project, then the project itself.
fn classpath_root(
    location: &Location,
    project: &Path,
    listing: &mut Listing,
) -> Result<PathBuf, MissingLocation> {
    let candidates = [project.join("src/main/resources").join(&location.root), project.join(&location.root)];
    if let Some(root) = candidates.iter().find(|root| root.is_dir()) {
        listing.notices.push(Notice::new(
            NoticeLevel::Info,
            format!("Location '{}' is read from {}", location.descriptor, root.display()),
        ));
        return Ok(root.clone());
    }
    let looked = candidates.map(|path| format!("'{}'", path.display())).join(" and ");
    let text = format!("Unable to resolve location {}. Looked for {looked}.", location.descriptor);
    // Flyway only logs this for debugging; here a class path cannot be complete, so it is worth a warning.
    Err(MissingLocation { skipped: Notice::new(NoticeLevel::Warning, text.clone()), failure: text })
}

fn root_problem(root: &Path, location: &Location) -> Option<&'static str> {
    // Java's empty path is no directory, though ours would be the project's.
    if location.kind == LocationKind::Filesystem && location.root.is_empty() {
        return Some("not found");
    }
    match fs::metadata(root) {
        Err(_) => Some("not found"),
        Ok(metadata) if !metadata.is_dir() => Some("not a directory"),
        Ok(_) => fs::read_dir(root).err().map(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => "not readable",
            _ => "unable to access folder",
        }),
    }
}

/// A directory still to be listed.
struct Pending {
    path: PathBuf,
    below_root: String,
    /// Where links led to on the way here, so that a circle ends.
    linked: Vec<PathBuf>,
}

/// All files under a directory, relative to it. Hidden directories are left out, hidden files are not; links are
/// followed; what cannot be read is skipped.
fn walk(root: &Path, listing: &mut Listing) -> Vec<String> {
    let mut files = Vec::new();
    let mut pending = vec![Pending { path: root.to_owned(), below_root: String::new(), linked: Vec::new() }];
    while let Some(directory) = pending.pop() {
        let entries = match fs::read_dir(&directory.path) {
            Ok(entries) => entries,
            Err(error) => {
                skip(listing, &directory.path, &error.to_string());
                continue;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    skip(listing, &directory.path, &error.to_string());
                    continue;
                }
            };
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                skip(listing, &entry.path(), "its name is not valid UTF-8");
                continue;
            };
            let below_root = format!("{}{name}", directory.below_root);
            match kind_of(&entry) {
                Ok(EntryKind::File) => files.push(below_root),
                Ok(EntryKind::Other) => skip(listing, &entry.path(), "it is neither a file nor a directory"),
                Err(error) => skip(listing, &entry.path(), &error.to_string()),
                Ok(EntryKind::Directory { .. }) if name.starts_with('.') => {}
                Ok(EntryKind::Directory { is_link }) => {
                    let mut linked = directory.linked.clone();
                    if is_link {
                        let target = fs::canonicalize(entry.path()).unwrap_or_else(|_| entry.path());
                        let here =
                            fs::canonicalize(&directory.path).unwrap_or_else(|_| directory.path.clone());
                        if here.starts_with(&target) || linked.contains(&target) {
                            skip(listing, &entry.path(), "the link leads back to a directory above it");
                            continue;
                        }
                        linked.push(target);
                    }
                    pending.push(Pending {
                        path: entry.path(),
                        below_root: format!("{below_root}/"),
                        linked,
                    });
                }
            }
        }
    }
    files
}

enum EntryKind {
    File,
    Directory { is_link: bool },
    Other,
}

fn kind_of(entry: &fs::DirEntry) -> io::Result<EntryKind> {
    let own = entry.file_type()?;
    // Asking the file system again is only needed for links.
    let followed = if own.is_symlink() { fs::metadata(entry.path())?.file_type() } else { own };
    Ok(if followed.is_dir() {
        EntryKind::Directory { is_link: own.is_symlink() }
    } else if followed.is_file() {
        EntryKind::File
    } else {
        EntryKind::Other
    })
}

fn skip(listing: &mut Listing, path: &Path, reason: &str) {
    let text = format!("Skipping '{}': {reason}", path.display());
    listing.notices.push(Notice::new(NoticeLevel::Warning, text));
}
