//! What each command of a walk over migrations left behind, and where two walks differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::needs::Need;

/// What a command left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The command, for messages.
    pub step: String,
    /// Lines of each aspect.
    pub aspects: BTreeMap<Aspect, Vec<String>>,
}

impl Trace {
    /// The lines of an aspect; none where it is not looked at.
    pub fn lines(&self, aspect: Aspect) -> &[String] {
        self.aspects.get(&aspect).map_or(&[], Vec::as_slice)
    }
}

/// What can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Those of migrations that the server received.
    Statements,
    /// Standard output.
    Printed,
    /// The file that describes the schema, where the tool writes one.
    Schema,
    /// What the server's catalog says.
    Catalog,
    /// The rows of all tables but the history's.
    Rows,
    /// Those of the history and its lock.
    History,
}

/// Where a walk is not what it should be.
#[derive(Debug, Clone)]
pub struct Difference {
    pub step: String,
    pub aspect: Aspect,
    /// Lines that only one side has, `-` for the expected and `+` for the found.
    pub text: String,
}

/// How many migrations a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Each alone, so that a difference shows where it arises.
    Stepwise,
    /// All in a few commands.
    Quick,
}

impl Pace {
    /// Stepwise where `tests/run --thorough` asks for it.
    pub fn asked() -> Pace {
        if Need::Thorough.setting().is_some() { Pace::Stepwise } else { Pace::Quick }
    }
}

/// Every difference, step by step. Later ones may follow from earlier ones.
pub fn trace_differences(expected: &[Trace], found: &[Trace]) -> Vec<Difference> {
    assert_eq!(expected.len(), found.len(), "walks of the same commands");
    expected.iter().zip(found).flat_map(|(expected, found)| different_aspects(expected, found)).collect()
}

fn different_aspects(expected: &Trace, found: &Trace) -> Vec<Difference> {
    let both: BTreeSet<Aspect> = expected.aspects.keys().chain(found.aspects.keys()).copied().collect();
    both.into_iter()
        .filter(|aspect| expected.lines(*aspect) != found.lines(*aspect))
        .map(|aspect| Difference {
            step: expected.step.clone(),
            aspect,
            text: shown(expected.lines(aspect), found.lines(aspect)),
        })
        .collect()
}

/// The lines that one side alone has; when both have the same ones, where their order begins to differ.
fn shown(expected: &[String], found: &[String]) -> String {
    let (all_expected, all_found): (BTreeSet<_>, BTreeSet<_>) =
        (expected.iter().collect(), found.iter().collect());
    let mut text = String::new();
    let missing: Vec<&String> = expected.iter().filter(|line| !all_found.contains(line)).take(12).collect();
    let more: Vec<&String> = found.iter().filter(|line| !all_expected.contains(line)).take(12).collect();
    for line in &missing {
        writeln!(text, "  - {}", cut(line)).unwrap();
    }
    for line in &more {
        writeln!(text, "  + {}", cut(line)).unwrap();
    }
    if let ([one, ..], [other, ..]) = (&missing[..], &more[..]) {
        let at = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
        let part = |line: &str| line.chars().skip(at.saturating_sub(20)).take(100).collect::<String>();
        writeln!(text, "  first at {at}:\n    - {}\n    + {}", part(one), part(other)).unwrap();
    }
    let at = expected.iter().zip(found).position(|(one, other)| one != other);
    let at = at.unwrap_or(expected.len().min(found.len()));
    let context = |lines: &[String]| {
        lines.iter().skip(at).take(3).map(|line| cut(line)).collect::<Vec<_>>().join("\n      ")
    };
    writeln!(text, "  from {at}:\n    - {}\n    + {}", context(expected), context(found)).unwrap();
    text
}

/// The beginning of a line.
fn cut(line: &str) -> String {
    line.chars().take(400).collect()
}

/// Fails with the first differences.
#[track_caller]
pub fn same_traces(name: &str, expected: &[Trace], found: &[Trace]) {
    let differences = trace_differences(expected, found);
    let Some(first) = differences.first() else { return };
    let mut text = String::new();
    for difference in differences.iter().filter(|difference| difference.step == first.step) {
        let Difference { step, aspect, text: lines } = difference;
        writeln!(text, "after {step}: {aspect:?}\n{lines}").unwrap();
    }
    let steps: BTreeSet<&str> = differences.iter().map(|difference| difference.step.as_str()).collect();
    panic!("{name}: different after {} of {} commands\n{text}", steps.len(), expected.len());
}
