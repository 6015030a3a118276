//! An operating system lock on the database file, held beside SQLite's own locks, which on Linux it does not touch.
//!
//! Closing *any* descriptor of a file drops every lock that SQLite holds on it in this process. So a descriptor opened
//! here is never closed while the process lives: it is unlocked and kept for the next lock on the same file.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Descriptors that are not locked, by the identity of their file.
static IDLE: Mutex<Vec<(Identity, File)>> = Mutex::new(Vec::new());

/// Device and inode; a digest of the path where the system has none.
type Identity = (u64, u64);

/// A lock on a file. Dropping it unlocks.
pub(super) struct FileLock {
    /// `None` only while dropping.
    file: Option<(Identity, File)>,
}

impl FileLock {
    /// Tries to lock without waiting; `None` if someone else has it.
    pub fn try_lock(path: &Path) -> io::Result<Option<FileLock>> {
        let wanted = identity(path, &std::fs::metadata(path)?);
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let (identity, file) = match idle.iter().position(|(identity, _)| *identity == wanted) {
            Some(at) => idle.swap_remove(at),
            None => {
                let file = open(path)?;
                (identity(path, &file.metadata()?), file)
            }
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(FileLock { file: Some((identity, file)) })),
            Err(TryLockError::WouldBlock) => {
                idle.push((identity, file));
                Ok(None)
            }
            Err(TryLockError::Error(error)) => {
                idle.push((identity, file));
                Err(error)
            }
        }
    }
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Elsewhere a locked file cannot be read by others, so a file beside the database is locked.
#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    let mut beside = path.as_os_str().to_owned();
    beside.push("-lock");
    File::options().read(true).write(true).create(true).truncate(false).open(beside)
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if let Some((identity, file)) = self.file.take() {
            // It also ends with the process, so there is nothing to do about a failure.
            let _ = file.unlock();
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push((identity, file));
        }
    }
}

#[cfg(unix)]
fn identity(_path: &Path, metadata: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(path: &Path, _metadata: &std::fs::Metadata) -> Identity {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf()).hash(&mut hasher);
    (0, hasher.finish())
}

/// The process that holds a lock on the file, where the system lists them (Linux).
#[cfg(target_os = "linux")]
pub(super) fn holder(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let inode = std::fs::metadata(path).ok()?.ino().to_string();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    // `1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF`; devices are not compared, some file systems show another.
    locks.split('\n').find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let place = fields.get(5)?;
        let fits = fields.get(1) == Some(&"FLOCK") && place.rsplit(':').next() == Some(inode.as_str());
        fits.then(|| fields.get(4)?.parse().ok()).flatten()
    })
}

/// The process that holds a lock on the file; unknown here.
#[cfg(not(target_os = "linux"))]
pub(super) fn holder(_path: &Path) -> Option<u32> {
    None
}
