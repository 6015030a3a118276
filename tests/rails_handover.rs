//! A project that Rails and Dunlin migrate in turn: each takes the other's history for its own, whole or in the middle, and
//! what is left at the end is what Rails alone leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod support;

use std::fs;

use support::{Contents, Need, RailsAdapter, RailsStage, ServerKind, needs, rails_is_here, version_of};

/// Who runs a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Rails,
    Dunlin(&'static str),
}

use Tool::{Dunlin, Rails};

/// Some by the first, more by the second, and what each did undone by the other.
const COMMANDS: &[(usize, &str)] = &[
    (0, "db:migrate VERSION=20170110000000"),
    (1, "db:migrate:status"),
    (1, "db:migrate:up VERSION=20170302000000"),
    (0, "db:migrate VERSION=20180701000000"),
    (1, "db:migrate:down VERSION=20180201000000"),
    (1, "db:migrate"),
    (0, "db:migrate:status"),
    (0, "db:rollback"),
    (1, "db:rollback STEP=2"),
    (0, "db:forward STEP=2"),
    (1, "db:migrate:redo"),
    (0, "db:version"),
    (1, "db:migrate"),
    (0, "db:abort_if_pending_migrations"),
    (0, "db:migrate VERSION=0"),
    (1, "db:migrate VERSION=001"),
];

/// A part of the clinic's migrations: it is the histories that matter here.
const KEPT: [u64; 11] = [
    1,
    2,
    20150301090000,
    20160105101500,
    20170110000000,
    20170302000000,
    20180201000000,
    20180401000000,
    20180501000000,
    20180601000000,
    20180701000000,
];

/// What each command printed, the schema file after it, and what was left.
fn walk(kind: ServerKind, tools: [Tool; 2]) -> Option<(Vec<String>, Contents)> {
    let stage = RailsStage::of("rails/clinic", RailsAdapter::of(kind), "7.2")?;
    for path in stage.migrations() {
        if !KEPT.contains(&version_of(&path)) {
            fs::remove_file(path).unwrap();
        }
    }
    let mut printed = Vec::new();
    for (whose, command) in COMMANDS {
        let arguments: Vec<&str> = command.split(' ').collect();
        let output = match tools[*whose] {
            Rails => stage.rails(&arguments),
            Dunlin(carrier) => stage.dunlin(carrier, &arguments),
        };
        let output = output.success();
        let schema = stage.project.read("db/schema.rb");
        printed.push(format!("{command}\n{}\n{schema}", said(&stage, &output.stdout)));
    }
    let mut contents = stage.database.contents();
    // What numbers are taken from, and when history was written, are not of interest: all was rolled back.
    contents.rows.retain(|row| row.contains("schema_migrations"));
    Some((printed, contents))
}

/// What was printed, without how long it took.
fn said(stage: &RailsStage, text: &str) -> String {
    let is_kept = |line: &&str| !line.starts_with("   -> ");
    let line = |line: &str| line.split(" (").next().unwrap_or_default().to_owned();
    let lines: Vec<String> = text.split('\n').filter(is_kept).map(line).collect();
    lines.join("\n").replace(&stage.database.name(), "{database}")
}

fn in_turn(kind: ServerKind, carrier: &'static str) {
    if !rails_is_here(carrier) {
        return;
    }
    let Some((expected, left)) = walk(kind, [Rails, Rails]) else { return };
    for tools in [[Rails, Dunlin(carrier)], [Dunlin(carrier), Rails]] {
        let (printed, found) = walk(kind, tools).expect("the server was there");
        for (expected, printed) in expected.iter().zip(&printed) {
            assert_eq!(expected, printed, "{tools:?} on {kind:?}");
        }
        assert_eq!(left, found, "{tools:?} on {kind:?}");
    }
}

#[test]
fn the_sandbox_takes_turns_with_rails_on_sqlite() {
    in_turn(ServerKind::Sqlite, "sandbox");
}

#[test]
fn the_sandbox_takes_turns_with_rails_on_postgres() {
    in_turn(ServerKind::Postgres, "sandbox");
}

#[test]
fn the_sandbox_takes_turns_with_rails_on_mariadb() {
    if needs(&[Need::Thorough]) {
        in_turn(ServerKind::MariaDb, "sandbox");
    }
}

#[test]
fn the_host_takes_turns_with_rails_on_postgres() {
    if needs(&[Need::Thorough]) {
        in_turn(ServerKind::Postgres, "host");
    }
}
