//! The original, kept loaded.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Mutex;

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
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    _home: TempDir,
}

/// Those that no test uses now. They end when their standard input does.
static IDLE: Mutex<Vec<Original>> = Mutex::new(Vec::new());

/// Runs `alembic` in a folder. Ask for [`Need::Alembic`] first.
pub fn run(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
    let idle = IDLE.lock().unwrap().pop();
    let mut original = idle.unwrap_or_else(Original::start);
    let said = original.run(directory, arguments, environment);
    IDLE.lock().unwrap().push(original);
    said
}

impl Original {
    fn start() -> Original {
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
        Original { child, stdin, stdout, _home: home }
    }

    fn run(&mut self, directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let environment: serde_json::Map<String, serde_json::Value> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let request = json!({ "directory": directory, "arguments": arguments, "environment": environment });
        writeln!(self.stdin, "{request}").unwrap();
        self.stdin.flush().unwrap();
        let mut answer = String::new();
        self.stdout.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
