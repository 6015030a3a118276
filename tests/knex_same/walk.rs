//! A walk over all migrations.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use regex::Regex;

use crate::statements;
use crate::support::{Aspect, KnexStage, Output, Pace, Trace, Version};

/// What Knex warns of on MySQL when a savepoint is gone because of DDL. Dunlin opens a transaction after DDL, which keeps it.
const IMPLICIT: &str = "Transaction was implicitly committed";

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
        let aspects = [
            (Aspect::Statements, statements),
            (Aspect::Printed, printed),
            (Aspect::Catalog, contents.catalog),
            (Aspect::Rows, contents.rows),
            (Aspect::History, history),
        ];
        let aspects: BTreeMap<Aspect, Vec<String>> =
            aspects.into_iter().map(|(aspect, lines)| (aspect, plain(lines))).collect();
        traces.push(Trace { step: command.clone(), aspects });
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
