//! A project that Knex and Dunlin migrate in turn: each takes the other's history for its own, whole or in the middle of a
//! batch, and what is left at the end is what Knex alone leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

#[path = "../support/mod.rs"]
mod support;

use support::{Client, Contents, KnexStage, Need, Output, Version, needs};

/// Who runs a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Knex,
    Dunlin(&'static str),
}

use Tool::{Dunlin, Knex};

/// Some by the first, more by the second, and the batch of each undone by the other.
const COMMANDS: &[(usize, &str)] = &[
    (0, "migrate:before 20240101000007_nested.js"),
    (1, "migrate:list"),
    (1, "migrate:up"),
    (0, "migrate:up 20240101000016_callbacks.js"),
    (1, "migrate:down 20240101000016_callbacks.js"),
    (1, "migrate:latest"),
    (0, "migrate:list"),
    (0, "migrate:down"),
    (0, "migrate:rollback"),
    (1, "migrate:rollback"),
    (1, "migrate:latest"),
    (0, "migrate:rollback --all"),
    (1, "migrate:latest"),
    (0, "migrate:unlock"),
    (1, "migrate:rollback --all"),
    (0, "migrate:list"),
];

/// What each command printed, and what was left.
fn walk(client: Client, version: Version, tools: [Tool; 2]) -> Option<(Vec<String>, Contents)> {
    let stage = KnexStage::of("shop", client, version)?;
    keep_some(&stage);
    let mut printed = Vec::new();
    for (whose, command) in COMMANDS {
        if version == Version::Two && (command.contains("before") || command.contains("down 2")) {
            continue;
        }
        let arguments: Vec<&str> = command.split(' ').collect();
        let output = match tools[*whose] {
            Knex => stage.knex(&arguments),
            Dunlin(carrier) => stage.dunlin(carrier, &arguments),
        };
        printed.push(said(&stage, command, &output.success()));
    }
    let mut contents = stage.database.contents();
    // What numbers are taken from, and when history was written, are not of interest: all was rolled back.
    contents.rows.retain(|row| row.contains("knex_migrations") && !row.contains("seq"));
    Some((printed, contents))
}

/// A part of the shop's migrations, of each extension one at least: it is the histories that matter here.
fn keep_some(stage: &KnexStage) {
    let folder = stage.project.path().join("migrations");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let number: u32 = name[12..14].parse().unwrap();
        if ![1, 2, 3, 4, 5, 7, 8, 11, 16, 19, 26].contains(&number) {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// What a command printed of itself; what migrations print is compared by `knex_same`.
fn said(stage: &KnexStage, command: &str, output: &Output) -> String {
    let words = ["Using", "Batch", "Found", "No ", "Already", "Current", "Succesfully", "20240101"];
    let lines = output.stdout.split('\n').filter(|line| words.iter().any(|word| line.starts_with(word)));
    let lines: Vec<&str> = lines.collect();
    format!("{command}\n{}", lines.join("\n").replace(&stage.database.name(), "{database}"))
}

fn in_turn(client: Client, version: Version, carrier: &'static str) {
    if !needs(&[Need::Knex]) {
        return;
    }
    let Some((expected, left)) = walk(client, version, [Knex, Knex]) else { return };
    for tools in [[Knex, Dunlin(carrier)], [Dunlin(carrier), Knex]] {
        let (printed, found) = walk(client, version, tools).expect("the server was there");
        for (expected, printed) in expected.iter().zip(&printed) {
            assert_eq!(expected, printed, "{tools:?} with {client:?}");
        }
        assert_eq!(left.catalog, found.catalog, "{tools:?} with {client:?}");
        assert_eq!(left.rows, found.rows, "{tools:?} with {client:?}");
    }
}

#[test]
fn the_sandbox_takes_turns_with_knex_on_sqlite() {
    in_turn(Client::SQLITE3, Version::Three, "sandbox");
}

#[test]
fn the_sandbox_takes_turns_with_knex_on_postgres() {
    in_turn(Client::PG, Version::Three, "sandbox");
}

#[test]
fn the_sandbox_takes_turns_with_knex_on_mariadb() {
    if !needs(&[Need::Thorough]) {
        return;
    }
    in_turn(Client::MARIADB, Version::Three, "sandbox");
}

#[test]
fn the_host_takes_turns_with_knex_on_postgres() {
    if !needs(&[Need::Thorough]) {
        return;
    }
    in_turn(Client::PG, Version::Three, "host");
}
