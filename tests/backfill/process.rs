//! A backfill as a process that a test watches, tells things, and ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::support::{Database, Output, Project};

/// So long a test waits for what must happen.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A process of ours. It is ended with this value.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

/// What a process left.
pub struct Ended {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Process {
    /// Starts our binary on a database.
    pub fn start(project: &Project, database: &Database, arguments: &[&str]) -> Process {
        Process::start_with(project, database, arguments, |_| {})
    }

    /// The same; `change` may add to the command.
    pub fn start_with(
        project: &Project,
        database: &Database,
        arguments: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Process {
        let mut command = project.dunlin_command(&["--url", &database.url()]);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        Process { child, lines, seen: Vec::new() }
    }

    /// Waits for a line on standard error that holds this.
    #[track_caller]
    pub fn wait_for(&mut self, wanted: &str) -> String {
        match self.try_wait_for(wanted) {
            Some(line) => line,
            None => panic!("{wanted:?} did not come:\n{}", self.seen.join("\n")),
        }
    }

    /// The same; `None` when it does not come.
    pub fn try_wait_for(&mut self, wanted: &str) -> Option<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(wanted) {
                        return Some(line);
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let status = self.child.wait().unwrap();
        self.seen.extend(self.lines.iter());
        Ended { success: status.success(), stdout, stderr: self.seen.join("\n") }
    }

    /// Waits for its end and fails the test unless it succeeded.
    #[track_caller]
    pub fn succeed(self) -> Ended {
        let ended = self.end();
        assert!(ended.success, "-- stdout\n{}\n-- stderr\n{}", ended.stdout, ended.stderr);
        ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs our binary on a database to its end.
#[track_caller]
pub fn dunlin(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    let url = database.url();
    let all: Vec<&str> = ["--url", &url].into_iter().chain(arguments.iter().copied()).collect();
    project.dunlin(&all)
}

/// Waits until a query gives something else than no rows and `0`.
#[track_caller]
pub fn wait_until(database: &Database, query: &str) {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        // The table may not be there yet.
        let output = database.try_sql(&format!("{query};"));
        if output.status == 0
            && !matches!(output.stdout.trim().rsplit('\n').next(), None | Some("" | "0" | "f"))
        {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("never came true: {query}");
}
