//! The process is killed before, during and after messages it sends, workers' messages among them: some in the usual run of the
//! tests, every one in a thorough one.

#[path = "../crash/harness.rs"]
mod harness;

use harness::Subject;

use super::support::{self, Database, Need, Project, ServerKind};

/// Every statement counts, so one that ran twice or not at all shows.
fn library(kind: ServerKind) -> Project {
    let text = if kind.is_mysql_like() { "varchar(20)" } else { "text" };
    let series = "WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < 25)";
    let insert = if kind.is_mysql_like() {
        format!("INSERT INTO books (id) {series} SELECT n FROM series")
    } else {
        format!("{series} INSERT INTO books (id) SELECT n FROM series")
    };
    let project = Project::new();
    project.write(
        "migrations/1_books.sql",
        format!("-- migrate:up\nCREATE TABLE books (id integer NOT NULL PRIMARY KEY, touched integer NOT NULL DEFAULT 0);\n{insert};\n-- migrate:down\nDROP TABLE books;\n"),
    );
    project.write(
        "migrations/2_shelf.sql",
        format!(
            "-- migrate:up
ALTER TABLE books ADD COLUMN shelf {text};
-- migrate:batch table=books size=10
UPDATE books SET shelf = 'A', touched = touched + 1 WHERE :range;
-- migrate:up
UPDATE books SET touched = touched + 10 WHERE id = 1;
-- migrate:batch table=books size=20 where=\"shelf = 'A'\"
UPDATE books SET shelf = 'B', touched = touched + 100 WHERE :range;
-- migrate:down
UPDATE books SET touched = touched - 10 WHERE id = 1;
-- migrate:batch table=books size=10 direction=down
UPDATE books SET touched = touched - 101 WHERE :range;
-- migrate:down
ALTER TABLE books DROP COLUMN shelf;
"
        ),
    );
    project
}

/// `usual` has no divisor in common with that of another test, so that each meets other messages.
fn subject(kind: ServerKind, usual: usize) -> Subject {
    Subject {
        project: library(kind),
        kind,
        target: harness::native,
        variables: harness::no_variables,
        command: &["up"],
        // A run sends some two hundred messages.
        stride: if Need::Thorough.setting().is_some() { 1 } else { usual },
        prepare: Box::new(|_, _| {}),
        history: "SELECT version, name, kind, checksum FROM dunlin_migrations ORDER BY version",
    }
}

fn up_is_finished(kind: ServerKind) {
    harness::survives_every_crash(&subject(kind, 17));
}

fn down_is_finished(kind: ServerKind) {
    let prepare = |project: &Project, database: &Database| {
        harness::run(project, database, &["up"], harness::UNDISTURBED).success();
    };
    harness::survives_every_crash(&Subject {
        command: &["down", "--to", "1"],
        prepare: Box::new(prepare),
        ..subject(kind, 19)
    });
}

fn a_resumption_is_finished(kind: ServerKind) {
    harness::survives_crashes_in_a_row(&subject(kind, 5));
}

macro_rules! on_every_server {
    ($($name:ident: $test:ident($kind:ident);)*) => {
        $(
            #[test]
            fn $name() {
                $test(ServerKind::$kind);
            }
        )*
    };
}

on_every_server! {
    up_is_finished_by_the_next_up_on_sqlite: up_is_finished(Sqlite);
    up_is_finished_by_the_next_up_on_postgres: up_is_finished(Postgres);
    up_is_finished_by_the_next_up_on_mariadb: up_is_finished(MariaDb);
    up_is_finished_by_the_next_up_on_mysql: up_is_finished(MySql);
    down_is_finished_by_the_next_down_on_sqlite: down_is_finished(Sqlite);
    down_is_finished_by_the_next_down_on_postgres: down_is_finished(Postgres);
    down_is_finished_by_the_next_down_on_mariadb: down_is_finished(MariaDb);
    down_is_finished_by_the_next_down_on_mysql: down_is_finished(MySql);
    a_crash_while_resuming_is_resumed_on_sqlite: a_resumption_is_finished(Sqlite);
    a_crash_while_resuming_is_resumed_on_postgres: a_resumption_is_finished(Postgres);
    a_crash_while_resuming_is_resumed_on_mariadb: a_resumption_is_finished(MariaDb);
    a_crash_while_resuming_is_resumed_on_mysql: a_resumption_is_finished(MySql);
}
