//! SQLite changes a table by building it anew (<https://sqlite.org/lang_altertable.html>, the twelve steps), and dropping
//! the old one must not take the rows with it that refer to it. Whatever way the steps are written, no child row is lost.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Database, Output, Project};

const SCHOOL: &str = "-- migrate:up
CREATE TABLE class (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE pupil (
  id INTEGER PRIMARY KEY,
  name TEXT,
  class INTEGER NOT NULL REFERENCES class (id) ON DELETE CASCADE
);
CREATE TABLE grade (pupil INTEGER REFERENCES pupil (id) ON DELETE CASCADE, mark INTEGER);
INSERT INTO class VALUES (1, '1a'), (2, '1b');
INSERT INTO pupil VALUES (1, 'Ada', 1), (2, 'Grace', 1), (3, 'Edsger', 2);
INSERT INTO grade VALUES (1, 1), (2, 2), (3, 1);
";

const PUPILS: &str = "id|name|class\n1|Ada|1\n2|Grace|1\n3|Edsger|2";

fn up(project: &Project, database: &Database) -> Output {
    project.dunlin(&["--url", &database.url(), "up"])
}

/// A school in which a second migration is pending.
fn school(migration: &str) -> (Project, Database) {
    let database = Database::sqlite();
    let project = Project::with(&[("migrations/1_school.sql", SCHOOL)]);
    up(&project, &database).success();
    project.write("migrations/2_rebuild.sql", migration);
    (project, database)
}

/// The usual ways to write a rebuild of `class`.
const REBUILDS: [(&str, &str); 9] = [
    (
        "the twelve steps without their pragma",
        "CREATE TABLE class_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO class_new SELECT id, name FROM class;
DROP TABLE class;
ALTER TABLE class_new RENAME TO class;",
    ),
    (
        "the twelve steps",
        "PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE class_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO class_new SELECT id, name FROM class;
DROP TABLE class;
ALTER TABLE class_new RENAME TO class;
PRAGMA foreign_key_check;
COMMIT;
PRAGMA foreign_keys=ON;",
    ),
    (
        "pragmas inside the transaction, where SQLite ignores them",
        "BEGIN;
PRAGMA foreign_keys = 0;
CREATE TABLE class_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO class_new SELECT id, name FROM class;
DROP TABLE class;
ALTER TABLE class_new RENAME TO class;
PRAGMA foreign_keys = 1;
COMMIT;",
    ),
    (
        "quoted names and a comment in between",
        "CREATE TABLE \"new_class\" (\"id\" INTEGER NOT NULL PRIMARY KEY, \"name\" TEXT);
INSERT INTO \"new_class\" (\"id\", \"name\") SELECT \"id\", \"name\" FROM \"class\"; -- copied
DROP TABLE \"class\";
ALTER TABLE \"new_class\" RENAME TO \"class\"; -- done",
    ),
    (
        "the old one renamed away, as the legacy setting allows",
        "PRAGMA foreign_keys = OFF;
PRAGMA legacy_alter_table = ON;
ALTER TABLE class RENAME TO class_old;
CREATE TABLE class (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO class SELECT id, name FROM class_old;
DROP TABLE class_old;
PRAGMA legacy_alter_table = OFF;
PRAGMA foreign_keys = ON;",
    ),
    (
        "rows put aside, and the table made anew",
        "CREATE TEMPORARY TABLE aside AS SELECT * FROM class;
DROP TABLE class;
CREATE TABLE class (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO class SELECT * FROM aside;
DROP TABLE aside;",
    ),
    (
        "dropped only if it exists",
        "CREATE TABLE class_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO class_new SELECT id, name FROM class;
DROP TABLE IF EXISTS class;
ALTER TABLE class_new RENAME TO class;",
    ),
    (
        "the schema named",
        "CREATE TABLE main.class_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO main.class_new SELECT id, name FROM main.class;
DROP TABLE main.class;
ALTER TABLE main.class_new RENAME TO class;",
    ),
    (
        "foreign keys off for good",
        "PRAGMA foreign_keys = off;
CREATE TABLE class_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO class_new SELECT id, name FROM class;
DROP TABLE class;
ALTER TABLE class_new RENAME TO class;",
    ),
];

#[test]
fn a_rebuild_of_a_parent_loses_no_child() {
    for (way, sql) in REBUILDS {
        for header in ["-- migrate:up", "-- migrate:up transaction=always", "-- migrate:up transaction=none"]
        {
            // Statement by statement nothing can be done for a script that does not say it itself.
            if header.ends_with("none") && !sql.starts_with("PRAGMA") {
                continue;
            }
            let (project, database) = school(&format!("{header}\n{sql}\n"));
            let output = up(&project, &database);
            assert!(output.status == 0, "{way}, {header}\n{output}");
            assert_eq!(database.table_rows("pupil"), PUPILS, "{way}, {header}");
            assert_eq!(database.table_rows("grade"), "pupil|mark\n1|1\n2|2\n3|1", "{way}, {header}");
            assert_eq!(database.table_rows("class"), "id|name\n1|1a\n2|1b", "{way}, {header}");
            assert!(database.query("PRAGMA foreign_key_check").is_empty(), "{way}, {header}");
        }
    }
}

#[test]
fn a_rebuild_beside_a_statement_without_transaction_loses_no_child() {
    for (way, sql) in REBUILDS {
        let (project, database) = school(&format!("-- migrate:up\n{sql}\n\n-- migrate:up\nVACUUM;\n"));
        let output = up(&project, &database);
        assert!(output.status == 0, "{way}\n{output}");
        assert_eq!(database.table_rows("pupil"), PUPILS, "{way}");
    }
}

#[test]
fn foreign_keys_are_enforced_again_behind_a_rebuild() {
    for (way, sql) in REBUILDS {
        let (project, database) = school(&format!("-- migrate:up\n{sql}\n"));
        project
            .write("migrations/3_orphan.sql", "-- migrate:up\nINSERT INTO pupil VALUES (4, 'Alan', 99);\n");
        let output = up(&project, &database).exits(1);
        assert!(output.stderr.contains("FOREIGN KEY constraint failed"), "{way}\n{output}");
        assert_eq!(database.table_rows("pupil"), PUPILS, "{way}");
    }
}

#[test]
fn a_rebuild_that_leaves_orphans_is_refused_and_taken_back() {
    for pragma in ["", "PRAGMA foreign_keys = OFF;\n"] {
        let (project, database) = school(&format!(
            "-- migrate:up
{pragma}CREATE TABLE class_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO class_new SELECT id, name FROM class WHERE id = 1;
DROP TABLE class;
ALTER TABLE class_new RENAME TO class;
"
        ));
        let before = database.schema_dump();
        let output = up(&project, &database).exits(1);
        assert!(
            output.stderr.contains("leaves 1 rows without the row that they refer to: pupil (row 3)"),
            "{output}"
        );
        assert_eq!(database.schema_dump(), before);
        assert_eq!(database.table_rows("class"), "id|name\n1|1a\n2|1b");
        assert_eq!(database.table_rows("pupil"), PUPILS);
    }
}

#[test]
fn orphans_that_were_there_before_do_not_stop_a_rebuild() {
    let (project, database) = school(&format!("-- migrate:up\n{}\n", REBUILDS[0].1));
    database.sql("PRAGMA foreign_keys = OFF; INSERT INTO grade VALUES (77, 5);");
    up(&project, &database).success();
    assert_eq!(database.table_rows("pupil"), PUPILS);
}

#[test]
fn orphans_that_a_rebuild_trades_for_others_are_noticed() {
    let (project, database) = school(
        "-- migrate:up
CREATE TABLE class_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO class_new SELECT id, name FROM class WHERE id = 1;
DROP TABLE class;
ALTER TABLE class_new RENAME TO class;
DELETE FROM grade WHERE pupil = 77;
",
    );
    database.sql("PRAGMA foreign_keys = OFF; INSERT INTO grade VALUES (77, 5);");
    let output = up(&project, &database).exits(1);
    assert!(output.stderr.contains("pupil (row 3)"), "{output}");
    assert_eq!(database.table_rows("class"), "id|name\n1|1a\n2|1b");
}

#[test]
fn a_rebuild_that_cannot_be_one_transaction_is_refused_before_anything_runs() {
    for (header, extra) in [("-- migrate:up", "VACUUM;"), ("-- migrate:up transaction=none", "")] {
        let (project, database) = school(&format!("{header}\n{}\n{extra}\n", REBUILDS[0].1));
        let output = up(&project, &database).exits(1);
        assert!(output.stderr.contains("is not one transaction"), "{output}");
        assert_eq!(database.table_rows("pupil"), PUPILS);
        assert_eq!(database.tables(), ["class", "dunlin_migrations", "grade", "pupil"]);
    }
}

#[test]
fn a_migration_that_only_deletes_lets_foreign_keys_act() {
    let (project, database) = school("-- migrate:up\nDELETE FROM class WHERE id = 2;\n");
    up(&project, &database).success();
    assert_eq!(database.table_rows("pupil"), "id|name|class\n1|Ada|1\n2|Grace|1");
}
