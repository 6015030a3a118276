//! A small disk of a test's own, to be filled or made read-only. Only root may mount one.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// A file system in memory that goes with this value.
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// One of so many bytes, like `128k`; `None`, with the skip printed, where none can be mounted.
    pub fn new(size: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("dunlin-disk").tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            let current = thread::current();
            let name = current.name().unwrap_or("a test");
            // Not `eprintln!`: the test harness would swallow it, since the test passes.
            let line = format!("not run: {name}: a disk cannot be mounted here\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
            return None;
        }
        Some(Self { path: folder.keep() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it to the owner of a folder: servers run as users of their own.
    pub fn give_to_owner_of(&self, folder: &str) {
        let owner = fs::metadata(folder).unwrap();
        chown(&self.path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }

    /// From now on nothing can be written.
    pub fn remount_read_only(&self) {
        self.remount("ro");
    }

    /// From now on it has this size.
    pub fn resize(&self, size: &str) {
        self.remount(&format!("size={size}"));
    }

    fn remount(&self, option: &str) {
        let option = format!("remount,{option}");
        let status = Command::new("mount").args(["-o", &option]).arg(&self.path).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.path).status();
        let _ = fs::remove_dir(&self.path);
    }
}
