//! Many processes start at once, as replicas of an application do: every migration runs once, and all of them succeed.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::process::{Command, Output, Stdio};

use support::{Database, Project, ServerKind};

const PROCESSES: usize = 16;

const ROUNDS: usize = 3;

/// Every migration leaves an entry each time it runs.
fn shop(kind: ServerKind) -> Project {
    let project = Project::with(&[
        (
            "migrations/1_orders.sql",
            "-- migrate:up
CREATE TABLE ledger (entry varchar(40) NOT NULL);
CREATE TABLE orders (id integer NOT NULL PRIMARY KEY, status varchar(20));
INSERT INTO ledger VALUES ('orders');
",
        ),
        (
            "migrations/2_first_orders.sql",
            "-- migrate:up
INSERT INTO orders VALUES (1, 'open'), (2, 'open');
INSERT INTO ledger VALUES ('first orders');
",
        ),
        (
            "migrations/3_status.sql",
            "-- migrate:up
ALTER TABLE orders ADD COLUMN note varchar(80);
UPDATE orders SET status = 'closed';
INSERT INTO ledger VALUES ('status');
CREATE INDEX orders_status ON orders (status);
",
        ),
    ]);
    if kind == ServerKind::Postgres {
        project.write(
            "migrations/4_note.sql",
            "-- migrate:up
CREATE INDEX CONCURRENTLY orders_note ON orders (note);
INSERT INTO ledger VALUES ('note');
",
        );
    }
    project
}

fn start(project: &Project, database: &Database, arguments: &[&str]) -> std::process::Child {
    let mut command: Command = project.dunlin_command(&["--url", &database.url()]);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), b"\n", &output.stderr].concat()).into_owned()
}

/// Starts all at once and returns how many said that they applied something.
fn race(project: &Project, database: &Database) -> usize {
    let children: Vec<_> = (0..PROCESSES).map(|_| start(project, database, &["up"])).collect();
    let outputs: Vec<Output> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    for output in &outputs {
        assert!(output.status.success(), "{:?}\n{}", database.kind(), told(output));
    }
    outputs.iter().filter(|output| told(output).contains("Applied")).count()
}

fn assert_each_ran_once(project: &Project, database: &Database) {
    let mut expected = vec!["first orders", "orders", "status"];
    if database.kind() == ServerKind::Postgres {
        expected.insert(1, "note");
    }
    let entries: Vec<String> =
        database.query("SELECT entry FROM ledger ORDER BY entry").into_iter().flatten().collect();
    assert_eq!(entries, expected, "{:?}", database.kind());
    let versions = database.query("SELECT version FROM dunlin_migrations");
    assert_eq!(versions.len(), expected.len());
    let batches = database.query("SELECT DISTINCT batch FROM dunlin_migrations");
    assert_eq!(batches, [["1"]], "one process ran all");
    assert!(!database.tables().contains(&"dunlin_journal".to_owned()));
    let url = database.url();
    project.dunlin(&["--url", &url, "status", "--check"]).success();
}

fn races_on(kind: ServerKind) {
    for _ in 0..ROUNDS {
        let Some(database) = Database::create(kind) else { return };
        let project = shop(kind);
        assert_eq!(race(&project, &database), 1);
        assert_each_ran_once(&project, &database);
        assert_eq!(race(&project, &database), 0, "nothing is left to do");
    }
}

#[test]
fn every_migration_runs_once_on_sqlite_where_the_file_does_not_exist_yet() {
    assert!(!std::path::Path::new(&Database::sqlite().name()).exists());
    races_on(ServerKind::Sqlite);
}

#[test]
fn every_migration_runs_once_on_postgres_with_an_index_built_concurrently() {
    races_on(ServerKind::Postgres);
}

#[test]
fn every_migration_runs_once_on_mariadb() {
    races_on(ServerKind::MariaDb);
}

#[test]
fn every_migration_runs_once_on_mysql() {
    races_on(ServerKind::MySql);
}

#[test]
fn readers_see_a_sound_state_while_migrations_run() {
    for database in support::databases() {
        let project = shop(database.kind());
        let commands: [&[&str]; 4] = [&["status"], &["plan"], &["validate"], &["up"]];
        let children: Vec<_> = (0..24).map(|index| start(&project, &database, commands[index % 4])).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{:?}\n{}", database.kind(), told(&output));
        }
        assert_each_ran_once(&project, &database);
    }
}

#[test]
fn two_histories_in_one_schema_do_not_take_each_others_journal_away() {
    for database in support::databases().into_iter().filter(|database| database.kind().is_mysql_like()) {
        let projects = ["clinic", "school", "shop"].map(|name| {
            let project = Project::with(&[("dunlin.toml", &*format!("migrations = \"migrations\"\ntable = \"{name}_migrations\"\n"))]);
            for version in 1..=8 {
                project.write(
                    &format!("migrations/{version}_step.sql"),
                    format!(
                        "-- migrate:up\nCREATE TABLE {name}_{version} (n integer);\nINSERT INTO {name}_{version} VALUES (1);\n"
                    ),
                );
            }
            project
        });
        // Each migration by a process of its own, so that the journal comes and goes.
        for _ in 1..=8 {
            let children: Vec<_> =
                projects.iter().map(|project| start(project, &database, &["up", "--steps", "1"])).collect();
            for child in children {
                let output = child.wait_with_output().unwrap();
                assert!(output.status.success(), "{:?}\n{}", database.kind(), told(&output));
            }
        }
        for name in ["clinic", "school", "shop"] {
            assert_eq!(database.query(&format!("SELECT n FROM {name}_8")), [["1"]]);
        }
        assert!(!database.tables().contains(&"dunlin_journal".to_owned()));
    }
}
