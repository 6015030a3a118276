//! What a guest sees of the file system: given folders, to read.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use dunlin_compat::knex::files::resolved;
use serde_json::{Value, json};

/// The largest file that is read.
const LARGEST: u64 = 256 << 20;

/// Folders that may be read. A link inside that leads out of all of them is not followed.
#[derive(Debug, Default)]
pub struct Files {
    folders: Vec<PathBuf>,
    /// Folders in which modules were looked for, without links; `None` where there are none.
    known: RefCell<HashMap<PathBuf, Option<PathBuf>>>,
}

/// Why a file cannot be had, as Node names it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct FileError {
    /// `ENOENT`.
    pub code: &'static str,
    /// `no such file or directory`.
    pub reason: &'static str,
}

impl FileError {
    const OUTSIDE: FileError =
        FileError { code: "EACCES", reason: "permission denied: outside of the project" };

    fn of(error: &io::Error) -> FileError {
        let (code, reason) = match error.kind() {
            io::ErrorKind::NotFound => ("ENOENT", "no such file or directory"),
            io::ErrorKind::PermissionDenied => ("EACCES", "permission denied"),
            io::ErrorKind::NotADirectory => ("ENOTDIR", "not a directory"),
            io::ErrorKind::IsADirectory => ("EISDIR", "illegal operation on a directory"),
            _ => ("EIO", "i/o error"),
        };
        FileError { code, reason }
    }
}

impl Files {
    /// The sight of these folders. What is not there is left out, and so is the root, which nobody means.
    pub fn new(folders: &[PathBuf]) -> Files {
        let real = folders.iter().filter_map(|folder| fs::canonicalize(folder).ok());
        let folders = real.filter(|folder| folder.parent().is_some()).collect();
        Files { folders, known: RefCell::default() }
    }

    /// Where a path really leads, if a guest may look there. Above the folders it may see that other folders exist, as far
    /// as they lead to its own.
    fn real(&self, path: &str) -> Result<PathBuf, FileError> {
        let path = resolved(Path::new(path));
        match fs::canonicalize(&path) {
            Ok(real) if self.holds(&real) => Ok(real),
            Ok(_) => Err(FileError::OUTSIDE),
            // A file that is not there is only said to be so where one may look.
            Err(error) if self.may_hold(&path) => Err(FileError::of(&error)),
            Err(_) => Err(FileError::OUTSIDE),
        }
    }

    fn holds(&self, real: &Path) -> bool {
        self.folders.iter().any(|folder| real.starts_with(folder))
    }

    /// Whether what is missing would have been inside: its innermost folder that is there is.
    fn may_hold(&self, path: &Path) -> bool {
        path.ancestors().find_map(|above| fs::canonicalize(above).ok()).is_some_and(|real| self.holds(&real))
    }

    // -- where modules are

    // Looking is what loading many modules takes longest for, and folders of modules stay where they are: each is followed
    // once.

    /// What is at a path: its metadata, and the path without links.
    fn module(&self, path: &str) -> Option<(PathBuf, fs::Metadata)> {
        let path = resolved(Path::new(path));
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return None };
        let place = self.followed(folder)?.join(name);
        let data = fs::symlink_metadata(&place).ok()?;
        let (real, data) = match data.is_symlink() {
            true => {
                let real = fs::canonicalize(&place).ok()?;
                let data = fs::metadata(&real).ok()?;
                (real, data)
            }
            false => (place, data),
        };
        self.holds(&real).then_some((real, data))
    }

    fn followed(&self, folder: &Path) -> Option<PathBuf> {
        if let Some(known) = self.known.borrow().get(folder) {
            return known.clone();
        }
        let real = match (folder.parent(), folder.file_name()) {
            (Some(above), Some(name)) => self.followed(above).and_then(|above| {
                let place = above.join(name);
                let data = fs::symlink_metadata(&place).ok()?;
                if data.is_symlink() { fs::canonicalize(&place).ok() } else { data.is_dir().then_some(place) }
            }),
            _ => fs::canonicalize(folder).ok(),
        };
        self.known.borrow_mut().insert(folder.to_owned(), real.clone());
        real
    }

    /// 0: nothing to see, 1: a file, 2: a folder.
    pub fn kind(&self, path: &str) -> u8 {
        match self.module(path) {
            Some((_, data)) if data.is_dir() => 2,
            Some(_) => 1,
            None => 0,
        }
    }

    /// Whether something may be seen in a folder.
    pub fn leads(&self, path: &str) -> bool {
        let Some(real) = self.followed(&resolved(Path::new(path))) else { return false };
        self.holds(&real) || self.folders.iter().any(|folder| folder.starts_with(&real))
    }

    /// The path of a module without links.
    pub fn real_module(&self, path: &str) -> Option<String> {
        self.module(path)?.0.into_os_string().into_string().ok()
    }

    // -- what programs read

    /// What is at a path: `{file, directory, size, mtime}`.
    pub fn stat(&self, path: &str) -> Result<Value, FileError> {
        let real = self.real(path)?;
        let data = fs::metadata(real).map_err(|error| FileError::of(&error))?;
        let changed = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let milliseconds = changed.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
        Ok(json!({
            "file": data.is_file(), "directory": data.is_dir(), "size": data.len(), "mtime": milliseconds,
        }))
    }

    /// The bytes of a file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let real = self.real(path)?;
        let data = fs::metadata(&real).map_err(|error| FileError::of(&error))?;
        if data.is_dir() {
            return Err(FileError { code: "EISDIR", reason: "illegal operation on a directory, read" });
        }
        // A pipe or a device would wait, or never end.
        if !data.is_file() || data.len() > LARGEST {
            return Err(FileError {
                code: "EACCES",
                reason: "permission denied: not a file of reasonable size",
            });
        }
        fs::read(real).map_err(|error| FileError::of(&error))
    }

    /// The names in a folder, in order, each with whether it is a folder.
    pub fn list(&self, path: &str) -> Result<Vec<(String, bool)>, FileError> {
        let entries = fs::read_dir(self.real(path)?).map_err(|error| FileError::of(&error))?;
        let mut names: Vec<(String, bool)> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let folder = fs::metadata(entry.path()).is_ok_and(|data| data.is_dir());
                Some((entry.file_name().into_string().ok()?, folder))
            })
            .collect();
        names.sort();
        Ok(names)
    }

    /// A path without links.
    pub fn real_path(&self, path: &str) -> Result<String, FileError> {
        let real = self.real(path)?;
        real.into_os_string().into_string().map_err(|_| FileError { code: "EINVAL", reason: "no Unicode" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> &str {
        path.to_str().unwrap()
    }

    #[test]
    fn only_what_is_inside_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("shop");
        fs::create_dir_all(project.join("lib")).unwrap();
        fs::write(project.join("lib/names.js"), "1").unwrap();
        fs::write(root.path().join("secret"), "2").unwrap();
        let files = Files::new(std::slice::from_ref(&project));
        assert_eq!(files.read(text(&project.join("lib/../lib/names.js"))).unwrap(), b"1");
        assert_eq!(files.list(text(&project)).unwrap(), [("lib".to_owned(), true)]);
        assert_eq!(files.read(text(&project.join("none"))).unwrap_err().code, "ENOENT");
        for outside in [root.path().join("secret"), project.join("../secret"), PathBuf::from("/etc/passwd")] {
            assert_eq!(files.read(text(&outside)).unwrap_err().code, "EACCES");
            assert_eq!(files.stat(text(&outside)).unwrap_err().code, "EACCES");
        }
        assert_eq!(files.read(text(&root.path().join("absent"))).unwrap_err().code, "EACCES");
        let kinds =
            ["lib/names.js", "lib", "none", "lib/none/a.js", "lib/names.js/a", "../secret", "..", "."];
        let kinds = kinds.map(|name| files.kind(text(&project.join(name))));
        assert_eq!(kinds, [1, 2, 0, 0, 0, 0, 0, 2]);
        let leads = ["lib", ".", "..", "none", "../other"].map(|name| files.leads(text(&project.join(name))));
        assert_eq!(leads, [true, true, true, false, false]);
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("shop");
        fs::create_dir_all(&project).unwrap();
        fs::write(root.path().join("secret"), "2").unwrap();
        fs::write(project.join("here"), "1").unwrap();
        std::os::unix::fs::symlink(root.path().join("secret"), project.join("out")).unwrap();
        std::os::unix::fs::symlink(root.path(), project.join("above")).unwrap();
        std::os::unix::fs::symlink(project.join("here"), project.join("in")).unwrap();
        let files = Files::new(std::slice::from_ref(&project));
        assert_eq!(files.read(text(&project.join("in"))).unwrap(), b"1");
        assert_eq!(files.read(text(&project.join("out"))).unwrap_err(), FileError::OUTSIDE);
        assert_eq!(files.read(text(&project.join("above/secret"))).unwrap_err(), FileError::OUTSIDE);
        let kinds = ["in", "out", "above/secret", "above/shop/here", "above"];
        let kinds = kinds.map(|name| files.kind(text(&project.join(name))));
        assert_eq!(kinds, [1, 0, 0, 1, 0]);
        let real = project.canonicalize().unwrap().join("here");
        assert_eq!(files.real_module(text(&project.join("above/shop/in"))).as_deref(), real.to_str());
    }
}
