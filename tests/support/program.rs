//! Running programs and saying well what went wrong.

use std::ffi::OsStr;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// What a program did.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its exit code; -1 when a signal ended it.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    command: String,
}

impl Output {
    /// What a program did that was not started for this alone.
    pub fn of(command: String, status: i32, stdout: String, stderr: String) -> Self {
        Self { status, stdout, stderr, command }
    }

    /// Fails the test unless the program succeeded.
    #[track_caller]
    pub fn success(self) -> Self {
        self.exits(0)
    }

    /// Fails the test unless the program ended with this code.
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert!(self.status == status, "expected exit code {status}\n{self}");
        self
    }

    /// Fails the test unless the program failed, with whatever code.
    #[track_caller]
    pub fn fails(self) -> Self {
        assert!(self.status != 0, "expected a failure\n{self}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON: {error}\n{self}"))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, status, stdout, stderr } = self;
        write!(formatter, "$ {command}\nexit code {status}\n-- stdout\n{stdout}\n-- stderr\n{stderr}")
    }
}

/// A command whose environment holds nothing of the caller's that could change what a tool does.
pub fn command(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
    for variable in ["PATH", "JAVA_HOME", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(variable) {
            command.env(variable, value);
        }
    }
    command
}

/// Runs a command to its end with this standard input.
#[track_caller]
pub fn run(mut command: Command, stdin: &str) -> Output {
    let shown = shown(&command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {shown}: {error}"));
    let mut pipe = child.stdin.take().unwrap();
    let input = stdin.to_owned();
    // A program may fill its output before it has read its input, or never read it.
    let writer = thread::spawn(move || pipe.write_all(input.as_bytes()).ok());
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("{shown}: {error}"));
    writer.join().unwrap();
    Output {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        command: shown,
    }
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}
