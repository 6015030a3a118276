//! The process is killed before, during and after every message to the server, and the next run finishes the work:
//! schema, rows and history are those of a run that nothing disturbed, and no statement has run twice or not at all.
//!
//! Every statement of the fixtures that writes rows leaves an entry in `ledger` or counts up `counter`, so a statement
//! that is repeated or left out shows.
#![cfg(feature = "fault-points")]

#[path = "crash/harness.rs"]
mod harness;
mod support;

use harness::{Subject, UNDISTURBED};
use support::{Database, Project, ServerKind};

fn library(kind: ServerKind) -> Project {
    let folder = match kind {
        ServerKind::Sqlite => "sqlite",
        ServerKind::Postgres => "postgres",
        ServerKind::MariaDb | ServerKind::MySql => "mysql",
    };
    harness::project_of(&format!("crash/{folder}"))
}

/// A native project whose command is run to its end, whatever happens in between.
fn subject(kind: ServerKind, command: &'static [&'static str]) -> Subject {
    Subject {
        project: library(kind),
        kind,
        command,
        prepare: Box::new(|_, _| {}),
        history: "SELECT version, name, kind, checksum FROM dunlin_migrations ORDER BY version",
    }
}

fn up(kind: ServerKind) -> Subject {
    subject(kind, &["up"])
}

/// Everything above the first migration is taken back.
fn down(kind: ServerKind) -> Subject {
    let prepare = |project: &Project, database: &Database| {
        harness::run(project, database, &["up"], UNDISTURBED).success();
    };
    Subject { prepare: Box::new(prepare), ..subject(kind, &["down", "--to", "1"]) }
}

#[test]
fn up_is_finished_by_the_next_up_on_sqlite() {
    harness::survives_every_crash(&up(ServerKind::Sqlite));
}

#[test]
fn up_is_finished_by_the_next_up_on_postgres() {
    harness::survives_every_crash(&up(ServerKind::Postgres));
}

#[test]
fn up_is_finished_by_the_next_up_on_mariadb() {
    harness::survives_every_crash(&up(ServerKind::MariaDb));
}

#[test]
fn up_is_finished_by_the_next_up_on_mysql() {
    harness::survives_every_crash(&up(ServerKind::MySql));
}

#[test]
fn down_is_finished_by_the_next_down_on_sqlite() {
    harness::survives_every_crash(&down(ServerKind::Sqlite));
}

#[test]
fn down_is_finished_by_the_next_down_on_postgres() {
    harness::survives_every_crash(&down(ServerKind::Postgres));
}

#[test]
fn down_is_finished_by_the_next_down_on_mariadb() {
    harness::survives_every_crash(&down(ServerKind::MariaDb));
}

#[test]
fn down_is_finished_by_the_next_down_on_mysql() {
    harness::survives_every_crash(&down(ServerKind::MySql));
}

#[test]
fn a_crash_while_resuming_is_resumed_too() {
    for kind in support::servers() {
        harness::survives_crashes_in_a_row(&up(kind));
    }
}
