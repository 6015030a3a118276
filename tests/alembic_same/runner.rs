//! The tools that can run a command of Alembic.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::stage::Stage;
use crate::support::{Need, command};

/// A command of Alembic with its argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// `upgrade`, `downgrade` or `stamp`.
    pub verb: &'static str,
    /// A revision, `label@revision`, `heads`, `base` ….
    pub target: String,
}

impl Command {
    pub fn new(verb: &'static str, target: &str) -> Self {
        Self { verb, target: target.to_owned() }
    }
}

/// Something that runs commands on a stage.
pub trait Runner {
    /// For messages.
    fn name(&self) -> String;

    /// Runs one command; what went wrong as text.
    fn run(&mut self, stage: &Stage, command: &Command) -> Result<(), String>;
}

/// The original, one process for many commands (see `tests/alembic/step_runner.py`).
pub struct Alembic {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// The revisions one by one: for each the number of its file and the command that runs it alone.
pub struct Steps {
    pub up: Vec<(String, Command)>,
    pub down: Vec<(String, Command)>,
}

impl Alembic {
    /// Starts it in the stage's project.
    pub fn start(stage: &Stage) -> Self {
        let python = Need::Alembic.setting().expect("the test has to ask for Need::Alembic first");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alembic/step_runner.py");
        let mut command = command(python, &stage.project.home());
        command.arg(script).arg("alembic.ini").current_dir(stage.project.path());
        command.envs(stage.variables());
        // What a migration prints is in the way only of a test that passes.
        let log = std::fs::File::create(stage.project.home().join("alembic.log")).unwrap();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().unwrap_or_else(|error| panic!("cannot start Alembic: {error}"));
        let requests = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, requests, answers }
    }

    /// The commands that run one revision each, up and down again.
    pub fn steps(&mut self, stage: &Stage) -> Steps {
        let answer = self.ask(stage, &json!({ "do": "steps" }));
        let commands = |verb, key: &str| {
            let steps = answer[key].as_array().unwrap_or_else(|| panic!("no steps in {answer}"));
            let step = |step: &Value| {
                let (revision, target) = (step[0].as_str().unwrap(), step[1].as_str().unwrap());
                (revision.to_owned(), Command::new(verb, target))
            };
            steps.iter().map(step).collect()
        };
        Steps { up: commands("upgrade", "up"), down: commands("downgrade", "down") }
    }

    fn ask(&mut self, stage: &Stage, request: &Value) -> Value {
        writeln!(self.requests, "{request}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| {
            let log = std::fs::read_to_string(stage.project.home().join("alembic.log")).unwrap_or_default();
            panic!("{request}: {error}\n{log}")
        })
    }
}

impl Runner for Alembic {
    fn name(&self) -> String {
        "Alembic".to_owned()
    }

    fn run(&mut self, stage: &Stage, command: &Command) -> Result<(), String> {
        let answer = self.ask(stage, &json!({ "do": command.verb, "target": command.target }));
        if answer["ok"] == true { Ok(()) } else { Err(answer["error"].to_string()) }
    }
}

impl Drop for Alembic {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `dunlin alembic …`, a process for each command.
pub struct Dunlin {
    /// `sandbox` or `host`.
    pub carrier: &'static str,
}

impl Dunlin {
    /// Chooses the carrier in the project's `dunlin.toml`. The host carrier finds the interpreter in `.venv`.
    pub fn new(stage: &Stage, carrier: &'static str) -> Self {
        stage.project.write("dunlin.toml", format!("carrier = \"{carrier}\"\n"));
        let python = Need::Alembic.setting().expect("the test has to ask for Need::Alembic first");
        let environment = Path::new(&python).parent().and_then(Path::parent).expect("is DIR/bin/python");
        let link = stage.project.path().join(".venv");
        if carrier == "host" && !link.exists() {
            std::os::unix::fs::symlink(environment, link).unwrap();
        }
        Self { carrier }
    }
}

impl Runner for Dunlin {
    fn name(&self) -> String {
        format!("Dunlin ({})", self.carrier)
    }

    fn run(&mut self, stage: &Stage, command: &Command) -> Result<(), String> {
        let arguments = ["alembic", command.verb, &command.target];
        let output = stage.project.dunlin_with(&arguments, |process| {
            process.envs(stage.variables());
            if self.carrier == "sandbox" {
                process.env("PATH", "");
                if let Some(packs) = Need::Pack.setting() {
                    process.env("DUNLIN_PACKS", packs);
                }
            }
        });
        if output.status == 0 { Ok(()) } else { Err(output.to_string()) }
    }
}
