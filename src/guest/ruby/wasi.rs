//! As much of WASI as Ruby needs, with one folder, the root, in which [`super::files::Files`] shows what may be read.
//!
//! A snapshot of the interpreter's memory holds what its C library knows of WASI: the descriptors of its folders. That is why
//! there is one for all projects. Nothing can be written, there is no network, and the clock and the randomness are replaced
//! while a migration runs.

use std::io::{self, SeekFrom};
use std::time::Duration;

use wasmtime::{Caller, Linker};
use wasmtime_wasi::I32Exit;

use super::files::{Facts, Open};
use super::machine::World;
use crate::wasm::Metered;

const SUCCESS: i32 = 0;
const ACCES: i32 = 2;
const BADF: i32 = 8;
const INVAL: i32 = 28;
const IO: i32 = 29;
const ISDIR: i32 = 31;
const NOENT: i32 = 44;
const NOTDIR: i32 = 54;
const NOTSUP: i32 = 58;
const ROFS: i32 = 69;
const SPIPE: i32 = 70;

/// The descriptor of the root.
const ROOT: u32 = 3;

const CHARACTERS: u8 = 2;
const FOLDER: u8 = 3;
const REGULAR: u8 = 4;

/// `fd_write` among the rights that a file is opened with.
const MAY_WRITE: u64 = 1 << 6;
const CREATE: u32 = 1;
const ONLY_FOLDER: u32 = 2;
const TRUNCATE: u32 = 8;

type Guest<'a> = Caller<'a, World>;

/// The linear memory, and the world beside it.
fn parts<'a>(guest: &'a mut Guest<'_>) -> wasmtime::Result<(&'a mut [u8], &'a mut World)> {
    let memory = guest.get_export("memory").and_then(wasmtime::Extern::into_memory);
    let memory = memory.ok_or_else(|| wasmtime::format_err!("the interpreter has no memory"))?;
    Ok(memory.data_and_store_mut(guest))
}

fn slice(memory: &mut [u8], at: u32, length: u32) -> wasmtime::Result<&mut [u8]> {
    let (at, length) = (at as usize, length as usize);
    at.checked_add(length)
        .and_then(|end| memory.get_mut(at..end))
        .ok_or_else(|| wasmtime::format_err!("a pointer outside of the memory"))
}

fn write(memory: &mut [u8], at: u32, bytes: &[u8]) -> wasmtime::Result<()> {
    slice(memory, at, bytes.len() as u32)?.copy_from_slice(bytes);
    Ok(())
}

fn read_u32(memory: &mut [u8], at: u32) -> wasmtime::Result<u32> {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(slice(memory, at, 4)?);
    Ok(u32::from_le_bytes(bytes))
}

fn read_u64(memory: &mut [u8], at: u32) -> wasmtime::Result<u64> {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(slice(memory, at, 8)?);
    Ok(u64::from_le_bytes(bytes))
}

fn path(memory: &mut [u8], at: u32, length: u32) -> wasmtime::Result<String> {
    Ok(String::from_utf8_lossy(slice(memory, at, length)?).into_owned())
}

fn errno(error: &io::Error) -> i32 {
    match error.kind() {
        io::ErrorKind::NotFound => NOENT,
        io::ErrorKind::PermissionDenied => ACCES,
        io::ErrorKind::NotADirectory => NOTDIR,
        io::ErrorKind::IsADirectory => ISDIR,
        io::ErrorKind::InvalidInput => INVAL,
        _ => IO,
    }
}

/// A path relative to the root, or to an open folder.
fn absolute(world: &World, fd: u32, path: &str) -> Result<String, i32> {
    match world.open.get(&fd) {
        _ if path.starts_with('/') => Ok(path.to_owned()),
        Some(Open::Folder(folder, _)) => Ok(format!("{folder}/{path}")),
        Some(_) => Err(NOTDIR),
        None if fd == ROOT => Ok(format!("/{path}")),
        None => Err(BADF),
    }
}

fn filestat(facts: Facts) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[0..8].copy_from_slice(&1_u64.to_le_bytes());
    bytes[8..16].copy_from_slice(&facts.inode.to_le_bytes());
    bytes[16] = if facts.folder { FOLDER } else { REGULAR };
    bytes[24..32].copy_from_slice(&1_u64.to_le_bytes());
    bytes[32..40].copy_from_slice(&facts.size.to_le_bytes());
    for at in [40, 48, 56] {
        bytes[at..at + 8].copy_from_slice(&facts.modified.to_le_bytes());
    }
    bytes
}

/// Adds all functions of the module `wasi_snapshot_preview1` that the interpreter imports.
pub fn add(linker: &mut Linker<World>) -> wasmtime::Result<()> {
    let name = "wasi_snapshot_preview1";
    environment(linker, name)?;
    clocks(linker, name)?;
    descriptors(linker, name)?;
    folders(linker, name)?;
    refused(linker, name)
}

/// What the interpreter reads when it starts, and the guest takes out of `ENV` then: how much room the garbage collector leaves.
/// With its own, a fifth of some megabytes, it runs every few migrations. The project's variables come with the first
/// message: a snapshot must not hold any.
const VARIABLES: [&str; 3] = [
    "RUBY_GC_HEAP_FREE_SLOTS_MIN_RATIO=0.40",
    "RUBY_GC_HEAP_FREE_SLOTS_GOAL_RATIO=0.60",
    "RUBY_GC_HEAP_FREE_SLOTS_MAX_RATIO=0.80",
];

fn environment(linker: &mut Linker<World>, name: &str) -> wasmtime::Result<()> {
    linker.func_wrap(name, "environ_get", |mut guest: Guest<'_>, list: u32, texts: u32| {
        let (memory, _) = parts(&mut guest)?;
        let (mut entry, mut at) = (list, texts);
        for variable in VARIABLES {
            let text = format!("{variable}\0");
            write(memory, entry, &at.to_le_bytes())?;
            write(memory, at, text.as_bytes())?;
            entry = entry.wrapping_add(4);
            at = at.wrapping_add(text.len() as u32);
        }
        Ok(SUCCESS)
    })?;
    linker.func_wrap(name, "environ_sizes_get", |mut guest: Guest<'_>, count: u32, size: u32| {
        let (memory, _) = parts(&mut guest)?;
        let bytes: usize = VARIABLES.iter().map(|variable| variable.len() + 1).sum();
        write(memory, count, &(VARIABLES.len() as u32).to_le_bytes())?;
        write(memory, size, &(bytes as u32).to_le_bytes())?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(name, "random_get", |mut guest: Guest<'_>, at: u32, length: u32| {
        let (memory, world) = parts(&mut guest)?;
        world.sources.fill(slice(memory, at, length)?);
        Ok(SUCCESS)
    })?;
    linker.func_wrap(name, "proc_exit", |code: i32| -> wasmtime::Result<()> { Err(I32Exit(code).into()) })?;
    Ok(())
}

/// The clock that tells the time; the others count from the start.
const WALL: u32 = 0;

fn clocks(linker: &mut Linker<World>, name: &str) -> wasmtime::Result<()> {
    linker.func_wrap(name, "clock_res_get", |mut guest: Guest<'_>, _: u32, at: u32| {
        let (memory, _) = parts(&mut guest)?;
        write(memory, at, &1000_u64.to_le_bytes())?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(name, "clock_time_get", |mut guest: Guest<'_>, clock: u32, _: u64, at: u32| {
        let (memory, world) = parts(&mut guest)?;
        let time = if clock == WALL { world.sources.now() } else { world.began.elapsed() };
        write(memory, at, &u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).to_le_bytes())?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(name, "poll_oneoff", poll)?;
    Ok(())
}

/// Waits for a clock; whatever else is waited for is there.
fn poll(
    mut guest: Guest<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    stored: u32,
) -> wasmtime::Result<i32> {
    let (memory, world) = parts(&mut guest)?;
    let mut wait = None;
    for index in 0..count.min(64) {
        let at = subscriptions + index * 48;
        let kind = slice(memory, at + 8, 1)?.first().copied().unwrap_or_default();
        if kind == 0 {
            let (clock, mut timeout) = (read_u32(memory, at + 16)?, read_u64(memory, at + 24)?);
            if slice(memory, at + 40, 1)?.first().is_some_and(|flags| flags & 1 == 1) {
                let now = if clock == WALL { world.sources.now() } else { world.began.elapsed() };
                timeout = timeout.saturating_sub(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX));
            }
            wait = Some(wait.map_or(timeout, |least: u64| least.min(timeout)));
        } else {
            wait = Some(0);
        }
        let user = read_u64(memory, at)?;
        let event = events + index * 32;
        write(memory, event, &[0; 32])?;
        write(memory, event, &user.to_le_bytes())?;
        write(memory, event + 10, &[kind])?;
    }
    write(memory, stored, &count.min(64).to_le_bytes())?;
    let mut left = Duration::from_nanos(wait.unwrap_or(0));
    while !left.is_zero() {
        // Whoever sleeps has to notice that he is to stop.
        world.check()?;
        let slice = left.min(Duration::from_millis(20)).min(world.meter().time_left());
        std::thread::sleep(slice.max(Duration::from_micros(1)));
        left = left.saturating_sub(slice.max(Duration::from_micros(1)));
    }
    Ok(SUCCESS)
}

fn descriptors(linker: &mut Linker<World>, name: &str) -> wasmtime::Result<()> {
    linker.func_wrap(name, "fd_fdstat_get", |mut guest: Guest<'_>, fd: u32, at: u32| {
        let (memory, world) = parts(&mut guest)?;
        let kind = match (fd, world.open.get(&fd)) {
            (0..=2, _) => CHARACTERS,
            (ROOT, _) | (_, Some(Open::Folder(..))) => FOLDER,
            (_, Some(_)) => REGULAR,
            _ => return Ok(BADF),
        };
        let mut bytes = [0; 24];
        bytes[0] = kind;
        bytes[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        bytes[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
        write(memory, at, &bytes)?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(name, "fd_fdstat_set_flags", |_: Guest<'_>, _: u32, _: u32| -> i32 { SUCCESS })?;
    linker.func_wrap(name, "fd_prestat_get", |mut guest: Guest<'_>, fd: u32, at: u32| {
        if fd != ROOT {
            return Ok(BADF);
        }
        let (memory, _) = parts(&mut guest)?;
        write(memory, at, &[0, 0, 0, 0, 1, 0, 0, 0])?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(
        name,
        "fd_prestat_dir_name",
        |mut guest: Guest<'_>, fd: u32, at: u32, length: u32| {
            if fd != ROOT || length < 1 {
                return Ok(BADF);
            }
            let (memory, _) = parts(&mut guest)?;
            write(memory, at, b"/")?;
            Ok(SUCCESS)
        },
    )?;
    linker.func_wrap(name, "fd_filestat_get", |mut guest: Guest<'_>, fd: u32, at: u32| {
        let (memory, world) = parts(&mut guest)?;
        let bytes = match (fd, world.open.get(&fd)) {
            (0..=2, _) => {
                let mut bytes = [0; 64];
                bytes[16] = CHARACTERS;
                bytes
            }
            (ROOT, _) => filestat(Facts { folder: true, inode: 1, size: 0, modified: 0 }),
            (_, Some(open)) => match open.facts(&world.files) {
                Ok(facts) => filestat(facts),
                Err(error) => return Ok(errno(&error)),
            },
            _ => return Ok(BADF),
        };
        write(memory, at, &bytes)?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(name, "fd_read", |guest: Guest<'_>, fd: u32, list: u32, count: u32, at: u32| {
        read(guest, fd, list, count, None, at)
    })?;
    linker.func_wrap(
        name,
        "fd_pread",
        |guest: Guest<'_>, fd: u32, list: u32, count: u32, offset: u64, at: u32| {
            read(guest, fd, list, count, Some(offset), at)
        },
    )?;
    linker.func_wrap(name, "fd_write", |mut guest: Guest<'_>, fd: u32, list: u32, count: u32, at: u32| {
        let (memory, world) = parts(&mut guest)?;
        if fd != 1 && fd != 2 {
            return Ok(if world.open.contains_key(&fd) { ROFS } else { BADF });
        }
        let mut total = 0;
        for index in 0..count.min(1024) {
            let (start, length) =
                (read_u32(memory, list + index * 8)?, read_u32(memory, list + index * 8 + 4)?);
            world.printed.add(slice(memory, start, length)?);
            total += length;
        }
        write(memory, at, &total.to_le_bytes())?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(
        name,
        "fd_seek",
        |mut guest: Guest<'_>, fd: u32, offset: i64, whence: u32, at: u32| {
            let (memory, world) = parts(&mut guest)?;
            let Some(open) = world.open.get_mut(&fd) else { return Ok(if fd < 3 { SPIPE } else { BADF }) };
            let to = match whence {
                0 => SeekFrom::Start(u64::try_from(offset).unwrap_or(0)),
                1 => SeekFrom::Current(offset),
                _ => SeekFrom::End(offset),
            };
            match open.seek(to) {
                Ok(position) => write(memory, at, &position.to_le_bytes()).map(|()| SUCCESS),
                Err(error) => Ok(errno(&error)),
            }
        },
    )?;
    linker.func_wrap(name, "fd_tell", |mut guest: Guest<'_>, fd: u32, at: u32| {
        let (memory, world) = parts(&mut guest)?;
        let Some(open) = world.open.get_mut(&fd) else { return Ok(if fd < 3 { SPIPE } else { BADF }) };
        match open.seek(SeekFrom::Current(0)) {
            Ok(position) => write(memory, at, &position.to_le_bytes()).map(|()| SUCCESS),
            Err(error) => Ok(errno(&error)),
        }
    })?;
    linker.func_wrap(name, "fd_close", |mut guest: Guest<'_>, fd: u32| -> wasmtime::Result<i32> {
        Ok(if guest.data_mut().open.remove(&fd).is_some() || fd <= ROOT { SUCCESS } else { BADF })
    })?;
    linker.func_wrap(name, "fd_readdir", list)?;
    Ok(())
}

fn read(
    mut guest: Guest<'_>,
    fd: u32,
    list: u32,
    count: u32,
    mut offset: Option<u64>,
    at: u32,
) -> wasmtime::Result<i32> {
    let (memory, world) = parts(&mut guest)?;
    let mut total = 0_u32;
    if fd != 0 {
        let Some(open) = world.open.get_mut(&fd) else { return Ok(BADF) };
        for index in 0..count.min(1024) {
            let (start, length) =
                (read_u32(memory, list + index * 8)?, read_u32(memory, list + index * 8 + 4)?);
            let buffer = slice(memory, start, length)?;
            let read = match open.read(buffer, offset) {
                Ok(read) => read,
                Err(error) => return Ok(errno(&error)),
            };
            offset = offset.map(|offset| offset + read as u64);
            total += read as u32;
            if read < length as usize {
                break;
            }
        }
    }
    write(memory, at, &total.to_le_bytes())?;
    Ok(SUCCESS)
}

/// Names of a folder from the one that `cookie` counts on, as many as fit; what does not fit is cut off.
fn list(
    mut guest: Guest<'_>,
    fd: u32,
    at: u32,
    length: u32,
    cookie: u64,
    used: u32,
) -> wasmtime::Result<i32> {
    let (memory, world) = parts(&mut guest)?;
    let root;
    let names = match (fd, world.open.get(&fd)) {
        (_, Some(Open::Folder(_, names))) => names,
        (ROOT, None) => match world.files.open("/") {
            Ok(Open::Folder(_, names)) => {
                root = names;
                &root
            }
            _ => return Ok(BADF),
        },
        (_, Some(_)) => return Ok(NOTDIR),
        _ => return Ok(BADF),
    };
    let mut bytes = Vec::new();
    let start = usize::try_from(cookie).unwrap_or(usize::MAX);
    for (index, (name, folder)) in names.iter().enumerate().skip(start) {
        bytes.extend((index as u64 + 1).to_le_bytes());
        bytes.extend((index as u64 + 1).to_le_bytes());
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend([if *folder { FOLDER } else { REGULAR }, 0, 0, 0]);
        bytes.extend(name.as_bytes());
        if bytes.len() >= length as usize {
            break;
        }
    }
    bytes.truncate(length as usize);
    write(memory, at, &bytes)?;
    write(memory, used, &(bytes.len() as u32).to_le_bytes())?;
    Ok(SUCCESS)
}

fn folders(linker: &mut Linker<World>, name: &str) -> wasmtime::Result<()> {
    linker.func_wrap(
        name,
        "path_filestat_get",
        |mut guest: Guest<'_>, fd: u32, _: u32, start: u32, length: u32, at: u32| {
            let (memory, world) = parts(&mut guest)?;
            let path = path(memory, start, length)?;
            let facts = match absolute(world, fd, &path) {
                Ok(path) => world.files.facts(&path),
                Err(errno) => return Ok(errno),
            };
            match facts {
                Ok(facts) => write(memory, at, &filestat(facts)).map(|()| SUCCESS),
                Err(error) => Ok(errno(&error)),
            }
        },
    )?;
    linker.func_wrap(
        name,
        "path_open",
        |mut guest: Guest<'_>,
         fd: u32,
         _: u32,
         start: u32,
         length: u32,
         how: u32,
         rights: u64,
         _: u64,
         _: u32,
         at: u32| {
            let (memory, world) = parts(&mut guest)?;
            let path = path(memory, start, length)?;
            let path = match absolute(world, fd, &path) {
                Ok(path) => path,
                Err(errno) => return Ok(errno),
            };
            let open = match world.files.open(&path) {
                Ok(open) => open,
                Err(error) if how & CREATE != 0 && error.kind() == io::ErrorKind::NotFound => {
                    return Ok(ROFS);
                }
                Err(error) => return Ok(errno(&error)),
            };
            let folder = matches!(open, Open::Folder(..));
            if how & TRUNCATE != 0 || (rights & MAY_WRITE != 0 && !folder) {
                return Ok(ROFS);
            }
            if how & ONLY_FOLDER != 0 && !folder {
                return Ok(NOTDIR);
            }
            let fd = (ROOT + 1..).find(|fd| !world.open.contains_key(fd)).unwrap_or(u32::MAX);
            world.open.insert(fd, open);
            write(memory, at, &fd.to_le_bytes())?;
            Ok(SUCCESS)
        },
    )?;
    // No link is shown as one.
    linker.func_wrap(
        name,
        "path_readlink",
        |mut guest: Guest<'_>, fd: u32, start: u32, length: u32, _: u32, _: u32, _: u32| {
            let (memory, world) = parts(&mut guest)?;
            let path = path(memory, start, length)?;
            Ok::<i32, wasmtime::Error>(
                match absolute(world, fd, &path).map(|path| world.files.facts(&path)) {
                    Ok(Ok(_)) => INVAL,
                    Ok(Err(error)) => errno(&error),
                    Err(errno) => errno,
                },
            )
        },
    )?;
    Ok(())
}

/// What would change something.
fn refused(linker: &mut Linker<World>, name: &str) -> wasmtime::Result<()> {
    linker.func_wrap(name, "fd_datasync", |_: u32| -> i32 { SUCCESS })?;
    linker.func_wrap(name, "fd_sync", |_: u32| -> i32 { SUCCESS })?;
    linker.func_wrap(name, "fd_advise", |_: u32, _: u64, _: u64, _: u32| -> i32 { SUCCESS })?;
    linker.func_wrap(name, "fd_renumber", |_: u32, _: u32| -> i32 { NOTSUP })?;
    linker.func_wrap(name, "fd_filestat_set_size", |_: u32, _: u64| -> i32 { ROFS })?;
    linker.func_wrap(name, "fd_pwrite", |_: u32, _: u32, _: u32, _: u64, _: u32| -> i32 { ROFS })?;
    linker
        .func_wrap(name, "path_rename", |_: u32, _: u32, _: u32, _: u32, _: u32, _: u32| -> i32 { ROFS })?;
    linker.func_wrap(name, "path_symlink", |_: u32, _: u32, _: u32, _: u32, _: u32| -> i32 { ROFS })?;
    linker.func_wrap(name, "path_unlink_file", |_: u32, _: u32, _: u32| -> i32 { ROFS })?;
    linker.func_wrap(name, "path_create_directory", |_: u32, _: u32, _: u32| -> i32 { ROFS })?;
    linker.func_wrap(name, "path_remove_directory", |_: u32, _: u32, _: u32| -> i32 { ROFS })?;
    linker.func_wrap(
        name,
        "path_filestat_set_times",
        |_: u32, _: u32, _: u32, _: u32, _: u64, _: u64, _: u32| -> i32 { ROFS },
    )?;
    linker.func_wrap(name, "path_link", |_: u32, _: u32, _: u32, _: u32, _: u32, _: u32, _: u32| -> i32 {
        ROFS
    })?;
    Ok(())
}
