//! The process is killed before, during and after every message to the server while it runs migrations in JavaScript, and
//! the next run finishes the work: no statement has run twice or not at all, whatever the migration had read before. The
//! lock row that the dead process left is taken over.
//!
//! Every statement of the fixture that writes rows leaves an entry in `ledger` or counts up `counter`.
#![cfg(feature = "fault-points")]
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "crash/harness.rs"]
mod harness;
mod support;

use harness::{Subject, UNDISTURBED};
use support::{Database, Need, Output, Project, ServerKind, needs};

/// The lock is among it: no row is left locked.
const HISTORY: &str =
    "SELECT name, (SELECT count(*) FROM knex_migrations_lock WHERE is_locked = 0) FROM knex_migrations";

fn library() -> Project {
    let project = harness::project_of("knex_crash", &|_| true);
    project.use_node_modules();
    project
}

fn variables(database: &Database) -> Vec<(&'static str, String)> {
    let (client, connection) = database.knex_connection();
    vec![("LIBRARY_CLIENT", client.to_owned()), ("LIBRARY_CONNECTION", connection)]
}

fn target(_database: &Database) -> Vec<String> {
    vec!["knex".to_owned()]
}

fn knex(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    project.knex_with(arguments, |command| {
        command.envs(variables(database));
    })
}

fn dunlin(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    let arguments: Vec<&str> = ["knex"].iter().chain(arguments).copied().collect();
    project.dunlin_with(&arguments, |command| {
        command.envs(variables(database));
    })
}

fn latest(kind: ServerKind, carrier: &str) -> Subject {
    let project = library();
    project.write("dunlin.toml", format!("carrier = \"{carrier}\"\n"));
    Subject {
        project,
        kind,
        target,
        variables,
        command: &["migrate:latest"],
        stride: if Need::Thorough.setting().is_some() { 1 } else { 17 },
        prepare: Box::new(|_, _| {}),
        history: HISTORY,
    }
}

/// Everything above the first migration is taken back; `migrate:rollback` would go on to the batch before.
fn down(kind: ServerKind, carrier: &str) -> Subject {
    let prepare = |project: &Project, database: &Database| {
        dunlin(project, database, &["migrate:latest"]).success();
    };
    Subject {
        target: |_| Vec::new(),
        command: &["down", "--to", "1_library.js"],
        prepare: Box::new(prepare),
        ..latest(kind, carrier)
    }
}

/// What is written once and what is counted, up and down again.
#[test]
fn knex_itself_runs_the_library_up_and_down() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for database in support::databases() {
        let project = library();
        let counted = |name: &str| {
            database.query(&format!("SELECT value FROM counter WHERE name = '{name}'")).concat().concat()
        };
        knex(&project, &database, &["migrate:up"]).success();
        knex(&project, &database, &["migrate:latest"]).success();
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
        knex(&project, &database, &["migrate:rollback"]).success();
        assert_eq!((counted("books"), counted("loans")), ("0".to_owned(), "0".to_owned()));
        knex(&project, &database, &["migrate:rollback", "--all"]).success();
        assert_eq!(database.tables(), ["knex_migrations", "knex_migrations_lock"]);
    }
}

#[test]
fn an_undisturbed_run_leaves_what_knex_leaves() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for database in support::databases() {
        let subject = latest(database.kind(), "sandbox");
        let other = Database::create(database.kind()).unwrap();
        subject.run(&database, UNDISTURBED).success();
        knex(&subject.project, &other, &["migrate:latest"]).success();
        for table in ["ledger", "counter", "book", "loan", "knex_migrations_lock"] {
            let rows = |database: &Database| database.query(&format!("SELECT * FROM {table} ORDER BY 1"));
            assert_eq!(rows(&database), rows(&other), "{table} on {:?}", database.kind());
        }
        let history = |database: &Database| database.query("SELECT id, name, batch FROM knex_migrations");
        assert_eq!(history(&database), history(&other));
    }
}

macro_rules! every_crash {
    ($($name:ident: $subject:ident($kind:ident, $carrier:literal);)*) => {
        $(
            #[test]
            fn $name() {
                if !needs(&[Need::Knex]) {
                    return;
                }
                harness::survives_every_crash(&$subject(ServerKind::$kind, $carrier));
            }
        )*
    };
}

every_crash! {
    latest_is_finished_by_the_next_on_sqlite: latest(Sqlite, "sandbox");
    latest_is_finished_by_the_next_on_postgres: latest(Postgres, "sandbox");
    latest_is_finished_by_the_next_on_mariadb: latest(MariaDb, "sandbox");
    latest_is_finished_by_the_next_on_mysql: latest(MySql, "sandbox");
    latest_by_the_host_is_finished_by_the_next_on_mariadb: latest(MariaDb, "host");
    down_is_finished_by_the_next_on_sqlite: down(Sqlite, "sandbox");
    down_is_finished_by_the_next_on_postgres: down(Postgres, "sandbox");
    down_is_finished_by_the_next_on_mariadb: down(MariaDb, "sandbox");
    down_is_finished_by_the_next_on_mysql: down(MySql, "sandbox");
}

#[test]
fn a_crash_while_resuming_is_resumed_too() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for kind in support::servers() {
        harness::survives_crashes_in_a_row(&latest(kind, "sandbox"));
    }
}

/// A dead run's lock holds up Knex until somebody frees it; the next run of ours does so without being asked.
#[test]
fn knex_goes_on_after_a_crash_that_was_resumed() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for database in support::databases() {
        let subject = latest(database.kind(), "sandbox");
        for number in (8..).step_by(9) {
            let output = subject.run(&database, &format!("after:{number}"));
            if output.status == 0 {
                break;
            }
            assert_eq!(output.status, -1, "{output}");
        }
        let again = knex(&subject.project, &database, &["migrate:latest"]).success();
        assert!(again.stdout.contains("Already up to date"), "{again}");
        knex(&subject.project, &database, &["migrate:rollback", "--all"]).success();
        assert_eq!(database.tables(), ["knex_migrations", "knex_migrations_lock"]);
    }
}

/// What Knex left locked is not ours to take: it may still run.
#[test]
fn a_lock_that_knex_left_is_waited_for_and_the_way_out_named() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for database in support::databases() {
        let project = library();
        project.write("dunlin.toml", "carrier = \"sandbox\"\nlock-wait = \"1s\"\n");
        knex(&project, &database, &["migrate:up"]).success();
        database.sql("UPDATE knex_migrations_lock SET is_locked = 1");
        let output = dunlin(&project, &database, &["migrate:latest"]).fails();
        assert_eq!(output.status, 1, "as Knex ends: {output}");
        let words = ["Migration table is already locked", "migrate:unlock"];
        for word in words {
            assert!(output.stdout.contains(word), "{word}\n{output}");
        }
        dunlin(&project, &database, &["migrate:unlock"]).success();
        dunlin(&project, &database, &["migrate:latest"]).success();
        assert_eq!(database.query("SELECT is_locked FROM knex_migrations_lock"), [["0"]]);
    }
}
