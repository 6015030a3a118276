//! A walk over all migrations.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use regex::Regex;

use crate::statements;
use crate::support::{Aspect, Output, Pace, RailsStage, Trace, version_of};

/// Up, down and up again.
pub fn commands(stage: &RailsStage, pace: Pace) -> Vec<String> {
    let versions: Vec<u64> = stage.migrations().iter().map(|path| version_of(path)).collect();
    let words = |list: &[String]| list.to_vec();
    if pace == Pace::Stepwise {
        let up = versions.iter().map(|version| format!("db:migrate:up VERSION={version}"));
        let down = versions.iter().rev().map(|version| format!("db:migrate:down VERSION={version}"));
        return up.chain(down).chain(["db:migrate".to_owned()]).collect();
    }
    let middle = versions[versions.len() / 2];
    words(&[
        format!("db:migrate VERSION={middle}"),
        "db:migrate".to_owned(),
        "db:rollback STEP=4".to_owned(),
        format!("db:migrate:down VERSION={}", versions[versions.len() - 6]),
        "db:migrate VERBOSE=false".to_owned(),
        "db:migrate VERSION=0".to_owned(),
        "db:migrate".to_owned(),
    ])
}

/// Runs commands and looks after each.
pub fn walk(stage: &RailsStage, commands: &[String], mut run: impl FnMut(&[&str]) -> Output) -> Vec<Trace> {
    let mut traces = Vec::new();
    for command in commands {
        let arguments: Vec<&str> = command.split(' ').collect();
        let output = run(&arguments).success();
        let statements = statements::own(stage.adapter.kind, stage.take_statements());
        let contents = stage.database.contents();
        let is_history =
            |row: &String| row.contains("schema_migrations") || row.contains("ar_internal_metadata");
        let (history, rows) = contents.rows.into_iter().partition(is_history);
        let schema = fs::read_to_string(stage.project.path().join("db/schema.rb")).unwrap_or_default();
        let name = stage.database.name();
        let home = stage.project.path().display().to_string();
        let plain =
            |line: String| without_times(&line.replace(&name, "{database}").replace(&home, "{project}"));
        let lines = |text: &str| text.split('\n').map(str::to_owned).collect();
        let aspects = [
            (Aspect::Statements, statements),
            (Aspect::Printed, lines(&output.stdout)),
            (Aspect::Schema, lines(&schema)),
            (Aspect::Catalog, contents.catalog),
            (Aspect::Rows, rows),
            (Aspect::History, history),
        ];
        let aspects: BTreeMap<Aspect, Vec<String>> = aspects
            .into_iter()
            .map(|(aspect, lines): (Aspect, Vec<String>)| (aspect, lines.into_iter().map(plain).collect()))
            .collect();
        traces.push(Trace { step: command.clone(), aspects });
    }
    traces
}

/// A line with `{now}` for each time of these days, and for how long something took.
fn without_times(line: &str) -> String {
    static TIME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b20(2[5-9]|[3-9]\d)-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?").unwrap());
    static SECONDS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(\(|-> )\d+\.\d{4}s(\) =*)?").unwrap());
    SECONDS.replace_all(&TIME.replace_all(line, "{now}"), "${1}{seconds}").into_owned()
}
