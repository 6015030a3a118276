//! New files in the place of old ones.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dunlin_compat::model::SquashFiles;
use tempfile::{NamedTempFile, TempDir};

use super::SquashError;

/// What becomes of the old files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// They stay.
    Keep,
    /// They are deleted.
    Delete,
    /// They are moved into a folder.
    Archive(PathBuf),
}

/// So many files are named to git at once.
const FILES_AT_ONCE: usize = 500;

/// Whether git could give files back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InGit {
    /// It has every one as it is.
    All,
    /// It has not this one as it is.
    AllBut(PathBuf),
    /// They are in no repository, or there is no git.
    None,
}

/// Whether git has these files as they are now.
pub fn in_git(files: &[PathBuf]) -> InGit {
    let Some(folder) = files.first().and_then(|file| file.parent()) else { return InGit::All };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let absolute: Vec<PathBuf> = files.iter().filter_map(|file| std::path::absolute(file).ok()).collect();
    let git = |arguments: &[&str], files: &[PathBuf]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(arguments).arg("--").args(files);
        command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()
    };
    let knows = |files: &[PathBuf]| {
        git(&["ls-files", "--error-unmatch"], files).is_some_and(|output| output.status.success())
    };
    for (shown, files) in files.chunks(FILES_AT_ONCE).zip(absolute.chunks(FILES_AT_ONCE)) {
        let status = git(&["status", "--porcelain", "--ignored", "--untracked-files=all", "-z"], files);
        let Some(status) = status.filter(|output| output.status.success()) else { return InGit::None };
        if !status.stdout.is_empty() {
            let told = String::from_utf8_lossy(&status.stdout).into_owned();
            let named = shown.iter().find(|file| {
                file.file_name().is_some_and(|name| told.contains(name.to_string_lossy().as_ref()))
            });
            return InGit::AllBut(named.or(shown.first()).cloned().unwrap_or_default());
        }
        if !knows(files) {
            let unknown = shown.iter().zip(files).find(|(_, file)| !knows(std::slice::from_ref(*file)));
            return InGit::AllBut(unknown.map(|(shown, _)| shown.clone()).unwrap_or_default());
        }
    }
    InGit::All
}

/// Writes the new files into a folder of their own, where they are tried.
///
/// # Errors
/// It cannot be written.
pub fn stage(new: &SquashFiles) -> Result<TempDir, SquashError> {
    let parent = std::env::temp_dir();
    let folder = tempfile::Builder::new()
        .prefix("dunlin-squash-")
        .tempdir_in(&parent)
        .map_err(|error| SquashError::File { path: parent, error })?;
    for (path, text) in &new.files {
        let staged = folder.path().join(path.file_name().unwrap_or_default());
        fs::write(&staged, text).map_err(|error| SquashError::File { path: staged, error })?;
    }
    Ok(folder)
}

/// Refuses where another file than one of those that go lies in the place of a new one.
///
/// # Errors
/// Names the first.
pub fn refuse_occupied(new: &SquashFiles, gone: &[PathBuf]) -> Result<(), SquashError> {
    // A link that leads nowhere would be overwritten too.
    let is_there = |path: &Path| fs::symlink_metadata(path).is_ok();
    let paths = new.files.iter().map(|(path, _)| path);
    match paths.filter(|path| !gone.contains(*path)).find(|path| is_there(path)) {
        Some(path) if !new.replaces => Err(SquashError::Occupied { path: path.clone() }),
        _ => Ok(()),
    }
}

/// Writes the new files, each whole or not at all, and only then takes the old ones away.
///
/// # Errors
/// A file cannot be written or moved; the message names it, and nothing is lost.
pub fn write(new: &SquashFiles, old: &[PathBuf], fate: &Fate, root: &Path) -> Result<(), SquashError> {
    refuse_occupied(new, if *fate == Fate::Keep { &[] } else { old })?;
    if let Fate::Archive(archive) = fate {
        for path in old {
            let target = archive.join(below(path, root));
            if target.exists() {
                let error =
                    io::Error::new(io::ErrorKind::AlreadyExists, "it is there already; nothing was changed");
                return Err(SquashError::File { path: target, error });
            }
        }
        // Copied first, so that nothing is missing at any time.
        for path in old {
            let target = archive.join(below(path, root));
            let copied =
                fs::create_dir_all(target.parent().unwrap_or(archive)).and_then(|()| fs::copy(path, &target));
            copied.map_err(|error| SquashError::File { path: target, error })?;
        }
    }
    for (path, text) in &new.files {
        write_whole(path, text).map_err(|error| SquashError::File { path: path.clone(), error })?;
    }
    if *fate == Fate::Keep {
        return Ok(());
    }
    for path in old.iter().filter(|path| !new.files.iter().any(|(new, _)| new == *path)) {
        fs::remove_file(path).map_err(|error| SquashError::File { path: path.clone(), error })?;
    }
    Ok(())
}

fn below(path: &Path, root: &Path) -> PathBuf {
    match path.strip_prefix(root) {
        Ok(below) if below.is_relative() => below.to_owned(),
        _ if path.is_relative() => path.to_owned(),
        _ => path.file_name().unwrap_or_default().into(),
    }
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = new_file(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file that others may read, as far as they may read new files here.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".dunlin-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_files_are_moved_below_the_archive_and_none_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let old = [root.join("sql/1_a.sql"), root.join("sql/2_b.sql")];
        fs::create_dir(root.join("sql")).unwrap();
        for path in &old {
            fs::write(path, "old").unwrap();
        }
        let new = SquashFiles {
            files: vec![(root.join("sql/2_b.sql"), "new".to_owned())],
            ..SquashFiles::default()
        };
        let fate = Fate::Archive(root.join("attic"));
        write(&new, &old, &fate, root).unwrap();
        let read = |path: &str| fs::read_to_string(root.join(path)).ok();
        assert_eq!(read("sql/1_a.sql"), None);
        assert_eq!(read("sql/2_b.sql").as_deref(), Some("new"));
        assert_eq!(read("attic/sql/1_a.sql").as_deref(), Some("old"));
        assert_eq!(read("attic/sql/2_b.sql").as_deref(), Some("old"));
        assert!(write(&new, &old[1..], &fate, root).is_err());
        assert_eq!(read("sql/2_b.sql").as_deref(), Some("new"));
    }

    #[test]
    fn no_file_is_overwritten_that_does_not_go() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let [old, stray] = ["2_b.sql", "2_new.sql.conf"].map(|name| root.join(name));
        for path in [&old, &stray] {
            fs::write(path, "as it was").unwrap();
        }
        let writing = |path: &Path| SquashFiles {
            files: vec![(root.join("2_new.sql"), "new".to_owned()), (path.to_owned(), "new".to_owned())],
            ..SquashFiles::default()
        };
        let fates = [Fate::Delete, Fate::Keep, Fate::Archive(root.join("attic"))];
        for (path, fate) in fates.iter().map(|fate| (&stray, fate)).chain([(&old, &Fate::Keep)]) {
            let error = write(&writing(path), std::slice::from_ref(&old), fate, root).unwrap_err();
            assert!(matches!(&error, SquashError::Occupied { path: named } if named == path), "{error}");
            let mut names: Vec<_> =
                fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["2_b.sql", "2_new.sql.conf"]);
            assert_eq!(fs::read_to_string(path).unwrap(), "as it was");
        }
        let new = SquashFiles { replaces: true, ..writing(&stray) };
        write(&new, std::slice::from_ref(&old), &Fate::Delete, root).unwrap();
        assert_eq!(fs::read_to_string(&stray).unwrap(), "new");
        assert!(!old.exists());
    }
}
