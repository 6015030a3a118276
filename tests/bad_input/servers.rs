//! Servers that are not there, refuse, or hold something else.

use insta::assert_snapshot;

use crate::clinic::{CUSTOMERS, Clinic};
use crate::support::{Database, Project, ServerKind};

#[test]
fn a_server_that_is_not_there() {
    let clinic = Clinic::new();
    let said = ["postgres", "mysql", "mariadb"].map(|scheme| {
        let url = format!("{scheme}://clinic:s3cret@127.0.0.1:1/clinic");
        clinic.shown(&clinic.project.dunlin(&["up", "--url", &url]).exits(1))
    });
    assert_snapshot!(said.join("\n"), @"
    exit 1
      error: cannot connect to PostgreSQL at 127.0.0.1:1: error connecting to server: Connection refused (os error 111)
      help: check that the server runs there, host and port, and that no firewall is between

    exit 1
      error: cannot connect to MySQL at 127.0.0.1:1: Could not connect to address `127.0.0.1:1': Connection refused (os error 111)
      help: check that the server runs there, host and port, and that no firewall is between

    exit 1
      error: cannot connect to MySQL at 127.0.0.1:1: Could not connect to address `127.0.0.1:1': Connection refused (os error 111)
      help: check that the server runs there, host and port, and that no firewall is between
    ");
}

#[test]
fn a_two_phase_commit_is_refused_before_anything_runs() {
    for (kind, statement) in [
        (ServerKind::Postgres, "PREPARE TRANSACTION 'visits'"),
        (ServerKind::Postgres, "COMMIT PREPARED 'visits'"),
        (ServerKind::MariaDb, "XA START 'visits'"),
        (ServerKind::MySql, "XA COMMIT 'visits' ONE PHASE"),
    ] {
        let Some(database) = Database::create(kind) else { continue };
        let script = format!("CREATE TABLE visits (id integer);\n{statement};\n");
        let native =
            Project::with(&[CUSTOMERS, ("migrations/2_visits.sql", &format!("-- migrate:up\n{script}"))]);
        let said = native.dunlin(&["up", "--url", &database.url()]).exits(1).stderr;
        assert!(said.contains("2_visits.sql:3") && said.contains("two-phase commit"), "{statement}: {said}");
        let flyway = Project::with(&[("sql/V1__visits.sql", &script)]);
        let mut arguments = vec!["flyway".to_owned(), "-locations=filesystem:sql".to_owned()];
        arguments.extend(database.flyway_arguments());
        arguments.push("migrate".to_owned());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = flyway.dunlin(&arguments).exits(1).stderr;
        assert!(said.contains("V1__visits.sql") && said.contains("two-phase commit"), "{statement}: {said}");
        assert!(database.tables().is_empty(), "{statement}: {:?}", database.tables());
    }
}

/// `refused` on each server that is there; the texts differ from version to version.
fn on_servers(refused: impl Fn(&Database) -> (String, &'static str)) {
    for kind in [ServerKind::Postgres, ServerKind::MariaDb, ServerKind::MySql] {
        let Some(database) = Database::create(kind) else { continue };
        let (url, code) = refused(&database);
        let project = Project::with(&[CUSTOMERS]);
        let output = project.dunlin(&["up", "--url", &url]).exits(1);
        assert!(output.stderr.contains("error: ") && output.stderr.contains("help: "), "{output}");
        assert!(!output.stderr.contains("s3cret"), "{output}");
        let output = project.dunlin(&["status", "--format", "json", "--url", &url]).exits(1);
        assert_eq!(output.json()["error"]["code"], code, "{output}");
    }
}

#[test]
fn a_wrong_password() {
    on_servers(|database| (database.url_with_password("s3cret"), "AUTHENTICATION"));
}

#[test]
fn a_database_that_is_not_there() {
    on_servers(|database| (database.url().replace(&database.name(), "nowhere_at_all"), "CONFIGURATION"));
}

#[test]
fn a_history_that_somebody_else_made() {
    let clinic = Clinic::new();
    clinic.database.sql("DROP TABLE dunlin_migrations; CREATE TABLE dunlin_migrations (id integer);");
    assert_snapshot!(clinic.refuses(&["status"]), @r#"
    exit 1
      error: reading the history "main"."dunlin_migrations": no such column: version
      help: There is a table of that name, but it is no history. `dunlin doctor` shows which database is used.
    "#);
    assert_snapshot!(clinic.refuses(&["up"]), @r#"
    exit 1
      error: reading the history "main"."dunlin_migrations": no such column: version
      help: There is a table of that name, but it is no history. `dunlin doctor` shows which database is used.
    "#);
}
