//! Cuts scripts as the servers' own clients do: `psql`, `mariadb` and `sqlite3` run each file of
//! `tests/fixtures/splitting` in one database, `dunlin up` runs it as a migration in another, and what the two hold
//! afterwards is the same.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clients;
#[path = "../support/mod.rs"]
mod support;

mod mysql;
mod postgres;
mod sqlite;

use std::fs;
use std::path::Path;

use support::{Database, Output, Project};

/// A script of the fixtures.
struct Script {
    name: String,
    text: String,
    /// What the client is given instead, where it needs a `DELIMITER` that we do without.
    for_client: Option<String>,
}

/// The scripts of a folder in `tests/fixtures/splitting`.
fn scripts(folder: &str) -> Vec<Script> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/splitting").join(folder);
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".client.sql"))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{} is empty", folder.display());
    let script = |name: String| {
        let text = read(&name).unwrap();
        let for_client = read(&name.replace(".sql", ".client.sql"));
        Script { name, text, for_client }
    };
    names.into_iter().map(script).collect()
}

/// Runs every script of a folder both ways, in databases that `create` makes, and compares.
fn compare_folder(folder: &str, create: impl Fn() -> Option<Database>) {
    for script in scripts(folder) {
        let (Some(by_client), Some(by_us)) = (create(), create()) else { return };
        by_client.run_in_client(script.for_client.as_deref().unwrap_or(&script.text)).success();
        migrate(&by_us, &script.text).success();
        assert_same(&by_client, &by_us, &format!("{folder}/{}", script.name));
    }
}

/// Runs a text as the only migration of a project. The comment keeps a script of comments from counting as unwritten.
#[track_caller]
fn migrate(database: &Database, text: &str) -> Output {
    migrate_as(database, "", text)
}

/// The same with parameters in the database's URL.
#[track_caller]
fn migrate_as(database: &Database, parameters: &str, text: &str) -> Output {
    let project = Project::new();
    project.write("migrations/1_fixture.sql", format!("-- migrate:up\n{text}"));
    project.dunlin(&["--url", &format!("{}{parameters}", database.url()), "up"])
}

/// Fails unless both databases hold the same, our own tables aside.
#[track_caller]
fn assert_same(by_client: &Database, by_us: &Database, script: &str) {
    by_us.remove_our_tables();
    let (theirs, ours) = (by_client.state(), by_us.state());
    assert!(!theirs.is_empty(), "{script} makes nothing");
    assert!(theirs == ours, "{script} on {:?} differs:\n{}", by_us.kind(), difference(&theirs, &ours));
}

/// The lines that differ, `-` the client's and `+` ours.
fn difference(theirs: &str, ours: &str) -> String {
    let (theirs, ours): (Vec<&str>, Vec<&str>) = (theirs.split('\n').collect(), ours.split('\n').collect());
    let only = |mark: char, these: &[&str], others: &[&str]| {
        let lines = these.iter().filter(|line| !others.contains(line));
        lines.map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    only('-', &theirs, &ours) + &only('+', &ours, &theirs)
}
