//! What a guest in the sandbox sees of the world: folders to read, a clock, randomness, and somewhere to print to.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use rand::rand_core::TryRng;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{FsPerms, HostWallClock, WasiCtx, WasiCtxBuilder};

use super::sandbox::Heard;
use super::sources::Sources;

/// A folder of this machine, and where the guest finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Here.
    pub path: PathBuf,
    /// There.
    pub seen_as: String,
}

/// The folders that a guest may read, each at its own place: a project, and what it imports from elsewhere. What is inside
/// of another is left out, unless it only looks so because of a link, and so is what is not there.
pub fn folders(project: &Path, import_paths: &[PathBuf]) -> Vec<Folder> {
    let mut seen: Vec<&Path> = vec![project];
    // The root would be everything, which nobody means by a folder to import from.
    let others = import_paths.iter().filter(|path| path.is_dir() && path.parent().is_some());
    seen.extend(others.map(PathBuf::as_path));
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let inside = |path: &Path, other: &Path| path.starts_with(other) && real(path).starts_with(real(other));
    let outermost = |path: &Path| !seen.iter().any(|other| path != *other && inside(path, other));
    let mut folders: Vec<Folder> = Vec::new();
    for path in seen.iter().filter(|path| outermost(path)) {
        let mut names = vec![path.to_path_buf()];
        // Python asks for the real path of files that lie behind a link.
        names.extend(std::fs::canonicalize(path).ok());
        for name in names {
            let folder = Folder { path: name.clone(), seen_as: name.display().to_string() };
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
    }
    folders
}

/// The world of a guest: these folders, to read; no network, no variables; a clock and randomness that can be replaced; what
/// is printed is sent line by line.
pub fn build(folders: &[Folder], sources: &Sources, printed: &Sender<Heard>) -> wasmtime::Result<WasiCtx> {
    let mut builder = WasiCtxBuilder::new();
    builder
        .allow_blocking_current_thread(true)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .wall_clock(sources.clone())
        .secure_random(sources.clone())
        .insecure_random(sources.clone())
        .stdout(Printed::to(printed))
        .stderr(Printed::to(printed));
    for folder in folders {
        builder.preopened_dir(&folder.path, &folder.seen_as, FsPerms::ReadOnly)?;
    }
    Ok(builder.build())
}

impl HostWallClock for Sources {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        Sources::now(self)
    }
}

impl TryRng for Sources {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.fill(buffer);
        Ok(())
    }
}

/// Standard output or error. Every handle of the guest writes to the same line.
#[derive(Debug, Clone)]
pub(super) struct Printed {
    lines: Sender<Heard>,
    unfinished: Arc<Mutex<Vec<u8>>>,
}

/// A line is logged when it is so long, finished or not: what does not end must not fill the memory.
const LONGEST_LINE: usize = 1 << 20;

/// How much may be written at once.
const AT_ONCE: usize = 64 << 10;

impl Printed {
    pub(super) fn to(lines: &Sender<Heard>) -> Printed {
        Printed { lines: lines.clone(), unfinished: Arc::default() }
    }

    pub(super) fn add(&self, bytes: &[u8]) {
        let mut line = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(piece);
            if line.ends_with(b"\n") || line.len() > LONGEST_LINE {
                let text = String::from_utf8_lossy(&line);
                // When nobody listens any more, the guest is about to be ended.
                let _ = self.lines.send(Heard::Line(text.trim_end_matches(['\r', '\n']).to_owned()));
                line.clear();
            }
        }
    }
}

impl Drop for Printed {
    fn drop(&mut self) {
        let unfinished = Arc::get_mut(&mut self.unfinished)
            .map(|line| std::mem::take(line.get_mut().unwrap_or_else(PoisonError::into_inner)));
        if let Some(line) = unfinished.filter(|line| !line.is_empty()) {
            let _ = self.lines.send(Heard::Line(String::from_utf8_lossy(&line).into_owned()));
        }
    }
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    // The default would write from another thread, and mix up what is printed with what is asked.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.add(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(AT_ONCE)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Printed {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.add(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_clock_and_randomness_say_the_same_again() {
        let sources = Sources::default();
        let read = |seed, now| {
            sources.set(Some(seed), Some(now));
            let mut bytes = [0; 100];
            sources.fill(&mut bytes[..7]);
            sources.fill(&mut bytes[7..]);
            (bytes, sources.now(), sources.now())
        };
        let first = read(7, 1_000_000);
        assert_eq!(first, read(7, 1_000_000));
        assert_ne!(first.0, read(8, 1_000_000).0);
        assert_eq!((first.1, first.2), (Duration::from_micros(1_000_000), Duration::from_micros(1_000_001)));
        sources.set(None, None);
        assert!(sources.now() > Duration::from_secs(1_700_000_000));
        let (mut one, mut other) = ([0; 16], [0; 16]);
        sources.fill(&mut one);
        sources.fill(&mut other);
        assert_ne!(one, other);
    }

    #[test]
    fn folders_are_seen_once_and_only_if_they_are_there() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for name in ["shop/lib", "shared", "shop-api"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        let imports = [at("shop/lib"), at("shared"), at("absent"), at("shop"), "/".into(), at("shop-api")];
        let seen: Vec<PathBuf> =
            folders(&at("shop"), &imports).into_iter().map(|folder| folder.path).collect();
        assert_eq!(seen, [at("shop"), at("shared"), at("shop-api")]);
    }
}
