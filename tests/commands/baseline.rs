//! `dunlin baseline`

use crate::shop::Shop;
use crate::support::databases;
use insta::assert_snapshot;

#[test]
fn migrations_up_to_it_count_as_applied() {
    let shop = Shop::new();
    shop.database.sql("CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL);");
    assert_snapshot!(shop.says(&["baseline", "2"]), @r#"
    exit 0
    The history starts at 2.
    -- stderr
    Creating history table "main"."dunlin_migrations"
    Starting the history at baseline 2
    "#);
    assert_snapshot!(shop.says(&["baseline", "2"]), @"
    exit 0
    Nothing to do.
    -- stderr
    warning: the history already begins at baseline 2
    ");
    assert_snapshot!(shop.says(&["status"]), @"
    exit 0
    Version  Description   Kind      State           Applied at            Reversible
    1        customers     sql       below baseline                        yes
    2        orders        baseline  baseline        2026-01-02 03:04:05Z  no
    3        order_status  sql       pending                               yes

    1 applied, 1 pending
    ");
    assert_snapshot!(shop.says(&["up"]), @"
    exit 0
    Applied 1 migration.
    -- stderr
    applied 3_order_status (5 ms)
    ");
    assert_snapshot!(shop.says(&["down", "--to", "0"]), @"
    exit 0
    Reverted 1 migration.
    -- stderr
    warning: what was there at baseline 2 stays
    reverted 3_order_status (5 ms)
    ");
}

#[test]
fn on_every_server_only_what_follows_it_runs() {
    for database in databases() {
        let shop = Shop::on(database);
        shop.database.sql("CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL);");
        shop.dunlin(&["baseline", "2"]).success();
        shop.dunlin(&["up"]).success();
        assert_eq!(shop.history(), ["2", "3"], "{:?}", shop.kind());
        assert_eq!(shop.database.tables(), ["dunlin_migrations", "orders"], "{:?}", shop.kind());
    }
}

#[test]
fn a_history_with_rows_cannot_begin_anew() {
    assert_snapshot!(Shop::applied().says(&["baseline", "2"]), @"
    exit 1
    -- stderr
      error: cannot set a baseline: dunlin_migrations already has rows
      help: A baseline begins a history; `dunlin status` shows the one there is.
    ");
}

#[test]
fn it_needs_a_version() {
    assert_snapshot!(Shop::new().says(&["baseline"]), @"
    exit 2
    -- stderr
      error: baseline needs a version
      help: Give the version of the last migration whose changes the database already has: `dunlin baseline 20240102`.
    ");
    assert_snapshot!(Shop::new().says(&["baseline", "soon"]), @"
    exit 2
    -- stderr
      error: `soon` cannot be a baseline: a version is a number above 0
      help: Give the digits that a file's name begins with: `dunlin baseline 20240102`.
    ");
}

#[test]
fn as_json() {
    assert_snapshot!(Shop::new().says(&["baseline", "7", "--format", "json"]), @r#"
    exit 0
    {
      "baseline": "7",
      "created": true,
      "warnings": [
        "no migration file has version 7"
      ]
    }
    -- stderr
    warning: no migration file has version 7
    "#);
}
