//! Many processes start `dunlin alembic upgrade head` at once: every revision runs once, and nobody fails. Alembic
//! itself has no lock, so two of it may both run a revision.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use support::{
    Database, Need, Output, Project, ServerKind, at_once, carrier_is_here, command, copy_folder, needs, run,
};

const PROCESSES: usize = 16;

fn shop() -> Project {
    let project = Project::new();
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/alembic_race"), &project.path());
    project
}

fn url(database: &Database) -> String {
    format!("url={}", database.sqlalchemy_url(None))
}

fn alembic(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    let python = Need::Alembic.setting().expect("asked for before");
    let mut process = command(python, &project.home());
    process.current_dir(project.path()).env("PYTHONDONTWRITEBYTECODE", "1");
    process.args(["-m", "alembic", "-x", &url(database)]).args(arguments);
    run(process, "")
}

fn assert_each_ran_once(database: &Database) {
    let entries = database.query("SELECT entry FROM ledger ORDER BY entry").concat();
    assert_eq!(entries, ["first orders", "orders", "status"], "{:?}", database.kind());
    assert_eq!(database.query("SELECT count(*) FROM orders"), [["2"]]);
    assert_eq!(database.query("SELECT version_num FROM alembic_version"), [["0003"]]);
    assert!(!database.tables().contains(&"dunlin_journal".to_owned()));
}

#[test]
fn alembic_itself_runs_the_shop() {
    if !needs(&[Need::Alembic]) {
        return;
    }
    for database in support::databases() {
        let project = shop();
        alembic(&project, &database, &["upgrade", "head"]).success();
        assert_each_ran_once(&database);
        alembic(&project, &database, &["downgrade", "base"]).success();
        assert_eq!(database.tables(), ["alembic_version"]);
    }
}

fn races(kind: ServerKind, carrier: &str) {
    if !carrier_is_here(carrier) {
        return;
    }
    for _ in 0..2 {
        let Some(database) = Database::create(kind) else { return };
        let project = shop();
        project.use_carrier(carrier);
        let url = url(&database);
        let outputs = at_once(PROCESSES, |_| project.dunlin(&["alembic", "-x", &url, "upgrade", "head"]));
        for output in outputs {
            output.success();
        }
        assert_each_ran_once(&database);
        if needs(&[Need::Alembic]) {
            let current = alembic(&project, &database, &["current"]).success();
            assert!(current.stdout.contains("0003 (head)"), "{current}");
        }
    }
}

#[test]
fn every_revision_runs_once_on_sqlite_where_the_file_does_not_exist_yet() {
    races(ServerKind::Sqlite, "sandbox");
}

#[test]
fn every_revision_runs_once_on_postgres_with_an_index_built_concurrently() {
    races(ServerKind::Postgres, "sandbox");
}

#[test]
fn every_revision_runs_once_on_mariadb() {
    races(ServerKind::MariaDb, "sandbox");
}

#[test]
fn every_revision_runs_once_on_mysql() {
    races(ServerKind::MySql, "sandbox");
}

#[test]
fn every_revision_runs_once_by_the_host_carrier() {
    races(ServerKind::Postgres, "host");
}
