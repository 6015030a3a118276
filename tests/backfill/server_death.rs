//! The server is killed under a backfill and started again: what was committed counts, and the next run does the rest.

use std::thread;
use std::time::Duration;

use super::process::{Process, dunlin, wait_until};
use super::shop::{self, COUNT_UP, assert_each_touched_once};
use super::support::{Database, PrivateServer, Project, ServerKind};

const ROWS: u64 = 16_000;

fn in_the_middle(database: &Database, more_than: u64) {
    wait_until(
        database,
        &format!("SELECT count(*) FROM orders WHERE touched = 1 HAVING count(*) > {more_than}"),
    );
}

fn survives(kind: ServerKind) {
    let Some(mut server) = PrivateServer::start_durable(kind) else { return };
    let database = server.database();
    shop::orders(&database, ROWS);
    let migration = format!(
        "-- migrate:up\nALTER TABLE orders ADD COLUMN note varchar(10);\n-- migrate:batch table=orders size=100 workers=2 rate=2500\n\
         {COUNT_UP};\n-- migrate:up\nUPDATE orders SET note = 'done' WHERE id = 1;\n"
    );
    let project = Project::with(&[("migrations/1_count.sql", &migration)]);

    // The session that holds the locks dies, too, so the run ends with it.
    let first = Process::start(&project, &database, &["up"]);
    in_the_middle(&database, 0);
    server.kill();
    let ended = first.end();
    assert!(!ended.success && !ended.stderr.contains("panicked"), "{kind:?}\n{}", ended.stderr);
    server.restart();
    let before: u64 = database.query("SELECT sum(touched) FROM orders")[0][0].parse().unwrap();
    assert!(before > 0 && before < ROWS, "{kind:?}: {before} rows were done before it died");

    // And again, while two processes make up for the rest, of which one is killed, too.
    let second = Process::start(&project, &database, &["up"]);
    in_the_middle(&database, before);
    let helper = Process::start(&project, &database, &["backfill", "run", "1_count/1"]);
    thread::sleep(Duration::from_millis(300));
    server.kill();
    helper.kill();
    assert!(!second.end().success);
    server.restart();
    dunlin(&project, &database, &["up"]).success();
    assert_each_touched_once(&database, "orders", ROWS);
    assert_eq!(database.query("SELECT count(*) FROM orders WHERE note = 'done'"), [["1"]]);
    assert_eq!(database.query("SELECT version FROM dunlin_migrations"), [["1"]]);
    assert!(shop::tables_left(&database).is_empty(), "{:?}", shop::tables_left(&database));
}

#[test]
fn a_backfill_survives_the_death_of_a_postgres() {
    survives(ServerKind::Postgres);
}

#[test]
fn a_backfill_survives_the_death_of_a_mariadb() {
    survives(ServerKind::MariaDb);
}

/// Without a migration no session is held, so one process goes on with new sessions as soon as the server is back.
#[test]
fn workers_wait_for_a_server_that_comes_back() {
    let Some(mut server) = PrivateServer::start_durable(ServerKind::Postgres) else { return };
    let database = server.database();
    shop::orders(&database, ROWS);
    let project = Project::new();
    let arguments = shop::count(&["--size", "100", "--rate", "2500"]);
    let mut process = Process::start(&project, &database, &arguments);
    in_the_middle(&database, 0);
    server.kill();
    process.wait_for("the connection was lost");
    server.restart();
    process.succeed();
    assert_each_touched_once(&database, "orders", ROWS);
}
