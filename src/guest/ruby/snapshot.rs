//! The memory of an interpreter that is ready, kept in a file and mapped again, page by page as it is touched.
//!
//! A file is the memory, then a list of the files that were loaded, as JSON, then the lengths of both. It is of use as long as
//! those files are what they were. Between two calls the interpreter has nothing but its memory: its stack pointer and what it
//! suspends itself with are as they were at the beginning.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use wasmtime::{Memory, Store};

use super::machine::World;
use crate::wasm::CompiledCache;

/// A file that was loaded: its path as the guest sees it, its length and when it was changed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Loaded(String, u64, u64);

/// Bytes of a page of WebAssembly; the memory is a multiple of it.
const PAGE: usize = 64 << 10;

/// What stands at the end of a file: two lengths.
const TRAILER: u64 = 16;

/// Writes the memory into the cache.
pub(super) fn keep(
    cache: &CompiledCache,
    name: &[u8; 32],
    memory: Memory,
    store: &Store<World>,
) -> io::Result<()> {
    let world = store.data();
    let stamp = |path: &String| {
        let facts = world.files.facts(path).ok()?;
        Some(Loaded(path.clone(), facts.size, facts.modified))
    };
    let loaded: Vec<Loaded> = world.loaded().iter().filter_map(stamp).collect();
    let loaded = serde_json::to_vec(&loaded)?;
    let bytes = memory.data(store);
    cache.store_image(name, |file| {
        // Pages of zeros are left out, which the file system fills.
        for (index, page) in bytes.chunks(PAGE).enumerate() {
            if page.iter().any(|byte| *byte != 0) {
                file.seek(SeekFrom::Start((index * PAGE) as u64))?;
                file.write_all(page)?;
            }
        }
        file.seek(SeekFrom::Start(bytes.len() as u64))?;
        file.write_all(&loaded)?;
        file.write_all(&(loaded.len() as u64).to_le_bytes())?;
        file.write_all(&(bytes.len() as u64).to_le_bytes())
    })
}

/// Puts a kept memory in the place of a new one. False: it is of no use any more.
pub(super) fn restore(path: &Path, memory: Memory, store: &mut Store<World>) -> wasmtime::Result<bool> {
    let Ok((file, length)) = open(path, store.data()) else { return Ok(false) };
    let current = memory.data_size(&*store);
    if length < current || !length.is_multiple_of(PAGE) {
        return Ok(false);
    }
    memory.grow(&mut *store, ((length - current) / PAGE) as u64)?;
    map(&file, memory, store, length)?;
    Ok(true)
}

/// Opens it, and compares what was loaded with what is there now.
fn open(path: &Path, world: &World) -> io::Result<(File, usize)> {
    let mut file = File::open(path)?;
    let total = file.metadata()?.len();
    let broken = || io::Error::other("the image is cut off");
    let mut trailer = [0; TRAILER as usize];
    file.seek(SeekFrom::Start(total.checked_sub(TRAILER).ok_or_else(broken)?))?;
    file.read_exact(&mut trailer)?;
    let (listed, length) = trailer.split_at(8);
    let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).map_err(io::Error::other);
    let (listed, length) = (number(listed)?, number(length)?);
    if length.checked_add(listed).and_then(|sum| sum.checked_add(TRAILER)) != Some(total) {
        return Err(broken());
    }
    let mut text = vec![0; usize::try_from(listed).map_err(io::Error::other)?];
    file.seek(SeekFrom::Start(length))?;
    file.read_exact(&mut text)?;
    let loaded: Vec<Loaded> = serde_json::from_slice(&text)?;
    for Loaded(path, size, modified) in loaded {
        let facts = world.files.facts(&path)?;
        if (facts.size, facts.modified) != (size, modified) {
            return Err(io::Error::other("a file has changed"));
        }
    }
    Ok((file, usize::try_from(length).map_err(io::Error::other)?))
}

/// Maps the file over the memory, which keeps its place: what the guest writes stays its own, and what it does not touch is
/// never read.
#[cfg(unix)]
fn map(file: &File, memory: Memory, store: &mut Store<World>, length: usize) -> wasmtime::Result<()> {
    use rustix::mm::{MapFlags, ProtFlags, mmap};

    let place = memory.data_mut(&mut *store);
    if place.len() < length {
        return Err(wasmtime::format_err!("the memory is too short"));
    }
    let start = place.as_mut_ptr();
    if start.align_offset(PAGE.min(4 << 10)) != 0 {
        return copy(file, memory, store, length);
    }
    #[allow(unsafe_code, reason = "a private mapping has no safe form")]
    // SAFETY: the pages are those of a linear memory that this store owns, all of them accessible, and nothing borrows them now.
    // The mapping is private and of the same size, with the same access; wasmtime unmaps the whole of its reservation when the
    // store is dropped, whatever is mapped in it. The file is ours alone and only ever replaced by renaming.
    let mapped = unsafe {
        mmap(
            start.cast(),
            length,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::FIXED,
            file,
            0,
        )
    };
    mapped.map(|_| ()).map_err(|error| wasmtime::format_err!("{error}"))
}

#[cfg(not(unix))]
fn map(file: &File, memory: Memory, store: &mut Store<World>, length: usize) -> wasmtime::Result<()> {
    copy(file, memory, store, length)
}

/// Reads the file into the memory, where it cannot be mapped.
fn copy(mut file: &File, memory: Memory, store: &mut Store<World>, length: usize) -> wasmtime::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    let place = memory.data_mut(&mut *store).get_mut(..length);
    file.read_exact(place.ok_or_else(|| wasmtime::format_err!("the memory is too short"))?)?;
    Ok(())
}
