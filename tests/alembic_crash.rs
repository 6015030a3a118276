//! The process is killed before, during and after every message to the server while it runs Python revisions, and the
//! next run finishes the work: no statement has run twice or not at all, whatever the revision had read before.
//!
//! Every statement of the fixture that writes rows leaves an entry in `ledger` or counts up `counter`.
#![cfg(feature = "fault-points")]
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "crash/harness.rs"]
mod harness;
mod support;

use harness::{Subject, UNDISTURBED};
use support::{Database, Need, Output, Project, ServerKind, carrier_is_here, command, needs, run};

const HISTORY: &str = "SELECT version_num FROM alembic_version";

fn library() -> Project {
    harness::project_of("alembic_crash", &|name| !name.ends_with(".pyc"))
}

fn target(database: &Database) -> Vec<String> {
    vec!["alembic".to_owned(), "-x".to_owned(), format!("url={}", database.sqlalchemy_url(None))]
}

fn alembic(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    let python = Need::Alembic.setting().expect("asked for before");
    let mut process = command(python, &project.home());
    process.current_dir(project.path()).env("PYTHONDONTWRITEBYTECODE", "1").args(["-m"]);
    process.args(target(database)).args(arguments);
    run(process, "")
}

fn up(kind: ServerKind, carrier: &str) -> Subject {
    let project = library();
    project.use_carrier(carrier);
    Subject {
        project,
        kind,
        target,
        variables: harness::no_variables,
        command: &["upgrade", "head"],
        // Starting what runs Python takes a second.
        stride: if Need::Thorough.setting().is_some() { 1 } else { 11 },
        prepare: Box::new(|_, _| {}),
        history: HISTORY,
    }
}

/// Everything above the first revision is taken back.
fn down(kind: ServerKind, carrier: &str) -> Subject {
    let prepare = |project: &Project, database: &Database| {
        let arguments = target(database);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["upgrade", "head"]).collect();
        project.dunlin(&arguments).success();
    };
    Subject { command: &["downgrade", "0001"], prepare: Box::new(prepare), ..up(kind, carrier) }
}

/// What is written once and what is counted, up and down again.
#[test]
fn alembic_itself_runs_the_library_up_and_down() {
    if !needs(&[Need::Alembic]) {
        return;
    }
    for database in support::databases() {
        let project = library();
        let counted = |name: &str| {
            database.query(&format!("SELECT value FROM counter WHERE name = '{name}'")).concat().concat()
        };
        alembic(&project, &database, &["upgrade", "head"]).success();
        assert_eq!(
            (counted("books"), counted("loans")),
            ("8".to_owned(), "4".to_owned()),
            "{:?}",
            database.kind()
        );
        let entries = database.query("SELECT entry FROM ledger ORDER BY entry").concat();
        assert_eq!(
            entries,
            [
                "a loan twice",
                "before the index",
                "behind the index",
                "beside the index",
                "books",
                "library",
                "loans",
                "loans begin"
            ]
        );
        alembic(&project, &database, &["downgrade", "0001"]).success();
        assert_eq!((counted("books"), counted("loans")), ("0".to_owned(), "0".to_owned()));
        alembic(&project, &database, &["downgrade", "base"]).success();
        assert_eq!(database.tables(), ["alembic_version"]);
    }
}

#[test]
fn an_undisturbed_run_leaves_what_alembic_leaves() {
    if !needs(&[Need::Alembic, Need::Pack]) {
        return;
    }
    for database in support::databases() {
        let subject = up(database.kind(), "sandbox");
        let other = Database::create(database.kind()).unwrap();
        subject.run(&database, UNDISTURBED).success();
        alembic(&subject.project, &other, &["upgrade", "head"]).success();
        assert_eq!(database.contents(), other.contents(), "{:?}", database.kind());
    }
}

macro_rules! every_crash {
    ($($name:ident: $subject:ident($kind:ident, $carrier:literal);)*) => {
        $(
            #[test]
            fn $name() {
                if !carrier_is_here($carrier) {
                    return;
                }
                harness::survives_every_crash(&$subject(ServerKind::$kind, $carrier));
            }
        )*
    };
}

every_crash! {
    upgrade_is_finished_by_the_next_on_sqlite: up(Sqlite, "sandbox");
    upgrade_is_finished_by_the_next_on_postgres: up(Postgres, "sandbox");
    upgrade_is_finished_by_the_next_on_mariadb: up(MariaDb, "sandbox");
    upgrade_is_finished_by_the_next_on_mysql: up(MySql, "sandbox");
    upgrade_by_the_host_is_finished_by_the_next_on_mariadb: up(MariaDb, "host");
    downgrade_is_finished_by_the_next_on_sqlite: down(Sqlite, "sandbox");
    downgrade_is_finished_by_the_next_on_postgres: down(Postgres, "sandbox");
    downgrade_is_finished_by_the_next_on_mariadb: down(MariaDb, "sandbox");
    downgrade_is_finished_by_the_next_on_mysql: down(MySql, "sandbox");
}

#[test]
fn a_crash_while_resuming_is_resumed_too() {
    if !needs(&[Need::Pack]) {
        return;
    }
    for kind in support::servers() {
        harness::survives_crashes_in_a_row(&up(kind, "sandbox"));
    }
}

/// After every crash and its resumption Alembic finds nothing to do and nothing amiss.
#[test]
fn alembic_goes_on_after_a_crash_that_was_resumed() {
    if !needs(&[Need::Alembic, Need::Pack]) {
        return;
    }
    for database in support::databases() {
        let subject = up(database.kind(), "sandbox");
        for number in (8..).step_by(7) {
            let output = subject.run(&database, &format!("after:{number}"));
            if output.status == 0 {
                break;
            }
            assert_eq!(output.status, -1, "{output}");
        }
        let current = alembic(&subject.project, &database, &["current"]).success();
        assert!(current.stdout.contains("0004 (head)"), "{current}");
        alembic(&subject.project, &database, &["downgrade", "base"]).success();
        assert_eq!(database.tables(), ["alembic_version"]);
    }
}
