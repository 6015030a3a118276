//! A walk over all migrations, what each command left behind, and where two walks differ.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::sync::LazyLock;

use regex::Regex;

use crate::statements;
use crate::support::{Contents, KnexStage, Need, Output, Version};

/// What a command left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The command, for messages.
    pub step: String,
    pub statements: Vec<String>,
    /// What it printed to standard output, where Knex prints warnings too.
    pub printed: Vec<String>,
    pub contents: Contents,
    /// The rows of `knex_migrations` and `knex_migrations_lock`.
    pub history: Vec<String>,
}

/// What Knex warns of on MySQL when a savepoint is gone because of DDL. Dunlin opens a transaction after DDL, which keeps it.
const IMPLICIT: &str = "Transaction was implicitly committed";

/// What can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    Statements,
    Printed,
    Catalog,
    Rows,
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

/// The names of the migrations, in order.
pub fn migrations(stage: &KnexStage) -> Vec<String> {
    let folder = fs::read_dir(stage.project.path().join("migrations")).unwrap();
    let mut names: Vec<String> =
        folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

/// Up, down and up again. The first command of the quick way up ends before the first migration without a transaction,
/// since up to there one transaction holds all.
pub fn commands(stage: &KnexStage, version: Version, pace: Pace) -> Vec<String> {
    let names = migrations(stage);
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if pace == Pace::Stepwise {
        let up = names.iter().map(|_| "migrate:up".to_owned());
        let down = names.iter().map(|_| "migrate:down".to_owned());
        return up.chain(down).chain(["migrate:latest".to_owned()]).collect();
    }
    if version == Version::Two {
        return words(&["migrate:latest", "migrate:rollback", "migrate:latest"]);
    }
    let is_outside = |name: &&String| {
        let path = stage.project.path().join("migrations").join(name);
        fs::read_to_string(path).unwrap().contains("transaction: false")
    };
    let outside = names.iter().find(is_outside).unwrap();
    let mut all = vec![format!("migrate:before {outside}")];
    all.extend(words(&[
        "migrate:latest",
        "migrate:rollback",
        "migrate:up",
        "migrate:rollback --all",
        "migrate:latest --verbose",
    ]));
    all
}

/// Runs commands and looks after each.
pub fn walk(
    stage: &KnexStage,
    commands: &[String],
    mut run: impl FnMut(usize, &[&str]) -> Output,
) -> Vec<Trace> {
    let mut traces = Vec::new();
    for (number, command) in commands.iter().enumerate() {
        let arguments: Vec<&str> = command.split(' ').collect();
        let output = run(number, &arguments).success();
        let statements = statements::own(stage.client.kind, stage.take_statements());
        let mut contents = stage.database.contents();
        let (history, rows) = contents.rows.into_iter().partition(|row| row.contains("knex_migrations"));
        contents.rows = rows;
        let name = stage.database.name();
        let home = stage.project.path().display().to_string();
        let plain = |lines: Vec<String>| -> Vec<String> {
            lines
                .into_iter()
                .map(|line| without_times(&line.replace(&name, "{database}").replace(&home, "{project}")))
                .collect()
        };
        let printed =
            output.stdout.split('\n').filter(|line| !line.contains(IMPLICIT)).map(str::to_owned).collect();
        traces.push(Trace {
            step: command.clone(),
            statements: plain(statements),
            printed: plain(printed),
            contents: Contents { catalog: plain(contents.catalog), rows: plain(contents.rows) },
            history: plain(history),
        });
    }
    traces
}

/// A line with `{now}` for each time of these days, and without what Knex draws by lot.
fn without_times(line: &str) -> String {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"\b20(2[5-9]|[3-9]\d)-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:\d\d)?)?)?|\b1(7[5-9]|[89]\d)\d{10}\b",
        )
        .unwrap()
    });
    static DRAWN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"_knex_temp_alter\d+").unwrap());
    DRAWN.replace_all(&TIME.replace_all(line, "{now}"), "_knex_temp_alter").into_owned()
}

/// Every difference, step by step. Later ones may follow from earlier ones.
pub fn differences(expected: &[Trace], found: &[Trace]) -> Vec<Difference> {
    assert_eq!(expected.len(), found.len(), "walks of the same commands");
    expected.iter().zip(found).flat_map(|(expected, found)| different_aspects(expected, found)).collect()
}

fn different_aspects(expected: &Trace, found: &Trace) -> Vec<Difference> {
    let aspects = [
        (Aspect::Statements, &expected.statements, &found.statements),
        (Aspect::Printed, &expected.printed, &found.printed),
        (Aspect::Catalog, &expected.contents.catalog, &found.contents.catalog),
        (Aspect::Rows, &expected.contents.rows, &found.contents.rows),
        (Aspect::History, &expected.history, &found.history),
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
pub fn same(name: &str, expected: &[Trace], found: &[Trace]) {
    let differences = differences(expected, found);
    let Some(first) = differences.first() else { return };
    let mut text = String::new();
    for difference in differences.iter().filter(|difference| difference.step == first.step) {
        let Difference { step, aspect, text: lines } = difference;
        writeln!(text, "after {step}: {aspect:?}\n{lines}").unwrap();
    }
    let steps: BTreeSet<&str> = differences.iter().map(|difference| difference.step.as_str()).collect();
    panic!("{name}: not as Knex after {} of {} commands\n{text}", steps.len(), expected.len());
}
