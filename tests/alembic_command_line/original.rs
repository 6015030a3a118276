//! The original, kept loaded.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Need, command};

/// What a run said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Said {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A Python process that runs Alembic's command line on demand.
pub struct Original {
    child: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    _home: TempDir,
}

impl Original {
    /// Starts it. Ask for [`Need::Alembic`] first.
    pub fn start() -> Original {
        let home = tempfile::tempdir().unwrap();
        let mut python = command(Need::Alembic.setting().unwrap(), home.path());
        python
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alembic/command_oracle.py"))
            // Sets have the same order in every run.
            .env("PYTHONHASHSEED", "0")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = python.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Original { child, pipes: RefCell::new((stdin, stdout)), _home: home }
    }

    /// Runs `alembic` in a folder.
    pub fn run(&self, directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let environment: serde_json::Map<String, serde_json::Value> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let request = json!({ "directory": directory, "arguments": arguments, "environment": environment });
        let mut pipes = self.pipes.borrow_mut();
        writeln!(pipes.0, "{request}").unwrap();
        pipes.0.flush().unwrap();
        let mut answer = String::new();
        pipes.1.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
