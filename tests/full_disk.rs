//! A disk that is full: a clear error and no change, or no more change than the server cannot take back; and with room
//! again the next run finishes. The disk is a small file system of the test's own.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Database, Disk, Output, Project, ServerKind};

/// Who runs the migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Native,
    Flyway,
}

const TOOLS: [Tool; 2] = [Tool::Native, Tool::Flyway];

const PATIENTS: &str = "CREATE TABLE patient (id INTEGER);\n";

fn project(tool: Tool, letters: &str) -> Project {
    match tool {
        Tool::Native => Project::with(&[
            ("migrations/1_patients.sql", &format!("-- migrate:up\n{PATIENTS}")),
            ("migrations/2_letters.sql", &format!("-- migrate:up\n{letters}")),
        ]),
        Tool::Flyway => {
            Project::with(&[("sql/V1__patients.sql", PATIENTS), ("sql/V2__letters.sql", letters)])
        }
    }
}

/// Runs all migrations, or only the first.
fn up(tool: Tool, project: &Project, database: &[String], only_first: bool) -> Output {
    let mut arguments = database.to_vec();
    match tool {
        Tool::Native => {
            arguments.push("up".to_owned());
            arguments.extend(only_first.then(|| "--steps=1".to_owned()));
        }
        Tool::Flyway => {
            arguments.splice(0..0, ["flyway".to_owned(), "-locations=filesystem:sql".to_owned()]);
            arguments.extend(only_first.then(|| "-target=1".to_owned()));
            arguments.push("migrate".to_owned());
        }
    }
    project.dunlin(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn address(tool: Tool, database: &Database) -> Vec<String> {
    match tool {
        Tool::Native => vec!["--url".to_owned(), database.url()],
        Tool::Flyway => database.flyway_arguments(),
    }
}

#[track_caller]
fn failed(output: &Output, reasons: &[&str]) {
    assert!(output.status == 1 && !output.stderr.contains("panicked"), "{output}");
    assert!(reasons.iter().any(|reason| output.stderr.contains(reason)), "{output}");
    assert!(output.stderr.contains("letters"), "does not say which migration: {output}");
}

fn state(database: &Database) -> String {
    database.tables().iter().fold(database.schema_dump(), |text, table| text + &database.table_rows(table))
}

#[test]
fn under_sqlite() {
    for tool in TOOLS {
        let Some(disk) = Disk::new("128k") else { return };
        let letters = "CREATE TABLE letter (text);\n\
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)\n\
            INSERT INTO letter SELECT zeroblob(1000) FROM n;\n";
        let project = project(tool, letters);
        let file = disk.path().join("clinic.db");
        let address = match tool {
            Tool::Native => vec!["--url".to_owned(), format!("sqlite:{}", file.display())],
            Tool::Flyway => vec![format!("-url=jdbc:sqlite:{}", file.display())],
        };
        up(tool, &project, &address, true).success();
        let before = std::fs::read(&file).unwrap();
        failed(&up(tool, &project, &address, false), &["database or disk is full"]);
        assert_eq!(std::fs::read(&file).unwrap(), before, "{tool:?}");
        disk.resize("4m");
        up(tool, &project, &address, false).success();
        assert!(std::fs::metadata(&file).unwrap().len() > 400_000);
    }
}

#[test]
fn under_postgres() {
    for tool in TOOLS {
        let Some(database) = Database::create(ServerKind::Postgres) else { return };
        let Some(disk) = Disk::new("8m") else { return };
        let folder = database.query("SELECT setting FROM pg_settings WHERE name = 'data_directory'");
        disk.give_to_owner_of(&folder[0][0]);
        let place = format!("{}_small", database.name());
        database.sql(&format!("CREATE TABLESPACE {place} LOCATION '{}';", disk.path().display()));
        let letters = format!(
            "CREATE TABLE letter (text text) TABLESPACE {place};\n\
             INSERT INTO letter SELECT repeat(md5(n::text), 40) FROM generate_series(1, 12000) n;\n"
        );
        let project = project(tool, &letters);
        let address = address(tool, &database);
        up(tool, &project, &address, true).success();
        let before = state(&database);
        failed(&up(tool, &project, &address, false), &["No space left on device"]);
        assert_eq!(state(&database), before, "{tool:?}");
        disk.resize("64m");
        up(tool, &project, &address, false).success();
        assert_eq!(database.query("SELECT count(*) FROM letter"), [["12000"]]);
        database.sql(&format!("DROP TABLE letter; DROP TABLESPACE {place};"));
    }
}

/// The table is there then, and its rows are not.
#[test]
fn under_mariadb() {
    for tool in TOOLS {
        let Some(database) = Database::create(ServerKind::MariaDb) else { return };
        let Some(disk) = Disk::new("4m") else { return };
        disk.give_to_owner_of(&database.query("SELECT @@datadir")[0][0]);
        let letters = format!(
            "CREATE TABLE letter (text varchar(1000)) DATA DIRECTORY = '{}';\n\
             INSERT INTO letter SELECT REPEAT('x', 1000) FROM seq_1_to_9000;\n",
            disk.path().display()
        );
        let project = project(tool, &letters);
        let address = address(tool, &database);
        up(tool, &project, &address, true).success();
        failed(&up(tool, &project, &address, false), &["is full", "No space left on device"]);
        assert_eq!(database.query("SELECT count(*) FROM letter"), [["0"]], "{tool:?}");
        disk.resize("64m");
        up(tool, &project, &address, false).success();
        assert_eq!(database.query("SELECT count(*) FROM letter"), [["9000"]], "{tool:?}");
        database.sql("DROP TABLE letter;");
    }
}
