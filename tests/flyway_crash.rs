//! `dunlin flyway migrate` is killed before, during and after messages to the server, and run again: schema, rows and
//! history are those of a run that nothing disturbed, and the original Flyway accepts them. A failure is gone on from as
//! well, unless the history says that it was repaired since, by Flyway or by us.
#![cfg(feature = "fault-points")]
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "crash/harness.rs"]
mod harness;
mod support;

use harness::{Subject, UNDISTURBED};
use support::{Database, Need, Output, Project, ServerKind, needs};

const HISTORY: &str = "SELECT installed_rank, version, description, type, script, checksum, installed_by, success \
                       FROM flyway_schema_history ORDER BY installed_rank";

/// Files are found relative to the project, and the database is named by the command line alone.
fn target(database: &Database) -> Vec<String> {
    let mut arguments = vec!["flyway".to_owned()];
    arguments.extend(flyway_target(database));
    arguments
}

fn flyway_target(database: &Database) -> Vec<String> {
    let mut arguments = database.flyway_arguments();
    arguments.extend(["-locations=filesystem:sql".to_owned(), "-placeholders.town=Leeds".to_owned()]);
    arguments
}

fn flyway(project: &Project, database: &Database, command: &str) -> Output {
    let arguments = flyway_target(database);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain([command]).collect();
    project.flyway_again(&arguments)
}

/// Its exit code after a failed migration depends on how Flyway was put together.
fn flyway_fails(project: &Project, database: &Database) {
    let output = flyway(project, database, "migrate");
    assert!(output.stderr.contains("failed! Please restore backups"), "{output}");
}

fn dunlin(project: &Project, database: &Database, command: &str) -> Output {
    let arguments = target(database);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain([command]).collect();
    project.dunlin(&arguments)
}

fn library(kind: ServerKind, stride: usize) -> Subject {
    let folder = match kind {
        ServerKind::Sqlite => "sqlite",
        ServerKind::Postgres => "postgres",
        ServerKind::MariaDb | ServerKind::MySql => "mysql",
    };
    Subject {
        project: harness::project_of(&format!("flyway_crash/{folder}"), &|_| true),
        kind,
        target,
        variables: harness::no_variables,
        command: &["migrate"],
        stride,
        prepare: Box::new(|_, _| {}),
        history: HISTORY,
    }
}

#[test]
fn migrate_is_finished_by_the_next_migrate_on_sqlite() {
    harness::survives_every_crash(&library(ServerKind::Sqlite, 1));
}

#[test]
fn migrate_is_finished_by_the_next_migrate_on_postgres() {
    harness::survives_every_crash(&library(ServerKind::Postgres, 2));
}

#[test]
fn migrate_is_finished_by_the_next_migrate_on_mariadb() {
    harness::survives_every_crash(&library(ServerKind::MariaDb, 2));
}

#[test]
fn migrate_is_finished_by_the_next_migrate_on_mysql() {
    harness::survives_every_crash(&library(ServerKind::MySql, 3));
}

#[test]
fn a_crash_while_resuming_is_resumed_too() {
    for kind in support::servers() {
        harness::survives_crashes_in_a_row(&library(kind, 4));
    }
}

#[test]
fn flyway_accepts_what_was_crashed_and_resumed() {
    if !needs(&[Need::Flyway]) {
        return;
    }
    for database in support::databases() {
        let subject = library(database.kind(), 1);
        // Each time a little further, so that every migration is interrupted.
        for number in (8..).step_by(5) {
            let output = subject.run(&database, &format!("after:{number}"));
            if output.status == 0 {
                break;
            }
            assert_eq!(output.status, -1, "{output}");
        }
        flyway(&subject.project, &database, "validate").success();
        let info = flyway(&subject.project, &database, "info").success();
        assert!(!info.stdout.contains("Pending") && !info.stdout.contains("Failed"), "{info}");
        let migrate = flyway(&subject.project, &database, "migrate").success();
        assert!(migrate.stdout.contains("No migration necessary"), "{migrate}");
    }
}

/// A migration that fails at its fourth statement, with what it takes to see which statements ran.
fn failing() -> Project {
    Project::with(&[
        ("sql/V1__library.sql", "CREATE TABLE ledger (entry varchar(40) NOT NULL);\n"),
        ("sql/V2__books.sql", &books("INSERT INTO missing VALUES (1);")),
        ("sql/V3__loans.sql", "CREATE TABLE loan (id integer);\n"),
    ])
}

fn books(fourth: &str) -> String {
    format!(
        "INSERT INTO ledger VALUES ('first');
CREATE TABLE book (id integer);
INSERT INTO ledger VALUES ('third');
{fourth}
INSERT INTO ledger VALUES ('fifth');
"
    )
}

const MENDED: &str = "INSERT INTO book VALUES (1);";

fn entries(database: &Database) -> Vec<String> {
    database.query("SELECT entry FROM ledger ORDER BY entry").into_iter().flatten().collect()
}

fn history(database: &Database) -> Vec<String> {
    let rows =
        database.query("SELECT installed_rank, version, success FROM flyway_schema_history ORDER BY 1");
    rows.iter().map(|row| row.join(" ")).collect()
}

/// What the user does before starting anew.
fn clean_up(database: &Database) {
    database.sql("DELETE FROM ledger; DROP TABLE book;");
}

fn assert_finished(database: &Database) {
    assert_eq!(history(database), ["1 1 1", "2 2 1", "3 3 1"]);
    assert_eq!(entries(database), ["fifth", "first", "third"]);
    assert_eq!(database.query("SELECT id FROM book"), [["1"]]);
    assert!(!database.tables().contains(&"dunlin_journal".to_owned()));
}

fn mysql_databases() -> Vec<Database> {
    [ServerKind::MariaDb, ServerKind::MySql].into_iter().filter_map(Database::create).collect()
}

#[test]
fn a_failure_in_the_middle_leaves_the_row_that_flyway_leaves() {
    if !needs(&[Need::Flyway]) {
        return;
    }
    for database in mysql_databases() {
        let Some(other) = Database::create(database.kind()) else { return };
        let project = failing();
        dunlin(&project, &database, "migrate").exits(1);
        flyway_fails(&project, &other);
        assert_eq!(database.query(HISTORY), other.query(HISTORY));
        // Each of our statements is kept, so that the migration can go on behind it.
        assert_eq!(entries(&other), ["first"]);
        assert_eq!(entries(&database), ["first", "third"]);
        let info = |output: Output| {
            let lines: Vec<String> = output.success().stdout.split('\n').map(str::to_owned).collect();
            // The time of installation stands in the fifth column.
            let states = lines.iter().filter(|line| line.starts_with("| Versioned")).map(|line| {
                let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                [cells[2], cells[3], cells[6]].join(" ")
            });
            states.collect::<Vec<_>>()
        };
        let states = info(flyway(&project, &database, "info"));
        assert_eq!(states, info(flyway(&project, &other, "info")));
        assert!(states.contains(&"2 books Failed".to_owned()), "{states:?}");
    }
}

#[test]
fn a_mended_migration_goes_on_at_the_statement_that_failed() {
    for database in mysql_databases() {
        let project = failing();
        dunlin(&project, &database, "migrate").exits(1);
        dunlin(&project, &database, "migrate").exits(1);
        assert_eq!(history(&database), ["1 1 1", "2 2 0"], "failing twice leaves one row");
        project.write("sql/V2__books.sql", books(MENDED));
        dunlin(&project, &database, "migrate").success();
        assert_finished(&database);
    }
}

#[test]
fn a_script_around_a_statement_that_fails_is_a_failure_to_go_on_from() {
    for database in mysql_databases() {
        let project = failing();
        project.write("sql/V2__books.sql", books(&format!("START TRANSACTION;\n{MENDED}\nCOMMIT;")));
        // It fails after the INSERT between START TRANSACTION and COMMIT.
        project.write("sql/afterEachMigrateStatement.sql", "UPDATE budget SET rest = rest - 1;\n");
        project.remove("sql/V1__library.sql");
        project.remove("sql/V3__loans.sql");
        database.sql(
            "CREATE TABLE ledger (entry varchar(40) NOT NULL);
             CREATE TABLE budget (rest integer unsigned NOT NULL); INSERT INTO budget VALUES (4);",
        );
        let subject = Subject {
            project,
            command: &["-baselineOnMigrate=true", "-baselineVersion=1", "migrate"],
            ..library(database.kind(), 1)
        };
        subject.run(&database, UNDISTURBED).exits(1);
        assert_eq!(history(&database), ["1 1 1", "2 2 0"]);
        assert!(
            database.query("SELECT id FROM book").is_empty(),
            "the migration's transaction was taken back"
        );
        database.sql("UPDATE budget SET rest = 100");
        subject.run(&database, UNDISTURBED).success();
        assert_eq!(history(&database), ["1 1 1", "2 2 1"]);
        assert_eq!(entries(&database), ["fifth", "first", "third"]);
        assert_eq!(database.query("SELECT id FROM book"), [["1"]]);
    }
}

#[test]
fn a_crash_while_going_on_after_a_failure_is_resumed() {
    for database in mysql_databases() {
        for number in [8, 12, 15, 18] {
            let project = failing();
            dunlin(&project, &database, "migrate").exits(1);
            project.write("sql/V2__books.sql", books(MENDED));
            let subject = Subject { project, ..library(database.kind(), 1) };
            subject.run(&database, &format!("after:{number}")).exits(-1);
            subject.run(&database, UNDISTURBED).success();
            assert_finished(&database);
            harness::empty(&database);
        }
    }
}

#[test]
fn a_crash_around_the_failure_does_not_pass_for_a_repair() {
    for database in mysql_databases() {
        for number in 1.. {
            let subject = Subject { project: failing(), ..library(database.kind(), 1) };
            let output = subject.run(&database, &format!("after:{number}"));
            subject.project.write("sql/V2__books.sql", books(MENDED));
            subject.run(&database, UNDISTURBED).success();
            assert_finished(&database);
            harness::empty(&database);
            if output.status == 1 {
                break;
            }
        }
    }
}

#[test]
fn repair_starts_the_migration_anew() {
    for database in mysql_databases() {
        let project = failing();
        dunlin(&project, &database, "migrate").exits(1);
        dunlin(&project, &database, "repair").success();
        clean_up(&database);
        project.write("sql/V2__books.sql", books(MENDED));
        dunlin(&project, &database, "migrate").success();
        assert_finished(&database);
    }
}

#[test]
fn flyways_repair_starts_the_migration_anew_too() {
    if !needs(&[Need::Flyway]) {
        return;
    }
    for database in mysql_databases() {
        let project = failing();
        dunlin(&project, &database, "migrate").exits(1);
        flyway(&project, &database, "repair").success();
        clean_up(&database);
        project.write("sql/V2__books.sql", books(MENDED));
        let output = dunlin(&project, &database, "migrate").success();
        assert!(output.stdout.contains("forgetting that migration 2 (up) is half done"), "{output}");
        assert_finished(&database);
    }
}

#[test]
fn what_flyway_has_applied_since_is_not_resumed() {
    if !needs(&[Need::Flyway]) {
        return;
    }
    for database in mysql_databases() {
        let project = failing();
        dunlin(&project, &database, "migrate").exits(1);
        flyway(&project, &database, "repair").success();
        clean_up(&database);
        project.write("sql/V2__books.sql", books(MENDED));
        flyway(&project, &database, "migrate").success();
        let output = dunlin(&project, &database, "migrate").success();
        assert!(output.stdout.contains("forgetting that migration 2 (up) is half done"), "{output}");
        assert_finished(&database);
    }
}

#[test]
fn what_flyway_tried_after_a_crash_is_left_to_repair() {
    if !needs(&[Need::Flyway]) {
        return;
    }
    for database in mysql_databases() {
        let project = failing();
        project.write("sql/V2__books.sql", books(MENDED));
        let subject = Subject { project, ..library(database.kind(), 1) };
        let crashed = (1..).any(|number| {
            harness::empty(&database);
            subject.run(&database, &format!("after:{number}")).exits(-1);
            database.tables().contains(&"book".to_owned())
        });
        assert!(crashed);
        flyway_fails(&subject.project, &database);
        let output = subject.run(&database, UNDISTURBED).exits(1);
        assert!(format!("{output}").contains("failed migration to version 2"), "{output}");
        dunlin(&subject.project, &database, "repair").success();
        clean_up(&database);
        subject.run(&database, UNDISTURBED).success();
        assert_finished(&database);
    }
}
