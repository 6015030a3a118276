//! Many processes start `dunlin knex migrate:latest` at once, on a database where nothing is yet: every migration runs once,
//! nobody fails, and there is one lock row. Knex itself fails in such a race, or leaves two lock rows, with which it never
//! runs again.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use support::{Database, Need, Output, Project, ServerKind, at_once, copy_folder, needs};

const PROCESSES: usize = 16;

fn shop() -> Project {
    let project = Project::new();
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/knex_race"), &project.path());
    project.use_node_modules();
    project
}

fn variables(database: &Database) -> [(&'static str, String); 2] {
    let (client, connection) = database.knex_connection();
    [("LIBRARY_CLIENT", client.to_owned()), ("LIBRARY_CONNECTION", connection)]
}

fn knex(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    project.knex_with(arguments, |command| {
        command.envs(variables(database));
    })
}

fn dunlin(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    project.dunlin_with(arguments, |command| {
        command.envs(variables(database));
    })
}

fn assert_each_ran_once(database: &Database) {
    let entries = database.query("SELECT entry FROM ledger ORDER BY entry").concat();
    assert_eq!(entries, ["first orders", "orders", "status"], "{:?}", database.kind());
    assert_eq!(database.query("SELECT count(*) FROM orders"), [["2"]]);
    let history = database.query("SELECT name, batch FROM knex_migrations ORDER BY id");
    assert_eq!(history, [["1_orders.js", "1"], ["2_first_orders.js", "1"], ["3_status.js", "1"]]);
    assert_eq!(database.query("SELECT is_locked FROM knex_migrations_lock"), [["0"]]);
    assert!(!database.tables().contains(&"dunlin_journal".to_owned()));
}

#[test]
fn knex_itself_runs_the_shop() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for database in support::databases() {
        let project = shop();
        knex(&project, &database, &["migrate:latest"]).success();
        assert_each_ran_once(&database);
        knex(&project, &database, &["migrate:rollback"]).success();
        assert_eq!(database.tables(), ["knex_migrations", "knex_migrations_lock"]);
    }
}

fn races(kind: ServerKind, carrier: &str) {
    if !needs(&[Need::Knex]) {
        return;
    }
    for _ in 0..2 {
        let Some(database) = Database::create(kind) else { return };
        let project = shop();
        project.write("dunlin.toml", format!("carrier = \"{carrier}\"\n"));
        let outputs = at_once(PROCESSES, |number| {
            // Both commands know the same lock.
            let arguments: &[&str] =
                if number.is_multiple_of(2) { &["knex", "migrate:latest"] } else { &["up"] };
            dunlin(&project, &database, arguments)
        });
        for output in outputs {
            output.success();
        }
        assert_each_ran_once(&database);
        let again = knex(&project, &database, &["migrate:latest"]).success();
        assert!(again.stdout.contains("Already up to date"), "{again}");
    }
}

#[test]
fn every_migration_runs_once_on_sqlite_where_the_file_does_not_exist_yet() {
    races(ServerKind::Sqlite, "sandbox");
}

#[test]
fn every_migration_runs_once_on_postgres_with_an_index_built_concurrently() {
    races(ServerKind::Postgres, "sandbox");
}

#[test]
fn every_migration_runs_once_on_mariadb() {
    races(ServerKind::MariaDb, "sandbox");
}

#[test]
fn every_migration_runs_once_on_mysql() {
    races(ServerKind::MySql, "sandbox");
}

#[test]
fn every_migration_runs_once_by_the_host_carrier() {
    races(ServerKind::Postgres, "host");
}

/// Knexes that come between fail as they do beside each other, by their lock; nothing runs twice.
#[test]
fn knexes_that_run_beside_are_kept_out() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for database in support::databases() {
        let project = shop();
        project.write("dunlin.toml", "carrier = \"sandbox\"\n");
        // With one outside of the transaction, Knex does not look again what was done while it waited for the lock, and runs
        // it twice.
        let status = project.read("migrations/3_status.js");
        let status = status.replace("exports.config", "exports.unused").replace("'concurrently'", "''");
        project.write("migrations/3_status.js", status);
        // Whoever makes the tables first is another question.
        dunlin(&project, &database, &["knex", "migrate:up"]).success();
        let mut ours = at_once(7, |number| match number {
            0..4 => dunlin(&project, &database, &["knex", "migrate:latest"]),
            _ => knex(&project, &database, &["migrate:latest"]),
        });
        let theirs = ours.split_off(4);
        for output in ours {
            output.success();
        }
        for output in theirs.iter().filter(|output| output.status != 0) {
            let said = format!("{}{}", output.stdout, output.stderr);
            assert!(said.contains("already locked") || said.contains("SQLITE_BUSY"), "{output}");
        }
        let entries = database.query("SELECT entry FROM ledger ORDER BY entry").concat();
        assert_eq!(entries, ["first orders", "orders", "status"], "{:?}", database.kind());
        assert_eq!(database.query("SELECT is_locked FROM knex_migrations_lock"), [["0"]]);
    }
}
