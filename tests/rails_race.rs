//! Many processes start `dunlin rails db:migrate` at once, on a database where nothing is yet: every migration runs once, and
//! nobody fails. Rails itself fails in such a race: whoever does not get the lock at once gives up.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{Database, Need, RailsAdapter, RailsStage, ServerKind, at_once, needs, rails_is_here};

const PROCESSES: usize = 10;

fn orders(kind: ServerKind) -> Option<RailsStage> {
    RailsStage::of("rails/orders", RailsAdapter::of(kind), "7.2")
}

fn assert_each_ran_once(database: &Database) {
    let entries = database.query("SELECT entry FROM ledger ORDER BY entry").concat();
    assert_eq!(entries, ["first orders", "orders", "status"], "{:?}", database.kind());
    assert_eq!(database.query("SELECT count(*) FROM orders"), [["2"]]);
    assert_eq!(database.query("SELECT version FROM schema_migrations ORDER BY 1").concat(), ["1", "2", "3"]);
    let metadata = database.query("SELECT value FROM ar_internal_metadata");
    assert_eq!(metadata, [["development"]], "{:?}", database.kind());
    assert!(!database.tables().contains(&"dunlin_journal".to_owned()));
}

#[test]
fn rails_itself_runs_the_orders() {
    if !needs(&[Need::Ruby]) {
        return;
    }
    for kind in support::servers() {
        let stage = orders(kind).expect("the server is there");
        stage.rails(&["db:migrate"]).success();
        assert_each_ran_once(&stage.database);
        stage.rails(&["db:migrate", "VERSION=0"]).success();
        assert_eq!(stage.database.tables(), ["ar_internal_metadata", "schema_migrations"]);
    }
}

fn races(kind: ServerKind, carrier: &str) {
    if !rails_is_here(carrier) {
        return;
    }
    let Some(stage) = orders(kind) else { return };
    let outputs = at_once(PROCESSES, |number| {
        // Both commands know the same lock.
        let arguments: &[&str] = if number.is_multiple_of(2) { &["rails", "db:migrate"] } else { &["up"] };
        stage.dunlin_with(carrier, arguments, |_| {})
    });
    for output in outputs {
        output.success();
    }
    assert_each_ran_once(&stage.database);
    let again = stage.rails(&["db:abort_if_pending_migrations"]).success();
    assert_eq!(again.stdout, "", "{again}");
    assert!(stage.project.read("db/schema.rb").contains("define(version: 3)"));
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

/// Rails that come between fail as they do beside each other, by the lock that is one for both; nothing runs twice.
#[test]
fn rails_that_run_beside_are_kept_out() {
    if !rails_is_here("sandbox") {
        return;
    }
    // SQLite has no such lock, and Rails no other.
    for kind in support::servers().into_iter().filter(|kind| *kind != ServerKind::Sqlite) {
        let stage = orders(kind).expect("the server is there");
        // Whoever makes the tables first is another question.
        stage.dunlin("sandbox", &["db:migrate:up", "VERSION=1"]).success();
        let mut ours = at_once(6, |number| match number {
            0..3 => stage.dunlin("sandbox", &["db:migrate"]),
            _ => stage.rails(&["db:migrate"]),
        });
        for output in ours.split_off(3).iter().filter(|output| output.status != 0) {
            assert!(output.stderr.contains("ActiveRecord::ConcurrentMigrationError"), "{output}");
        }
        for output in ours {
            output.success();
        }
        assert_each_ran_once(&stage.database);
    }
}
