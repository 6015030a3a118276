//! The process is killed before, during and after every message to the server while it runs migrations in Ruby, and the
//! next run finishes the work: no statement has run twice or not at all, whatever the migration had read before.
//!
//! Every statement of the fixture that writes rows leaves an entry in `ledger` or counts up `counter`.
#![cfg(feature = "fault-points")]
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "crash/harness.rs"]
mod harness;
mod support;

use harness::{Subject, UNDISTURBED};
use support::{
    Database, Need, Output, Project, RailsAdapter, RailsStage, ServerKind, needs, rails_is_here, rails_url,
    ruby_folder,
};

/// Rows of the metadata have times, of which none is like another.
const HISTORY: &str =
    "SELECT version, (SELECT count(*) FROM ar_internal_metadata WHERE value = 'development')
    FROM schema_migrations";

fn of_sandbox(database: &Database) -> Vec<(&'static str, String)> {
    variables(database, String::new())
}

fn of_host(database: &Database) -> Vec<(&'static str, String)> {
    variables(database, ruby_folder().join("bin").display().to_string())
}

fn variables(database: &Database, path: String) -> Vec<(&'static str, String)> {
    vec![
        ("PATH", path),
        ("RAILS_ENV", "development".to_owned()),
        ("PROJECT_DATABASE", rails_url(RailsAdapter::of(database.kind()), database, None)),
    ]
}

/// The schema is not dumped: nobody would see it, and each dump is dozens of messages.
fn library(carrier: &str) -> Project {
    let project = harness::project_of("rails/library", &|_| true);
    let text = format!(
        "carrier = \"{carrier}\"\n\n[rails]\nrelease = \"7.2\"\ndump-schema-after-migration = false\n"
    );
    project.write("dunlin.toml", text);
    project
}

fn dunlin(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    project.dunlin_with(&[&["rails"], arguments].concat(), |command| {
        command.envs(of_sandbox(database));
    })
}

fn migrate(kind: ServerKind, carrier: &str) -> Subject {
    Subject {
        project: library(carrier),
        kind,
        target: |_| vec!["rails".to_owned()],
        variables: if carrier == "sandbox" { of_sandbox } else { of_host },
        command: &["db:migrate"],
        stride: if Need::Thorough.setting().is_some() { 1 } else { 23 },
        prepare: Box::new(|_, _| {}),
        history: HISTORY,
    }
}

/// Everything above the first migration is taken back.
fn down(kind: ServerKind, carrier: &str) -> Subject {
    let prepare = |project: &Project, database: &Database| {
        dunlin(project, database, &["db:migrate"]).success();
    };
    Subject { command: &["db:migrate", "VERSION=1"], prepare: Box::new(prepare), ..migrate(kind, carrier) }
}

/// What is written once and what is counted, up and down again.
#[test]
fn rails_itself_runs_the_library_up_and_down() {
    if !needs(&[Need::Ruby]) {
        return;
    }
    for kind in support::servers() {
        let stage = RailsStage::of("rails/library", RailsAdapter::of(kind), "7.2").unwrap();
        let counted = |name: &str| {
            stage
                .database
                .query(&format!("SELECT value FROM counter WHERE name = '{name}'"))
                .concat()
                .concat()
        };
        stage.rails(&["db:migrate"]).success();
        assert_eq!((counted("books"), counted("loans")), ("8".to_owned(), "4".to_owned()), "{kind:?}");
        let entries = stage.database.query("SELECT entry FROM ledger ORDER BY entry").concat();
        let expected = [
            "a loan twice",
            "before the index",
            "behind the index",
            "beside the index",
            "books",
            "library",
            "loans",
            "loans begin",
        ];
        assert_eq!(entries, expected, "{kind:?}");
        stage.rails(&["db:migrate", "VERSION=1"]).success();
        assert_eq!((counted("books"), counted("loans")), ("0".to_owned(), "0".to_owned()), "{kind:?}");
        stage.rails(&["db:migrate", "VERSION=0"]).success();
        assert_eq!(stage.database.tables(), ["ar_internal_metadata", "schema_migrations"]);
    }
}

#[test]
fn an_undisturbed_run_leaves_what_rails_leaves() {
    if !rails_is_here("sandbox") {
        return;
    }
    for database in support::databases() {
        let subject = migrate(database.kind(), "sandbox");
        let stage = RailsStage::of("rails/library", RailsAdapter::of(database.kind()), "7.2").unwrap();
        subject.run(&database, UNDISTURBED).success();
        stage.rails(&["db:migrate"]).success();
        for table in ["ledger", "counter", "book", "loan", "schema_migrations"] {
            let rows = |database: &Database| database.query(&format!("SELECT * FROM {table} ORDER BY 1"));
            assert_eq!(rows(&database), rows(&stage.database), "{table} on {:?}", database.kind());
        }
    }
}

macro_rules! every_crash {
    ($($name:ident: $subject:ident($kind:ident, $carrier:literal);)*) => {
        $(
            #[test]
            fn $name() {
                if rails_is_here($carrier) {
                    harness::survives_every_crash(&$subject(ServerKind::$kind, $carrier));
                }
            }
        )*
    };
}

every_crash! {
    migrate_is_finished_by_the_next_on_sqlite: migrate(Sqlite, "sandbox");
    migrate_is_finished_by_the_next_on_postgres: migrate(Postgres, "sandbox");
    migrate_is_finished_by_the_next_on_mariadb: migrate(MariaDb, "sandbox");
    migrate_is_finished_by_the_next_on_mysql: migrate(MySql, "sandbox");
    migrate_by_the_host_is_finished_by_the_next_on_mariadb: migrate(MariaDb, "host");
    down_is_finished_by_the_next_on_sqlite: down(Sqlite, "sandbox");
    down_is_finished_by_the_next_on_postgres: down(Postgres, "sandbox");
    down_is_finished_by_the_next_on_mariadb: down(MariaDb, "sandbox");
}

#[test]
fn a_crash_while_resuming_is_resumed_too() {
    if !rails_is_here("sandbox") {
        return;
    }
    for kind in support::servers() {
        harness::survives_crashes_in_a_row(&migrate(kind, "sandbox"));
    }
}

/// Rails finds nothing to do, and takes back what the dead runs and the last one did together.
#[test]
fn rails_goes_on_after_a_crash_that_was_resumed() {
    if !rails_is_here("sandbox") {
        return;
    }
    for kind in support::servers() {
        let stage = RailsStage::of("rails/library", RailsAdapter::of(kind), "7.2").unwrap();
        for number in (8..).step_by(11) {
            let output = stage.dunlin_with("sandbox", &["rails", "db:migrate"], |command| {
                command.env("DUNLIN_FAULT", format!("after:{number}"));
            });
            if output.status == 0 {
                break;
            }
            assert_eq!(output.status, -1, "{output}");
        }
        stage.rails(&["db:abort_if_pending_migrations"]).success();
        stage.rails(&["db:migrate", "VERSION=0"]).success();
        assert_eq!(stage.database.tables(), ["ar_internal_metadata", "schema_migrations"]);
    }
}
