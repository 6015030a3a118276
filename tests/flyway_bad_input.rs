//! Bad input: a clear error each, exit code 1, and a database in which nothing changed. Where a project holds a good
//! migration beside the bad input, not even that one may run.

// The lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{Database, Output, Project, ServerKind, databases};

const GOOD: (&str, &str) = ("sql/V1__patients.sql", "CREATE TABLE patient (id INTEGER);\n");

/// Runs `flyway migrate` and `up`; both have to fail with a message that has all these parts, and to change nothing.
#[track_caller]
fn refused(project: &Project, database: &Database, parts: &[&str]) {
    for arguments in [&["flyway", "migrate"][..], &["up"]] {
        let before = state(database);
        let output = project.dunlin(arguments);
        said(&output, parts);
        assert_eq!(state(database), before, "{output}");
    }
}

#[track_caller]
fn said(output: &Output, parts: &[&str]) {
    assert!(matches!(output.status, 1 | 5), "{output}");
    // Long lines are wrapped for terminals.
    let words =
        |text: &str| text.replace(['│', '×', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(words(&output.stderr).contains(&words(part)), "without {part:?}\n{output}");
    }
    assert!(!output.stderr.contains("panicked"), "{output}");
}

fn state(database: &Database) -> String {
    let mut text = database.schema_dump();
    for table in database.tables() {
        text.push_str(&database.table_rows(&table));
    }
    text
}

/// Each case in an empty database on each server.
#[track_caller]
fn each_server(files: &[(&str, &str)], parts: &[&str]) {
    for database in databases() {
        let project = Project::with(files);
        project.flyway_config(&database, "validateMigrationNaming = true\n");
        refused(&project, &database, parts);
    }
}

#[test]
fn broken_names() {
    each_server(&[GOOD, ("sql/V2_rooms.sql", "SELECT 1;\n")], &["V2_rooms.sql"]);
    each_server(&[GOOD, ("sql/Va__rooms.sql", "SELECT 1;\n")], &["Va__rooms.sql"]);
}

#[test]
fn duplicate_versions() {
    each_server(
        &[GOOD, ("sql/later/V1.0__again.sql", "SELECT 1;\n")],
        &["Found more than one migration with version 1", "V1__patients.sql", "V1.0__again.sql"],
    );
}

#[test]
fn unterminated_strings_and_placeholders_without_value() {
    each_server(
        &[GOOD, ("sql/V2__rooms.sql", "SELECT 1;\n\nSELECT 'never ends;\n")],
        &["V2__rooms.sql", "never"],
    );
    each_server(
        &[GOOD, ("sql/V2__rooms.sql", "CREATE TABLE room_${ward} (id INTEGER);\n")],
        &["No value provided for placeholder: ${ward}"],
    );
}

#[test]
fn edited_and_missing_files() {
    for database in databases() {
        let project = Project::with(&[GOOD, ("sql/V2__rooms.sql", "CREATE TABLE room (id INTEGER);\n")]);
        project.flyway_config(&database, "");
        project.dunlin(&["up"]).success();
        project.write("sql/V3__wards.sql", "CREATE TABLE ward (id INTEGER);\n");
        project.write(GOOD.0, "CREATE TABLE patient (id INTEGER, name TEXT);\n");
        refused(&project, &database, &["Migration checksum mismatch for migration version 1"]);
        project.write(GOOD.0, GOOD.1).remove("sql/V2__rooms.sql");
        refused(&project, &database, &["Detected applied migration not resolved locally: 2"]);
    }
}

#[test]
fn wrong_encodings() {
    for database in databases() {
        let project = Project::with(&[GOOD]);
        project.flyway_config(&database, "").write("sql/V2__caf\u{e9}.sql", b"SELECT 'caf\xe9';\n");
        refused(&project, &database, &["V2__caf\u{e9}.sql", "UTF-8"]);
    }
}

#[test]
fn unknown_keys_and_broken_configuration() {
    let cases: &[(&str, &[&str])] = &[
        ("tabel = \"history\"\n", &["flyway.tabel", "flyway.table", "flyway.toml"]),
        ("outOfOrder = \"maybe\"\n", &["flyway.outOfOrder", "Boolean", "flyway.toml"]),
        ("table = \"history\n", &["flyway.toml", "line"]),
        ("target = \"soon\"\n", &["soon"]),
    ];
    for (more, parts) in cases {
        let database = Database::sqlite();
        let project = Project::with(&[GOOD]);
        project.flyway_config(&database, more);
        refused(&project, &database, parts);
    }
}

#[test]
fn a_directory_as_a_file_and_as_a_database() {
    let database = Database::sqlite();
    let project = Project::with(&[GOOD, ("sql/V2__rooms.sql/inner.txt", "")]);
    project.flyway_config(&database, "");
    // Flyway descends into folders whatever they are called.
    project.dunlin(&["flyway", "migrate"]).success();
    let project = Project::with(&[GOOD, ("clinic.db/inner.txt", "")]);
    let arguments = ["flyway", "migrate", "-url=jdbc:sqlite:clinic.db", "-locations=filesystem:sql"];
    said(&project.dunlin(&arguments), &["clinic.db"]);
}

#[test]
fn dead_servers_and_wrong_passwords() {
    for kind in [ServerKind::Postgres, ServerKind::MariaDb, ServerKind::MySql] {
        let Some(database) = Database::create(kind) else { continue };
        let project = Project::with(&[GOOD]);
        project.flyway_config(&database, "");
        let before = state(&database);
        let scheme = if kind == ServerKind::Postgres { "postgresql" } else { "mysql" };
        let dead = format!("-url=jdbc:{scheme}://127.0.0.1:1/clinic");
        said(&project.dunlin(&["flyway", "migrate", &dead]), &["Unable to obtain connection from database"]);
        let wrong = project.dunlin(&["flyway", "migrate", "-password=s3cret-wrong"]);
        said(&wrong, &["Unable to obtain connection from database"]);
        assert!(!format!("{wrong}").replace("-password=s3cret-wrong", "").contains("s3cret"), "{wrong}");
        assert_eq!(state(&database), before);
    }
}

#[test]
fn a_database_file_that_is_none() {
    let project = Project::with(&[
        GOOD,
        ("clinic.db", "This is a letter, and no database at all.\n".repeat(99).as_str()),
    ]);
    let before = project.read("clinic.db");
    let output =
        project.dunlin(&["flyway", "migrate", "-url=jdbc:sqlite:clinic.db", "-locations=filesystem:sql"]);
    said(&output, &["not a database"]);
    assert_eq!(project.read("clinic.db"), before);
}
