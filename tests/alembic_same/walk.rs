//! A walk over all revisions, what each left behind, and where two walks differ.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::runner::{Command, Runner, Steps};
use crate::stage::Stage;
use crate::statements;
use crate::support::Contents;

/// What a command left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The command, for messages and to tell steps apart.
    pub step: String,
    pub statements: Vec<String>,
    pub contents: Contents,
    /// The rows of `alembic_version`.
    pub versions: Vec<String>,
}

/// What can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    Statements,
    Catalog,
    Rows,
    Versions,
}

/// Where a walk is not what it should be.
#[derive(Debug, Clone)]
pub struct Difference {
    pub step: String,
    pub aspect: Aspect,
    /// Lines that only one side has, `-` for the expected and `+` for the found.
    pub text: String,
}

/// All revisions one by one up, one by one down, and then all in one command each way.
pub fn whole(steps: &Steps) -> Vec<Command> {
    let one_by_one = steps.up.iter().chain(&steps.down).map(|(_, command)| command.clone());
    one_by_one.chain([Command::new("upgrade", "heads"), Command::new("downgrade", "base")]).collect()
}

/// Runs commands, each by the runner that `whose` gives the index of, and looks after each.
pub fn walk(
    stage: &Stage,
    commands: &[Command],
    runners: &mut [&mut dyn Runner],
    whose: impl Fn(usize) -> usize,
) -> Vec<Trace> {
    stage.take_statements();
    let mut traces = Vec::new();
    for (number, command) in commands.iter().enumerate() {
        let runner = &mut runners[whose(number)];
        let step = format!("{} {}", command.verb, command.target);
        if let Err(error) = runner.run(stage, command) {
            panic!("{:?}, {}: {step} failed\n{error}", stage.kind(), runner.name());
        }
        let mut statements = statements::own(stage.kind(), stage.take_statements());
        if matches!(command.target.as_str(), "heads" | "base") {
            // Where a revision depends on several others, Alembic takes these from a Python set: which comes first is
            // not the same in every process.
            statements.sort();
        }
        let (contents, versions) = stage.contents();
        traces.push(Trace { step, statements, contents, versions });
    }
    traces
}

/// Every difference, step by step. Later ones may follow from earlier ones.
pub fn differences(expected: &[Trace], found: &[Trace]) -> Vec<Difference> {
    assert_eq!(expected.len(), found.len(), "walks of the same commands");
    expected.iter().zip(found).flat_map(|(expected, found)| different_aspects(expected, found)).collect()
}

fn different_aspects(expected: &Trace, found: &Trace) -> Vec<Difference> {
    let aspects = [
        (Aspect::Statements, &expected.statements, &found.statements),
        (Aspect::Catalog, &expected.contents.catalog, &found.contents.catalog),
        (Aspect::Rows, &expected.contents.rows, &found.contents.rows),
        (Aspect::Versions, &expected.versions, &found.versions),
    ];
    let different = aspects.into_iter().filter(|(_, expected, found)| expected != found);
    different
        .map(|(aspect, wanted, got)| Difference {
            step: expected.step.clone(),
            aspect,
            text: shown(wanted, got),
        })
        .collect()
}

/// The lines that one side alone has; when both have the same ones, where their order begins to differ.
fn shown(expected: &[String], found: &[String]) -> String {
    let (all_expected, all_found): (BTreeSet<_>, BTreeSet<_>) =
        (expected.iter().collect(), found.iter().collect());
    let mut text = String::new();
    for line in expected.iter().filter(|line| !all_found.contains(line)).take(8) {
        writeln!(text, "  - {}", cut(line)).unwrap();
    }
    for line in found.iter().filter(|line| !all_expected.contains(line)).take(8) {
        writeln!(text, "  + {}", cut(line)).unwrap();
    }
    if text.is_empty() {
        let at = expected.iter().zip(found).position(|(one, other)| one != other);
        let at = at.unwrap_or(expected.len().min(found.len()));
        writeln!(text, "  - {:?}\n  + {:?}", expected.get(at), found.get(at)).unwrap();
    }
    text
}

/// The beginning of a line; queries of catalogs go on for a page.
fn cut(line: &str) -> String {
    line.chars().take(400).collect()
}

/// Fails with the first differences.
#[track_caller]
pub fn same(name: &str, expected: &[Trace], found: &[Trace]) {
    let differences = differences(expected, found);
    let Some(first) = differences.first() else { return };
    let mut text = String::new();
    for difference in differences.iter().filter(|difference| difference.step == first.step) {
        let Difference { step, aspect, text: lines } = difference;
        writeln!(text, "after {step}: {aspect:?}\n{lines}").unwrap();
    }
    let steps: BTreeSet<&str> = differences.iter().map(|difference| difference.step.as_str()).collect();
    panic!("{name}: not as Alembic after {} of {} commands\n{text}", steps.len(), expected.len());
}
