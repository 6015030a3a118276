//! What is remembered of a compiled file, and who may write where.

use std::fs;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::cache::{Flush, replace};

/// A file as it was when it was written or last checked.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Record {
    /// Of its content, in hexadecimal.
    pub sha256: String,
    file: Identity,
}

/// A file that has all of this in common with an earlier one is that one, unless somebody turned the system's clock
/// back to deceive.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Identity {
    size: u64,
    modified: u128,
    /// Device, inode and the time of the last change of either content or attributes, where there are such.
    place: Option<(u64, u64, i64, i64)>,
}

impl Record {
    /// The record of a file whose digest is known.
    pub fn of(file: &Path, sha256: String) -> io::Result<Record> {
        Ok(Record { sha256, file: Identity::of(file)? })
    }

    /// Reads a record; `None` when there is none that can be read.
    pub fn read(path: &Path) -> Option<Record> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Writes it.
    pub fn write(&self, path: &Path, flush: Flush) -> io::Result<()> {
        replace(path, &serde_json::to_vec(self)?, flush)
    }

    /// Whether the file has not been touched since.
    pub fn identifies(&self, file: &Path) -> bool {
        Identity::of(file).is_ok_and(|identity| identity == self.file)
    }
}

impl Identity {
    fn of(file: &Path) -> io::Result<Identity> {
        let metadata = fs::symlink_metadata(file)?;
        if !metadata.is_file() {
            return Err(io::Error::other("no regular file"));
        }
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?.as_nanos();
        Ok(Identity { size: metadata.len(), modified, place: place(&metadata) })
    }
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "other systems have none")]
fn place(metadata: &fs::Metadata) -> Option<(u64, u64, i64, i64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn place(_metadata: &fs::Metadata) -> Option<(u64, u64, i64, i64)> {
    None
}

/// Makes a folder that only this user can use.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Whether only this user and root can change what is in a folder, or put another in its place.
#[cfg(unix)]
pub fn is_private(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    const STICKY: u32 = 0o1000;
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let user = rustix::process::geteuid().as_raw();
    let safe = |path: &Path, itself: bool| {
        fs::metadata(path).is_ok_and(|metadata| {
            let others = metadata.mode() & WRITABLE_BY_OTHERS != 0;
            // In a folder like /tmp only the owner of an entry can rename it.
            let kept = !itself && metadata.mode() & STICKY != 0;
            (metadata.uid() == user || (!itself && metadata.uid() == 0)) && (!others || kept)
        })
    };
    let Ok(folder) = fs::canonicalize(folder) else { return false };
    let mut ancestors = folder.ancestors();
    ancestors.next().is_some_and(|itself| safe(itself, true)) && ancestors.all(|above| safe(above, false))
}

/// Elsewhere the folders lie in the user's profile, which the system keeps to the user.
#[cfg(not(unix))]
pub fn is_private(folder: &Path) -> bool {
    folder.is_dir()
}
