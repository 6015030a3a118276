//! Machine code kept between processes.
//!
//! wasmtime can map machine code that it wrote earlier, which takes a millisecond where compiling takes seconds. It
//! cannot tell machine code that it wrote from any other: whoever can choose those bytes runs code in this process. So
//! the cache maps a file only if
//!
//! 1. the file and its record lie in folders that nobody but this user and root can write to, as far up as the root;
//! 2. the record, which lies apart from the file and is never part of what is copied between machines with a cache,
//!    says that this user compiled it here;
//! 3. the file is still the one recorded: the same place, size and times, or else the same SHA-256.
//!
//! The key is made of the WebAssembly's SHA-256 and of all that wasmtime's output depends on: its version, the target,
//! the processor's features, the engine's settings. Files are replaced by renaming, never written in place, so one that
//! is mapped does not change. A cache that cannot be used is no error: code is compiled instead.
//!
//! Bytecode of QuickJS and of Python is kept by the same rules, for the same reason: it is not checked when it is loaded.

use std::fmt;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::Engine;

use super::record::{Record, is_private, make_private};
use super::runtime::Code;

/// Part of every key, to be changed with what is stored.
const FORMAT: &[u8] = b"dunlin compiled 1";

/// What has not been used for so long is removed when something new is stored.
const UNUSED: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// A use is noted at most this often.
const NOTED: Duration = Duration::from_secs(24 * 60 * 60);

/// Compiled code of one user on one machine.
#[derive(Debug, Clone)]
pub struct CompiledCache {
    code: PathBuf,
    records: PathBuf,
}

/// The name of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    name: String,
    ending: &'static str,
}

/// How the files of machine code and of bytecode end.
const MACHINE_CODE: &str = "cwasm";
const BYTECODE: &str = "bytecode";

/// And of memory images.
const MEMORY: &str = "memory";

impl Key {
    /// The key of bytecode, made of all that it depends on.
    pub fn of_bytecode(parts: &[&[u8]]) -> Key {
        let mut hasher = Sha256Hasher(Sha256::new());
        hasher.write(FORMAT);
        hasher.write(BYTECODE.as_bytes());
        parts.iter().for_each(|part| hasher.write(part));
        Key { name: hexadecimal(&hasher.0.finalize()), ending: BYTECODE }
    }

    fn of_image(name: &[u8; 32]) -> Key {
        Key { name: hexadecimal(name), ending: MEMORY }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl CompiledCache {
    /// A cache in these folders, which are made when something is stored. `records` should lie where no backup or CI
    /// cache of `code` reaches.
    pub fn at(code: impl Into<PathBuf>, records: impl Into<PathBuf>) -> CompiledCache {
        CompiledCache { code: code.into(), records: records.into() }
    }

    /// The user's own, in the system's places for caches and for state; `None` when there is no home.
    pub fn of_user() -> Option<CompiledCache> {
        let state = dirs::state_dir().or_else(dirs::data_local_dir)?;
        let inside = |folder: PathBuf| folder.join("dunlin").join("compiled");
        Some(CompiledCache::at(inside(dirs::cache_dir()?), inside(state)))
    }

    pub(super) fn key(engine: &Engine, kind: &str, digest: &[u8]) -> Key {
        let mut hasher = Sha256Hasher(Sha256::new());
        hasher.write(FORMAT);
        hasher.write(kind.as_bytes());
        hasher.write(digest);
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Key { name: hexadecimal(&hasher.0.finalize()), ending: MACHINE_CODE }
    }

    /// Opens an entry that is no machine code, if there is one that may be loaded.
    pub fn open(&self, key: &Key) -> Option<fs::File> {
        fs::File::open(self.checked(key)?).ok()
    }

    /// Keeps bytes for later processes, and removes what none has used for long. That they may be lost when the power is,
    /// nobody has to wait for.
    pub fn keep(&self, key: &Key, bytes: &[u8]) {
        if self.try_store(key, bytes, Flush::No).is_ok() {
            self.remove_unused();
        }
    }

    /// Maps an entry, if there is one that may be.
    pub(super) fn load<C: Code>(&self, engine: &Engine, key: &Key) -> Option<C> {
        let file = self.checked(key)?;
        #[allow(unsafe_code, reason = "machine code cannot be checked, so its origin is")]
        // SAFETY: the record says that this user's wasmtime wrote the file on this machine, nobody else can write to
        // either, and the file is what was recorded. It is only ever replaced by renaming.
        let code = unsafe { C::map(engine, &file) };
        if code.is_err() {
            self.remove(key);
        }
        code.ok()
    }

    /// The file of an entry, if it is what this user recorded here, and nobody else could write it.
    fn checked(&self, key: &Key) -> Option<PathBuf> {
        let (file, record_file) = (self.code_file(key), self.record_file(key));
        let mut record = Record::read(&record_file)?;
        if !is_private(&self.code) || !is_private(&self.records) {
            return None;
        }
        if !record.identifies(&file) {
            // Restored, moved or damaged: only its content can tell.
            if digest_of(&file).ok()? != record.sha256 {
                self.remove(key);
                return None;
            }
            record = Record::of(&file, record.sha256).ok()?;
            // In a cache that cannot be written to, its content is looked at each time.
            let _ = record.write(&record_file, Flush::Yes);
        } else {
            note_use(&record_file);
        }
        Some(file)
    }

    /// Keeps code for later processes, and removes what none has used for long.
    pub(super) fn store(&self, key: &Key, code: &impl Code) {
        if let Ok(machine_code) = code.machine_code()
            && self.try_store(key, &machine_code, Flush::Yes).is_ok()
        {
            self.remove_unused();
        }
    }

    /// The file of a memory image, if there is one that this user's programs wrote and nobody changed.
    pub fn image(&self, name: &[u8; 32]) -> Option<PathBuf> {
        self.checked(&Key::of_image(name))
    }

    /// Keeps a memory image, which `write` writes, for later processes.
    pub fn store_image(
        &self,
        name: &[u8; 32],
        write: impl FnOnce(&mut fs::File) -> io::Result<()>,
    ) -> io::Result<()> {
        make_private(&self.code)?;
        make_private(&self.records)?;
        let key = Key::of_image(name);
        let file = self.code_file(&key);
        let temporary = file.with_extension(format!("{}.{:08x}", std::process::id(), fastrand::u32(..)));
        let written = fs::File::create_new(&temporary).and_then(|mut file| {
            write(&mut file)?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&temporary, &file)).inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })?;
        Record::of(&file, digest_of(&file)?)?.write(&self.record_file(&key), Flush::Yes)?;
        self.remove_unused();
        Ok(())
    }

    /// Forgets a memory image that turned out to be of no use.
    pub fn remove_image(&self, name: &[u8; 32]) {
        self.remove(&Key::of_image(name));
    }

    fn try_store(&self, key: &Key, code: &[u8], flush: Flush) -> io::Result<()> {
        make_private(&self.code)?;
        make_private(&self.records)?;
        let file = self.code_file(key);
        replace(&file, code, flush)?;
        let record = Record::of(&file, hexadecimal(&Sha256::digest(code)))?;
        record.write(&self.record_file(key), flush)
    }

    fn remove(&self, key: &Key) {
        let _ = fs::remove_file(self.record_file(key));
        let _ = fs::remove_file(self.code_file(key));
    }

    fn remove_unused(&self) {
        let Ok(entries) = fs::read_dir(&self.records) else { return };
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|metadata| metadata.modified()).ok();
            let unused = age.and_then(|time| time.elapsed().ok()).is_some_and(|age| age > UNUSED);
            if let (true, Some(stem)) = (unused, entry.path().file_stem()) {
                let name = stem.to_string_lossy();
                for ending in [MACHINE_CODE, BYTECODE, MEMORY] {
                    self.remove(&Key { name: name.clone().into_owned(), ending });
                }
            }
        }
    }

    fn code_file(&self, key: &Key) -> PathBuf {
        self.code.join(format!("{}.{}", key.name, key.ending))
    }

    fn record_file(&self, key: &Key) -> PathBuf {
        self.records.join(format!("{}.json", key.name))
    }
}

/// Whether to wait until what is written outlasts a loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flush {
    Yes,
    No,
}

/// Writes a file so that it is there whole or not at all; if it is waited for, also after a loss of power.
pub(super) fn replace(path: &Path, content: &[u8], flush: Flush) -> io::Result<()> {
    // Several processes may write the same entry at once.
    let temporary = path.with_extension(format!("{}.{:08x}", std::process::id(), fastrand::u32(..)));
    let written = fs::File::create_new(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        if flush == Flush::Yes { file.sync_all() } else { Ok(()) }
    });
    written.and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// Moves the time of a record, so that it counts as used.
fn note_use(record: &Path) {
    let long_ago = fs::metadata(record)
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|time| time.elapsed().is_ok_and(|age| age > NOTED));
    if long_ago && let Ok(file) = fs::File::options().write(true).open(record) {
        let _ = file.set_modified(SystemTime::now());
    }
}

fn digest_of(file: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut fs::File::open(file)?, &mut IntoHash(&mut hasher))?;
    Ok(hexadecimal(&hasher.finalize()))
}

/// Lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct IntoHash<'a>(&'a mut Sha256);

impl Write for IntoHash<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.update(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes all of what a value hashes, where the standard library's hashers keep eight bytes.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        // Nobody asks a `Hash` for it.
        0
    }
}
