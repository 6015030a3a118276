//! Asks Alembic.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Need, command, run};

/// A graph and what to do with it.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    pub revisions: Vec<Given>,
    pub calls: Vec<Call>,
}

/// A revision as its file would declare it.
#[derive(Debug, Clone, Serialize)]
pub struct Given {
    pub id: String,
    pub down: Vec<String>,
    pub depends_on: Vec<String>,
    pub labels: Vec<String>,
    pub doc: String,
    pub path: String,
}

/// A command, and the rows of the version table before it.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    #[serde(flatten)]
    pub kind: Kind,
    pub rows: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    Upgrade { target: String },
    Downgrade { target: String },
    Stamp { targets: Vec<String> },
    History { base: String, head: String },
    HistoryCurrent { head: String },
    Find { target: String },
    FindAll { target: String },
    NewRevision { targets: Vec<String> },
    Current,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Answer {
    pub graph: Shown<Graph>,
    pub calls: Vec<Shown<Called>>,
}

/// What came of something, and what was warned of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Shown<T> {
    #[serde(flatten)]
    pub outcome: Outcome<T>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Outcome<T> {
    /// Alembic's message.
    Error {
        error: String,
    },
    /// A traceback. What is in it does not matter.
    Done(T),
    Crash {
        crash: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Graph {
    pub heads: Vec<String>,
    pub real_heads: Vec<String>,
    pub bases: Vec<String>,
    pub nodes: BTreeMap<String, Node>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Node {
    pub labels: Vec<String>,
    pub next: Vec<String>,
    pub all_next: Vec<String>,
    pub normalized_down: Vec<String>,
    pub line: String,
    pub log_entry: String,
    pub history: String,
    pub head: String,
    pub current: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Called {
    /// Revisions, or the lines that are logged for steps.
    pub order: Vec<String>,
    /// The statements of each step.
    #[serde(default)]
    pub statements: Vec<Vec<String>>,
    /// The rows after each step, sorted.
    #[serde(default)]
    pub rows: Vec<Vec<String>>,
    /// A traceback while the rows were changed.
    #[serde(default)]
    pub crash: Option<String>,
}

/// In which order Alembic goes through its sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOrder {
    /// In the order in which they were filled.
    AsFilled,
    /// As Python has it in this process.
    AsItComes,
}

pub fn ask(questions: &[Question], order: SetOrder) -> Vec<Answer> {
    let home = tempfile::tempdir().unwrap();
    let mut python = command(Need::Alembic.setting().unwrap(), home.path());
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alembic/graph_oracle.py"));
    if order == SetOrder::AsFilled {
        python.arg("--ordered");
    }
    let lines: Vec<String> =
        questions.iter().map(|question| serde_json::to_string(question).unwrap()).collect();
    let output = run(python, &lines.join("\n")).success();
    let answers: Vec<Answer> =
        output.stdout.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len());
    answers
}
