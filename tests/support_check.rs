//! That the tests' own ground is firm: the servers answer, the original Flyway works on each, and what the helpers
//! read is what is there.

mod support;

use std::path::Path;

use support::{Database, Project, ServerKind, databases, flyway_is_here};

const CLINIC: [(&str, &str); 2] = [
    ("sql/V1__create_patients.sql", "CREATE TABLE patient (id INTEGER PRIMARY KEY, name VARCHAR(80));\n"),
    ("sql/V2__first_patients.sql", "INSERT INTO patient VALUES (2, NULL), (1, 'Ada');\n"),
];

#[test]
fn every_server_keeps_what_a_client_writes() {
    for database in databases() {
        database.sql("CREATE TABLE patient (id INTEGER PRIMARY KEY, note VARCHAR(80));");
        database.sql("INSERT INTO patient VALUES (2, NULL), (1, 'a\tb');");
        assert_eq!(database.table_rows("patient"), "id|note\n1|a\tb\n2|NULL", "{:?}", database.kind());
        assert_eq!(database.tables(), ["patient"]);
    }
}

#[test]
fn a_failed_statement_is_seen() {
    for database in databases() {
        let output = database.try_sql("SELECT * FROM nowhere;").fails();
        assert!(output.stderr.contains("nowhere"), "{output}");
    }
}

#[test]
fn every_database_is_its_own_and_goes_with_its_value() {
    for first in databases() {
        let second = Database::create(first.kind()).unwrap();
        second.sql("CREATE TABLE patient (id INTEGER);");
        assert!(first.tables().is_empty(), "{:?}", first.kind());
        let name = second.name();
        drop(second);
        let left = match first.kind() {
            ServerKind::Sqlite => {
                assert!(!Path::new(&name).exists());
                continue;
            }
            ServerKind::Postgres => {
                first.query(&format!("SELECT datname FROM pg_database WHERE datname = '{name}'"))
            }
            ServerKind::MariaDb | ServerKind::MySql => first.query(&format!("SHOW DATABASES LIKE '{name}'")),
        };
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn schema_dumps_tell_different_schemas_apart_and_equal_ones_not() {
    let clinic = "CREATE TABLE patient (id INTEGER PRIMARY KEY, name VARCHAR(80));
                  CREATE VIEW named AS SELECT id FROM patient WHERE name IS NOT NULL;
                  CREATE INDEX patient_name ON patient (name);";
    for first in databases() {
        let second = Database::create(first.kind()).unwrap();
        first.sql(clinic);
        second.sql(clinic);
        // Rows are not part of a schema.
        second.sql("INSERT INTO patient VALUES (1, 'Ada');");
        assert_eq!(first.schema_dump(), second.schema_dump());
        assert!(first.schema_dump().contains("patient_name"), "{}", first.schema_dump());

        second.sql("ALTER TABLE patient ADD COLUMN born DATE;");
        assert_ne!(first.schema_dump(), second.schema_dump());
    }
}

#[test]
fn routines_triggers_and_events_are_in_the_dump() {
    for database in databases().into_iter().filter(|database| database.kind().is_mysql_like()) {
        database.sql(
            "CREATE TABLE visit (id INTEGER PRIMARY KEY AUTO_INCREMENT, fee INTEGER);
             INSERT INTO visit (fee) VALUES (1), (2);
             CREATE TRIGGER visit_fee BEFORE INSERT ON visit FOR EACH ROW SET NEW.fee = 3;
             CREATE PROCEDURE close_day() SELECT 1;
             CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO SELECT 2;",
        );
        let dump = database.schema_dump();
        for part in ["`visit`", "visit_fee", "PROCEDURE `close_day`", "EVENT `nightly`"] {
            assert!(dump.contains(part), "{part} is missing in\n{dump}");
        }
        assert!(!dump.contains("AUTO_INCREMENT=") && !dump.contains("STARTS"), "{dump}");
    }
}

#[test]
fn the_original_flyway_migrates_every_server() {
    if !flyway_is_here() {
        return;
    }
    for database in databases() {
        let project = Project::with(&CLINIC);
        project.flyway_config(&database, "");
        let output = project.flyway(&["migrate", "-outputType=json"]).success();
        assert_eq!(output.json()["migrationsExecuted"], 2, "{output}");

        assert_eq!(
            database.history_rows("flyway_schema_history"),
            [
                "1|1|create patients|SQL|V1__create_patients.sql|-1485487290|true",
                "2|2|first patients|SQL|V2__first_patients.sql|-842719056|true",
            ],
            "{:?}",
            database.kind()
        );
        assert_eq!(database.table_rows("patient"), "id|name\n1|Ada\n2|NULL");
    }
}

#[test]
fn the_original_flyway_takes_a_target_from_its_command_line() {
    if !flyway_is_here() {
        return;
    }
    for database in databases() {
        let project = Project::with(&CLINIC);
        let mut arguments = database.flyway_arguments();
        arguments.extend(["-locations=filesystem:sql".to_owned(), "info".to_owned()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = project.flyway(&arguments).success();
        assert!(output.stdout.contains("| Versioned | 2       | first patients  | SQL  |"), "{output}");
    }
}

#[test]
fn a_wrong_password_is_refused() {
    for database in databases() {
        let Some((user, _)) = database.login() else {
            continue;
        };
        if !flyway_is_here() {
            return;
        }
        let project = Project::with(&CLINIC);
        let url = format!("-url={}", database.jdbc_url());
        let output = project.flyway(&[&url, &format!("-user={user}"), "-password=wrong", "info"]).fails();
        assert!(output.stderr.contains(user), "{output}");
    }
}

#[test]
fn our_binary_runs_in_the_project() {
    let project = Project::new();
    let output = project.dunlin(&["--version"]);
    assert_eq!(output.status, 0, "{output}");
}
