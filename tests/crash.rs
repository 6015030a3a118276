//! The process is killed before, during and after every message to the server, and the next run finishes the work:
//! schema, rows and history are those of a run that nothing disturbed, and no statement has run twice or not at all.
//!
//! Every statement of the fixtures that writes rows leaves an entry in `ledger` or counts up `counter`, so a statement
//! that is repeated or left out shows.
#![cfg(feature = "fault-points")]
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "crash/harness.rs"]
mod harness;
mod support;

use std::fs;

use harness::{Subject, UNDISTURBED};
use support::{Database, Need, Project, ServerKind};

/// The versions that are run together: few at a time, because each crash runs all of them.
fn themes(kind: ServerKind) -> &'static [&'static str] {
    match kind {
        ServerKind::Sqlite => &["1234"],
        ServerKind::Postgres => &["123", "14", "156"],
        ServerKind::MariaDb | ServerKind::MySql => &["123", "14", "15", "16", "17"],
    }
}

fn library(kind: ServerKind, versions: &str) -> Project {
    let folder = match kind {
        ServerKind::Sqlite => "sqlite",
        ServerKind::Postgres => "postgres",
        ServerKind::MariaDb | ServerKind::MySql => "mysql",
    };
    harness::project_of(&format!("crash/{folder}"), &|name| versions.contains(&name[..1]))
}

/// Those of which the downs are more than one statement.
fn reversible_themes(kind: ServerKind) -> &'static [&'static str] {
    match kind {
        ServerKind::Sqlite => &["1234"],
        ServerKind::Postgres => &["123", "14"],
        ServerKind::MariaDb | ServerKind::MySql => &["123", "14"],
    }
}

/// Native projects whose command is run to its end, whatever happens in between.
fn subjects(kind: ServerKind, themes: &[&'static str], command: &'static [&'static str]) -> Vec<Subject> {
    let subject = |versions: &&str| Subject {
        project: library(kind, versions),
        kind,
        target: harness::native,
        variables: harness::no_variables,
        command,
        stride: if Need::Thorough.setting().is_some() { 1 } else { 2 },
        prepare: Box::new(|_, _| {}),
        history: "SELECT version, name, kind, checksum FROM dunlin_migrations ORDER BY version",
    };
    themes.iter().map(subject).collect()
}

fn up(kind: ServerKind) -> Vec<Subject> {
    subjects(kind, themes(kind), &["up"])
}

/// Everything above the first migration is taken back.
fn down(kind: ServerKind) -> Vec<Subject> {
    let prepare = |project: &Project, database: &Database| {
        harness::run(project, database, &["up"], UNDISTURBED).success();
    };
    let downs = subjects(kind, reversible_themes(kind), &["down", "--to", "1"]).into_iter();
    downs.map(|subject| Subject { prepare: Box::new(prepare), ..subject }).collect()
}

#[test]
fn up_is_finished_by_the_next_up_on_sqlite() {
    every_crash(up(ServerKind::Sqlite));
}

#[test]
fn up_is_finished_by_the_next_up_on_postgres() {
    every_crash(up(ServerKind::Postgres));
}

#[test]
fn up_is_finished_by_the_next_up_on_mariadb() {
    every_crash(up(ServerKind::MariaDb));
}

#[test]
fn up_is_finished_by_the_next_up_on_mysql() {
    every_crash(up(ServerKind::MySql));
}

#[test]
fn down_is_finished_by_the_next_down_on_sqlite() {
    every_crash(down(ServerKind::Sqlite));
}

#[test]
fn down_is_finished_by_the_next_down_on_postgres() {
    every_crash(down(ServerKind::Postgres));
}

#[test]
fn down_is_finished_by_the_next_down_on_mariadb() {
    every_crash(down(ServerKind::MariaDb));
}

#[test]
fn down_is_finished_by_the_next_down_on_mysql() {
    every_crash(down(ServerKind::MySql));
}

#[test]
fn a_crash_while_resuming_is_resumed_too() {
    for kind in support::servers() {
        up(kind).iter().for_each(harness::survives_crashes_in_a_row);
    }
}

fn every_crash(subjects: Vec<Subject>) {
    subjects.iter().for_each(harness::survives_every_crash);
}

/// What a run leaves is not judged by runs alone: the server's own client, given the same statements, leaves the same
/// rows.
#[test]
fn rows_are_those_that_the_servers_own_client_leaves() {
    for database in support::databases() {
        let project = library(database.kind(), "1234567");
        let Some(other) = Database::create(database.kind()) else { return };
        let mut files: Vec<_> =
            fs::read_dir(project.path().join("migrations")).unwrap().map(Result::unwrap).collect();
        files.sort_by_key(fs::DirEntry::file_name);
        for file in files {
            let text = fs::read_to_string(file.path()).unwrap();
            let up = text.split("-- migrate:down").next().unwrap_or_default();
            other.sql(&format!("{up}\n"));
        }
        harness::run(&project, &database, &["up"], UNDISTURBED).success();

        for table in other.tables() {
            assert_eq!(database.table_rows(&table), other.table_rows(&table), "{:?} {table}", other.kind());
        }
    }
}
