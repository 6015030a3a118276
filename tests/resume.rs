//! A migration that stopped in its middle: what is said about it, what is refused, and how it goes on.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Database, Output, Project, ServerKind};

fn dunlin(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    let url = database.url();
    let all: Vec<&str> = ["--url", &url].into_iter().chain(arguments.iter().copied()).collect();
    project.dunlin(&all)
}

fn mysql_like() -> Vec<Database> {
    support::databases().into_iter().filter(|database| database.kind().is_mysql_like()).collect()
}

fn rows(database: &Database, query: &str) -> Vec<String> {
    database.query(query).into_iter().map(|row| row.join("|")).collect()
}

/// What was left by a run whose process died with a statement in flight: written as the journal has it.
fn mark_in_flight(database: &Database) {
    database.sql("UPDATE dunlin_journal SET in_flight = 1, failed = 0;");
}

const HALF_DONE: &str = "-- migrate:up
CREATE TABLE patient (id integer PRIMARY KEY);
INSERT INTO patient VALUES (1);
ALTER TABLE patients ADD COLUMN born date;
INSERT INTO patient (id) VALUES (2);

-- migrate:down
DROP TABLE patient;
";

fn half_done(database: &Database) -> Project {
    let project = Project::with(&[
        (
            "migrations/1_rooms.sql",
            "-- migrate:up\nCREATE TABLE room (id integer);\n-- migrate:down\nDROP TABLE room;\n",
        ),
        ("migrations/2_patients.sql", HALF_DONE),
        ("migrations/3_visits.sql", "-- migrate:up\nCREATE TABLE visit (id integer);\n"),
    ]);
    let output = dunlin(&project, database, &["up"]).exits(1);
    assert!(output.stderr.contains("2_patients.sql:4:1"), "{output}");
    assert!(output.stderr.contains("2 of its 4 statements ran before and stay"), "{output}");
    project
}

#[test]
fn status_says_what_is_half_done() {
    for database in mysql_like() {
        let project = half_done(&database);
        let output = dunlin(&project, &database, &["status"]).success();
        assert!(output.stdout.contains("2 (up) is half done: 2 statements ran"), "{output}");
        dunlin(&project, &database, &["status", "--check"]).exits(3);
        let json = dunlin(&project, &database, &["--format", "json", "status"]).success().json();
        assert_eq!(json["halfDone"], "2");
        assert!(dunlin(&project, &database, &["doctor"]).exits(5).stdout.contains("2 (up) is half done"));
    }
}

#[test]
fn nothing_else_is_run_before_it_is_finished() {
    for database in mysql_like() {
        let project = half_done(&database);
        for arguments in [&["down"][..], &["redo"], &["up", "--to", "1"]] {
            let output = dunlin(&project, &database, arguments).exits(1);
            assert!(output.stderr.contains("half done"), "{output}");
            assert!(output.stderr.contains("dunlin up"), "{output}");
        }
        assert_eq!(rows(&database, "SELECT id FROM patient"), ["1"]);
        assert_eq!(rows(&database, "SELECT version FROM dunlin_migrations"), ["1"]);
    }
}

#[test]
fn mending_the_failed_statement_lets_it_go_on_from_there() {
    for database in mysql_like() {
        let project = half_done(&database);
        project.write("migrations/2_patients.sql", HALF_DONE.replace("patients", "patient"));
        let output = dunlin(&project, &database, &["up"]).success();
        assert!(output.stderr.contains("statement 3 of 4"), "{output}");
        assert_eq!(database.table_rows("patient"), "id|born\n1|NULL\n2|NULL");
        assert_eq!(database.tables(), ["dunlin_migrations", "patient", "room", "visit"]);
    }
}

#[test]
fn an_edit_of_a_statement_that_ran_is_refused_with_its_place() {
    for database in mysql_like() {
        let project = half_done(&database);
        project.write("migrations/2_patients.sql", HALF_DONE.replace("VALUES (1)", "VALUES (7)"));
        let output = dunlin(&project, &database, &["up"]).exits(1);
        assert!(output.stderr.contains("2_patients.sql:3"), "{output}");
        assert!(output.stderr.contains("statement 2"), "{output}");
        assert_eq!(rows(&database, "SELECT id FROM patient"), ["1"]);
    }
}

#[test]
fn repair_forgets_it_and_then_it_starts_anew() {
    for database in mysql_like() {
        let project = half_done(&database);
        database.sql("DROP TABLE patient;");
        dunlin(&project, &database, &["repair"]).success();
        assert!(!database.tables().contains(&"dunlin_journal".to_owned()));
        project.write("migrations/2_patients.sql", HALF_DONE.replace("patients", "patient"));
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(rows(&database, "SELECT id FROM patient ORDER BY id"), ["1", "2"]);
    }
}

/// A migration whose third statement fails is set back to how it is when the process dies during it.
fn died_during(database: &Database, statement: &str) -> Project {
    let failing = format!(
        "-- migrate:up\nCREATE TABLE entry (id integer);\nINSERT INTO entry VALUES (1);\n{statement};\n"
    );
    let project = Project::with(&[("migrations/1_entries.sql", &failing)]);
    dunlin(&project, database, &["up"]).exits(1);
    mark_in_flight(database);
    project
}

#[test]
fn a_statement_of_which_the_catalog_does_not_tell_is_asked_about() {
    for database in mysql_like() {
        for (answer, expected) in [("done", vec!["1"]), ("again", vec!["1", "2"])] {
            database.sql("DROP PROCEDURE IF EXISTS close_day;");
            let project = died_during(&database, "CALL close_day()");
            database.sql("CREATE PROCEDURE close_day() INSERT INTO entry VALUES (2);");

            let output = dunlin(&project, &database, &["up"]).exits(1);
            assert!(output.stderr.contains("1_entries.sql:4"), "{output}");
            assert!(output.stderr.contains("--in-flight"), "{output}");
            dunlin(&project, &database, &["up", "--in-flight", answer]).success();
            assert_eq!(rows(&database, "SELECT id FROM entry ORDER BY id"), expected);

            database.sql("DROP TABLE entry; DROP TABLE dunlin_migrations;");
        }
    }
}

#[test]
fn a_truncate_in_flight_is_asked_about_because_rows_may_be_new() {
    for database in mysql_like() {
        let project = died_during(&database, "TRUNCATE TABLE basket");
        database.sql("CREATE TABLE basket (id integer); INSERT INTO basket VALUES (1);");
        let output = dunlin(&project, &database, &["up"]).exits(1);
        assert!(output.stderr.contains("--in-flight"), "{output}");
        dunlin(&project, &database, &["up", "--in-flight", "again"]).success();
        assert_eq!(rows(&database, "SELECT COUNT(*) FROM basket"), ["0"]);
    }
}

#[test]
fn a_session_with_temporary_tables_is_not_made_up() {
    for database in mysql_like() {
        let migration = "-- migrate:up
CREATE TABLE total (n integer);
CREATE TEMPORARY TABLE sums AS SELECT 1 AS n;
INSERT INTO totals SELECT n FROM sums;
";
        let project = Project::with(&[("migrations/1_totals.sql", migration)]);
        dunlin(&project, &database, &["up"]).exits(1);
        project.write("migrations/1_totals.sql", migration.replace("totals", "total"));
        let output = dunlin(&project, &database, &["up"]).exits(1);
        assert!(output.stderr.contains("1_totals.sql:3"), "{output}");
        assert!(output.stderr.contains("temporary object"), "{output}");
    }
}

#[test]
fn a_procedure_that_commits_does_not_pass_for_a_transaction() {
    for database in mysql_like() {
        let project = Project::with(&[
            (
                "migrations/1_routine.sql",
                "-- migrate:up
CREATE TABLE entry (n integer);
CREATE PROCEDURE archive() BEGIN INSERT INTO entry VALUES (2); COMMIT; END;
",
            ),
            (
                "migrations/2_archive.sql",
                "-- migrate:up
INSERT INTO entry VALUES (1);
CALL archive();
INSERT INTO entries VALUES (3);
",
            ),
        ]);
        let output = dunlin(&project, &database, &["up"]).exits(1);
        assert!(output.stderr.contains("2 of its 3 statements ran before and stay"), "{output}");
        project.write(
            "migrations/2_archive.sql",
            project.read("migrations/2_archive.sql").replace("entries", "entry"),
        );
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(rows(&database, "SELECT n FROM entry ORDER BY n"), ["1", "2", "3"]);
    }
}

#[test]
fn a_transaction_of_the_migrations_own_begins_anew() {
    for database in support::databases() {
        let migration = "-- migrate:up transaction=none
CREATE TABLE entry (n integer);
BEGIN;
INSERT INTO entry VALUES (1);
INSERT INTO entries VALUES (2);
COMMIT;
";
        let project = Project::with(&[("migrations/1_entries.sql", migration)]);
        let output = dunlin(&project, &database, &["up"]).exits(1);
        assert!(output.stderr.contains("1_entries.sql:5:1"), "{output}");
        assert!(output.stderr.contains("1 of its 5 statements ran before and stay"), "{output}");
        assert!(rows(&database, "SELECT n FROM entry").is_empty());

        project.write("migrations/1_entries.sql", migration.replace("entries", "entry"));
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(rows(&database, "SELECT n FROM entry ORDER BY n"), ["1", "2"]);
    }
}

#[test]
fn user_variables_have_the_values_and_types_they_had() {
    for database in mysql_like() {
        let migration = "-- migrate:up
CREATE TABLE kept (a text, b integer, c decimal(4,2), d double, e varbinary(9), f text, g text);
SET @a = 'it''s \\\\ \u{e9}', @b = 42, @c = 1.50, @d = 1e100, @e = x'00ff', @f = NULL, @`g g` = '';
CREATE TABLE half (n integer);
INSERT INTO keep VALUES (@a, @b + 1, @c, @d, @e, COALESCE(@f, 'null'), @`g g`);
";
        let project = Project::with(&[("migrations/1_kept.sql", migration)]);
        dunlin(&project, &database, &["up"]).exits(1);
        project.write("migrations/1_kept.sql", migration.replace("keep", "kept"));
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(
            rows(&database, "SELECT a, b, c, d, HEX(e), f, g FROM kept"),
            ["it's \\ \u{e9}|43|1.50|1e100|00FF|null|"]
        );
    }
}

#[test]
fn down_finishes_the_half_done_migration_and_no_other() {
    for database in mysql_like() {
        let down = "-- migrate:down\nDROP TABLE b;\nDROP TABLE bb;\n";
        let second = format!("-- migrate:up\nCREATE TABLE b (id integer);\n{down}");
        let project = Project::with(&[
            (
                "migrations/1_a.sql",
                "-- migrate:up\nCREATE TABLE a (id integer);\n-- migrate:down\nDROP TABLE a;\n",
            ),
            ("migrations/2_b.sql", &second),
        ]);
        dunlin(&project, &database, &["up"]).success();
        dunlin(&project, &database, &["down"]).exits(1);
        project.write("migrations/2_b.sql", second.replace("DROP TABLE bb", "SELECT 1"));
        dunlin(&project, &database, &["down"]).success();
        assert_eq!(database.tables(), ["a", "dunlin_migrations"]);
        assert_eq!(rows(&database, "SELECT version FROM dunlin_migrations"), ["1"]);
    }
}

#[test]
fn an_index_that_could_not_be_built_concurrently_leaves_nothing() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let migration = "-- migrate:up
CREATE TABLE patient (number integer);
INSERT INTO patient VALUES (1), (1);

-- migrate:up transaction=none
CREATE UNIQUE INDEX CONCURRENTLY patient_number ON patient (number);
";
    let project = Project::with(&[("migrations/1_patients.sql", migration)]);
    let output = dunlin(&project, &database, &["up"]).exits(1);
    assert!(output.stderr.contains("removed the invalid index"), "{output}");
    assert!(rows(&database, "SELECT 1 FROM pg_index WHERE NOT indisvalid").is_empty());

    database.sql("DELETE FROM patient WHERE ctid = (SELECT min(ctid) FROM patient);");
    dunlin(&project, &database, &["up"]).success();
    assert_eq!(
        rows(&database, "SELECT indisvalid FROM pg_index WHERE indrelid = 'patient'::regclass"),
        ["t"]
    );
}

#[test]
fn an_index_that_could_not_be_built_anew_leaves_no_second_one() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    // The name has to fit when its end is changed, and to be quoted.
    database.sql(
        "CREATE TABLE patient (number integer, note text);
         CREATE FUNCTION checked(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT n';
         CREATE INDEX \"Number of patient\" ON patient (checked(number));
         CREATE INDEX patient_note ON patient (note);
         INSERT INTO patient SELECT n, repeat('x', n) FROM generate_series(1, 9) n;
         CREATE OR REPLACE FUNCTION checked(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT n / 0';",
    );
    let indexes = "SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'patient'::regclass ORDER BY 1";
    let before = database.query(indexes);
    for statement in [
        "REINDEX INDEX CONCURRENTLY \"Number of patient\"",
        "REINDEX (CONCURRENTLY) TABLE patient",
        "REINDEX SCHEMA CONCURRENTLY public",
    ] {
        let migration = format!("-- migrate:up\n{statement};\n");
        let project = Project::with(&[("migrations/1_indexes.sql", &migration)]);
        let output = dunlin(&project, &database, &["up"]).exits(1);
        assert!(output.stderr.contains("division by zero"), "{output}");
        assert!(output.stderr.contains("removed the invalid index"), "{output}");
        assert_eq!(database.query(indexes), before, "{statement}");
    }
}

#[test]
fn a_second_index_left_by_a_dead_process_is_dropped_before_the_next_try() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let migration = "-- migrate:up transaction=none
CREATE TABLE patient (number integer);
CREATE INDEX patient_number ON patient (number);
REINDEX TABLE CONCURRENTLY patient;
SELECT 1 / 0;
";
    let project = Project::with(&[("migrations/1_patients.sql", migration)]);
    dunlin(&project, &database, &["up"]).exits(1);
    // Back to where the index was being built anew: the second one is there and invalid.
    database.sql(
        "UPDATE dunlin_journal SET next_statement = 2, in_flight = 1, fingerprint = 'public.patient_number valid';
         CREATE INDEX patient_number_ccnew ON patient (number);
         CREATE INDEX patient_other ON patient (number);
         UPDATE pg_index SET indisvalid = false
         WHERE indexrelid IN ('patient_number_ccnew'::regclass, 'patient_other'::regclass);",
    );
    project.write("migrations/1_patients.sql", migration.replace("1 / 0", "1"));
    dunlin(&project, &database, &["up"]).success();
    // One of another name is not ours to judge; PostgreSQL leaves invalid ones out of a table's.
    assert_eq!(
        rows(
            &database,
            "SELECT indexrelid::regclass, indisvalid FROM pg_index ORDER BY indexrelid DESC LIMIT 2"
        ),
        ["patient_number|t", "patient_other|f"]
    );
}

#[test]
fn an_invalid_index_left_by_a_dead_process_is_built_anew() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let migration = "-- migrate:up transaction=none
CREATE SCHEMA clinic;
SET search_path = clinic;
CREATE TABLE patient (number integer);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS patient_number ON patient (number);
SELECT 1 / 0;
";
    let project = Project::with(&[("migrations/1_patients.sql", migration)]);
    dunlin(&project, &database, &["up"]).exits(1);
    // Back to where the index was in flight, with an index that is there and invalid.
    database.sql(
        "UPDATE dunlin_journal SET next_statement = 3, in_flight = 1, fingerprint = '';
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'clinic.patient_number'::regclass;",
    );
    project.write("migrations/1_patients.sql", migration.replace("1 / 0", "1"));
    dunlin(&project, &database, &["up"]).success();
    assert_eq!(
        rows(&database, "SELECT indisvalid FROM pg_index WHERE indrelid = 'clinic.patient'::regclass"),
        ["t"]
    );
}

#[test]
fn the_journal_is_ours_whatever_role_the_migration_takes() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    for (index, change) in ["SET ROLE pg_monitor", "SET SESSION AUTHORIZATION pg_monitor"].iter().enumerate()
    {
        let migration = format!(
            "-- migrate:up transaction=none
CREATE TABLE entry{index} (name text);
GRANT ALL ON entry{index} TO pg_monitor;
{change};
INSERT INTO entry{index} VALUES (current_user);
INSERT INTO entries VALUES (current_user);
RESET SESSION AUTHORIZATION;
RESET ROLE;
"
        );
        let path = format!("migrations/{}_roles.sql", index + 1);
        let project = Project::new();
        if index == 1 {
            project.write("migrations/1_roles.sql", "-- migrate:up\nSELECT 1;\n");
            database.sql("DROP TABLE dunlin_migrations;");
        }
        project.write(&path, &migration);
        let output = dunlin(&project, &database, &["up"]).exits(1);
        assert!(output.stderr.contains("entries"), "{output}");
        project.write(&path, migration.replace("entries", &format!("entry{index}")));
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(rows(&database, &format!("SELECT name FROM entry{index}")), ["pg_monitor", "pg_monitor"]);
    }
}

#[test]
fn a_block_that_commits_runs_outside_of_transactions() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let migration = "-- migrate:up
CREATE TABLE entry (n integer);
DO $$ BEGIN FOR n IN 1..3 LOOP INSERT INTO entry VALUES (n); COMMIT; END LOOP; END $$;
";
    let project = Project::with(&[("migrations/1_entries.sql", migration)]);
    dunlin(&project, &database, &["up"]).success();
    assert_eq!(rows(&database, "SELECT n FROM entry ORDER BY n"), ["1", "2", "3"]);
}

#[test]
fn an_isolation_level_that_a_script_asks_for_is_kept() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let migration = "-- migrate:up
BEGIN ISOLATION LEVEL SERIALIZABLE;
CREATE TABLE entry AS SELECT current_setting('transaction_isolation') AS level;
COMMIT;
";
    let project = Project::with(&[("migrations/1_entries.sql", migration)]);
    dunlin(&project, &database, &["up"]).success();
    assert_eq!(rows(&database, "SELECT level FROM entry"), ["serializable"]);
}

#[test]
fn a_client_encoding_that_would_garble_the_file_is_refused_before_anything_runs() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    for change in
        ["SET client_encoding = 'LATIN1'", "SET NAMES 'latin1'", "set local client_encoding to latin1"]
    {
        let migration = format!("-- migrate:up\nCREATE TABLE entry (name text);\n{change};\n");
        let project = Project::with(&[("migrations/1_entries.sql", &migration)]);
        let output = dunlin(&project, &database, &["up"]).exits(1);
        assert!(output.stderr.contains("1_entries.sql:3"), "{output}");
        assert!(database.tables().is_empty());
    }
    let project =
        Project::with(&[("migrations/1_entries.sql", "-- migrate:up\nSET client_encoding = 'UTF8';\n")]);
    dunlin(&project, &database, &["up"]).success();
}

#[test]
fn settings_of_one_migration_do_not_reach_the_next() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let project = Project::with(&[
        (
            "migrations/1_entries.sql",
            "-- migrate:up
CREATE TABLE entry (name text);
SET standard_conforming_strings = off;
SET statement_timeout = 20;
SET SESSION AUTHORIZATION pg_monitor;
",
        ),
        (
            "migrations/2_paths.sql",
            "-- migrate:up\nINSERT INTO entry VALUES ('C:\\temp');\nSELECT pg_sleep(0.1);\n",
        ),
    ]);
    dunlin(&project, &database, &["up"]).success();
    assert_eq!(rows(&database, "SELECT name FROM entry"), ["C:\\temp"]);
}
