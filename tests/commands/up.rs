//! `dunlin up`

use std::process::Stdio;

use crate::shop::Shop;
use crate::support::{Database, ServerKind, databases};
use insta::assert_snapshot;

#[test]
fn it_says_what_it_did_and_then_that_nothing_is_pending() {
    let shop = Shop::new();
    assert_snapshot!(shop.says(&["up"]), @r#"
    exit 0
    Applied 3 migrations.
    -- stderr
    Creating history table "main"."dunlin_migrations"
    applied 1_customers (5 ms)
    applied 2_orders (5 ms)
    applied 3_order_status (5 ms)
    "#);
    assert_snapshot!(shop.says(&["up"]), @"
    exit 0
    Nothing is pending.
    ");
}

#[test]
fn on_every_server_each_migration_is_applied_once_and_recorded() {
    for database in databases() {
        let shop = Shop::on(database);
        shop.dunlin(&["up", "--steps", "1"]).success();
        assert_eq!(shop.history(), ["1"], "{:?}", shop.kind());
        shop.dunlin(&["up"]).success();
        assert_eq!(shop.history(), ["1", "2", "3"], "{:?}", shop.kind());
        assert_eq!(shop.database.tables(), ["customers", "dunlin_migrations", "orders"]);
        assert_eq!(shop.database.table_rows("customers"), "id|name\n1|Ada; -- Okafor\n2|Bruno");
    }
}

#[test]
fn to_stops_behind_a_version_or_whole_name() {
    let shop = Shop::new();
    shop.dunlin(&["up", "--to", "1_customers"]).success();
    assert_eq!(shop.history(), ["1"]);
    shop.dunlin(&["up", "--to", "2"]).success();
    assert_eq!(shop.history(), ["1", "2"]);
    assert_snapshot!(shop.says(&["up", "--to", "2"]), @"
    exit 0
    Nothing is pending.
    -- stderr
    warning: 2_orders is applied; nothing up to it is pending
    ");
}

#[test]
fn as_json() {
    let shop = Shop::new();
    assert_snapshot!(shop.says(&["up", "--steps", "2", "--format", "json"]), @r#"
    exit 0
    {
      "migrations": [
        {
          "id": "1",
          "title": "1_customers",
          "direction": "up",
          "milliseconds": 5
        },
        {
          "id": "2",
          "title": "2_orders",
          "direction": "up",
          "milliseconds": 5
        }
      ],
      "warnings": []
    }
    "#);
}

#[test]
fn a_failed_migration_is_shown_at_its_statement_and_leaves_nothing() {
    let shop = Shop::new();
    shop.project.write(
        "migrations/2_orders.sql",
        "-- migrate:up\nCREATE TABLE orders (id integer);\nINSERT INTO ordres VALUES (1);\n",
    );
    assert_snapshot!(shop.says(&["up"]), @r#"
    exit 1
    -- stderr
    Creating history table "main"."dunlin_migrations"
    applied 1_customers (5 ms)
    2_orders failed and was rolled back
      error: 2_orders failed: no such table: ordres [1]
       ╭─[migrations/2_orders.sql:3:1]
     2 │ CREATE TABLE orders (id integer);
     3 │ INSERT INTO ordres VALUES (1);
       · ──────────────┬──────────────
       ·               ╰── here
       ╰────
      help: Everything of it was rolled back.
    "#);
    assert_eq!(shop.history(), ["1"]);
    assert_eq!(shop.database.tables(), ["customers", "dunlin_migrations"]);
}

#[test]
fn a_failure_as_json_is_one_document_on_standard_output() {
    let shop = Shop::new();
    shop.project.write("migrations/1_customers.sql", "-- migrate:up\nCREATE TABLE customers;\n");
    assert_snapshot!(shop.says(&["up", "--format", "json"]), @r#"
    exit 1
    {
      "error": {
        "code": "STATEMENT",
        "message": "1_customers failed: incomplete input [1]",
        "path": "migrations/1_customers.sql",
        "line": 2,
        "serverCode": "1",
        "help": "Everything of it was rolled back.",
        "problems": []
      }
    }
    -- stderr
    warning: the safety rules have 1 warning; `dunlin lint` shows them
    "#);
}

#[test]
fn an_edited_file_stops_it_before_anything_runs() {
    let shop = Shop::new();
    shop.dunlin(&["up", "--steps", "2"]).success();
    shop.edit();
    let before = shop.state();
    assert_snapshot!(shop.says(&["up"]), @"
    exit 5
    -- stderr
      error: the history does not fit the migration files; nothing was run
      │ - migrations/2_orders.sql: 2_orders was changed after it had been applied. Undo the change and put it into a new migration, or accept the file as it is with `dunlin repair`.
    ");
    assert_eq!(shop.state(), before);
}

#[test]
fn a_run_that_finds_another_one_waits_no_longer_than_told() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let shop = Shop::on(database);
    shop.project.write("migrations/4_wait.sql", "-- migrate:up\nSELECT pg_sleep(60);\n");
    let mut command = shop.project.dunlin_command(&["up"]);
    command.env("DATABASE_URL", shop.database.url()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut other = command.spawn().unwrap();
    let held = || shop.dunlin(&["doctor"]).stdout.contains("held by");
    let attempts = (0..200).take_while(|_| !held()).count();
    let output = shop.dunlin(&["up", "--lock-wait", "0s"]);
    let as_json = shop.dunlin(&["up", "--lock-wait", "0s", "--format", "json"]);
    let _ = other.kill();
    let _ = other.wait();
    assert!(attempts < 200, "the other run did not take the lock");
    let output = output.exits(4);
    assert!(output.stderr.contains("held by") && output.stderr.contains("--lock-wait"), "{output}");
    assert_eq!(as_json.exits(4).json()["error"]["code"], "LOCK");
}

#[test]
fn where_ddl_is_not_transactional_it_continues_behind_what_ran() {
    for kind in [ServerKind::MariaDb, ServerKind::MySql] {
        let Some(database) = Database::create(kind) else { continue };
        let shop = Shop::on(database);
        shop.dunlin(&["up"]).success();
        let broken =
            "-- migrate:up\nCREATE TABLE notes (id integer);\nALTER TABLE nots ADD COLUMN note text;\n";
        shop.project.write("migrations/4_notes.sql", broken);
        let output = shop.dunlin(&["up"]).exits(1);
        assert!(output.stderr.contains("1 of its 2 statements ran before and stay."), "{output}");
        let status = shop.dunlin(&["status"]).success();
        assert!(status.stdout.contains("4 (up) is half done: 1 statement ran."), "{status}");
        assert_eq!(shop.dunlin(&["status", "--format", "json"]).json()["halfDone"], "4");
        shop.dunlin(&["doctor"]).exits(5);
        shop.project.write("migrations/4_notes.sql", broken.replace("nots", "notes"));
        let plan = shop.dunlin(&["plan"]).success();
        assert!(
            !plan.stdout.contains("CREATE TABLE notes") && plan.stdout.contains("ALTER TABLE notes"),
            "{plan}"
        );
        assert!(plan.stderr.contains("1 of its statements ran and are not run again"), "{plan}");
        shop.dunlin(&["up"]).success();
        shop.dunlin(&["status", "--check"]).success();
    }
}
