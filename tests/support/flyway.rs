//! The original Flyway as one process that runs command after command (`tests/flyway/src/…/Again.java`): starting Java
//! takes most of a command's time.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::program::Output;

/// What stands before the end of a command on both streams.
const END: u8 = 0x1e;

/// A Flyway that has been started in the folder of a project.
pub struct FlywayAgain {
    child: Child,
    requests: ChildStdin,
    stdout: Receiver<(String, String)>,
    stderr: Receiver<(String, String)>,
}

impl FlywayAgain {
    /// Starts it; `None` where this Java does not know how.
    pub fn start(mut command: Command) -> Option<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().ok()?;
        let requests = child.stdin.take()?;
        let (stdout, stderr) = (answers(child.stdout.take()?), answers(child.stderr.take()?));
        let started = Self { child, requests, stdout, stderr };
        started.stdout.recv().ok()?;
        started.stderr.recv().ok()?;
        Some(started)
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn run(&mut self, arguments: &[&str]) -> Output {
        let words = if arguments.is_empty() { &[][..] } else { &["-skipCheckForUpdate"][..] };
        let request = [words, arguments].concat().join("\u{1f}");
        assert!(!request.contains('\n'), "{request:?}");
        writeln!(self.requests, "{request}").unwrap();
        let gone = |_| panic!("Flyway is gone after {arguments:?}");
        let (stdout, status) = self.stdout.recv().unwrap_or_else(gone);
        let (stderr, _) = self.stderr.recv().unwrap_or_else(gone);
        Output::of(format!("flyway {}", arguments.join(" ")), status.trim().parse().unwrap(), stdout, stderr)
    }
}

impl Drop for FlywayAgain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// For each command what it wrote to a stream, and what stands between the mark and the end of its line.
fn answers(stream: impl Read + Send + 'static) -> Receiver<(String, String)> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        loop {
            let (mut text, mut end) = (Vec::new(), Vec::new());
            let read = stream.read_until(END, &mut text).and_then(|_| stream.read_until(b'\n', &mut end));
            if read.is_err() || text.pop() != Some(END) {
                return;
            }
            let [text, end] = [text, end].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            if sender.send((text, end)).is_err() {
                return;
            }
        }
    });
    receiver
}
