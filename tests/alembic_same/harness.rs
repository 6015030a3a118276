//! That the measure itself is firm: Alembic against Alembic is equal.

use crate::oracle::oracle;
use crate::runner::{Alembic, Runner};
use crate::stage::Stage;
use crate::support::ServerKind;
use crate::walk::{same, walk};

/// The second walk is made by two processes in turn, as hand-overs are.
fn alembic_equals_alembic(kind: ServerKind) {
    let Some(oracle) = oracle(kind) else { return };
    assert!(oracle.revisions >= 60, "only {} revisions", oracle.revisions);
    let stage = Stage::new(kind).expect("the server was there");
    let (mut first, mut second) = (Alembic::start(&stage), Alembic::start(&stage));
    let mut runners: [&mut dyn Runner; 2] = [&mut first, &mut second];
    let found = walk(&stage, &oracle.commands, &mut runners, |step| step % 2);
    same("Alembic again", &oracle.traces, &found);
}

#[test]
fn alembic_is_as_alembic_on_sqlite() {
    alembic_equals_alembic(ServerKind::Sqlite);
}

#[test]
fn alembic_is_as_alembic_on_postgres() {
    alembic_equals_alembic(ServerKind::Postgres);
}

#[test]
fn alembic_is_as_alembic_on_mariadb() {
    alembic_equals_alembic(ServerKind::MariaDb);
}

#[test]
fn alembic_is_as_alembic_on_mysql() {
    alembic_equals_alembic(ServerKind::MySql);
}

/// What is filtered must not be all there is.
#[test]
fn every_revision_that_does_something_is_seen() {
    for kind in ServerKind::ALL {
        let Some(oracle) = oracle(kind) else { return };
        let ups = &oracle.traces[..oracle.revisions];
        let silent: Vec<&str> =
            ups.iter().filter(|trace| trace.statements.is_empty()).map(|trace| trace.step.as_str()).collect();
        // Some revisions are for another server; one merges and does nothing else.
        assert!(silent.len() <= 6, "{kind:?}: {silent:?}");
        let rows = ups.iter().map(|trace| trace.contents.rows.len()).max();
        assert!(rows > Some(1000), "{kind:?}: {rows:?} rows at most");
    }
}

/// What is down again is as before, but for what the migrations themselves leave.
#[test]
fn the_way_down_ends_empty() {
    for kind in ServerKind::ALL {
        let Some(oracle) = oracle(kind) else { return };
        for end in [oracle.revisions * 2 - 1, oracle.traces.len() - 1] {
            let trace = &oracle.traces[end];
            assert!(trace.versions.is_empty(), "{kind:?}: {:?}", trace.versions);
            assert!(trace.contents.rows.is_empty(), "{kind:?}: {:?}", trace.contents.rows);
        }
    }
}

/// SQLite has no server that could tell what Dunlin gave to it; its log does, in the form in which Python's does.
#[test]
#[cfg(feature = "fault-points")]
fn dunlin_logs_what_sqlite_is_given() {
    use crate::support::{Database, Project};

    let (database, project) = (Database::sqlite(), Project::new());
    project.write(
        "migrations/1_shelves.sql",
        "-- migrate:up
CREATE TABLE shelf (id INTEGER PRIMARY KEY, books INTEGER NOT NULL);
CREATE TRIGGER empty_shelf AFTER INSERT ON shelf BEGIN UPDATE shelf SET books = 0 WHERE id = NEW.id; END;
INSERT INTO shelf (books) VALUES (3);
",
    );
    let log = project.home().join("statements");
    let run = |command: &mut std::process::Command| {
        command.env("DUNLIN_STATEMENT_LOG", &log);
    };
    project.dunlin_with(&["--url", &database.url(), "up"], run).success();
    let logged = std::fs::read_to_string(&log).unwrap();
    let logged: Vec<String> =
        logged.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
    let inserts =
        logged.iter().filter(|statement| statement.contains("INSERT INTO shelf (books) VALUES (3)"));
    assert_eq!(inserts.count(), 1, "{logged:#?}");
    assert!(!logged.iter().any(|statement| statement.starts_with("--")), "{logged:#?}");
}
