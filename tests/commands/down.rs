//! `dunlin down`

use crate::shop::Shop;
use crate::support::databases;
use insta::assert_snapshot;

#[test]
fn alone_it_reverts_the_last_migration() {
    let shop = Shop::applied();
    assert_snapshot!(shop.says(&["down"]), @"
    exit 0
    Reverted 1 migration.
    -- stderr
    reverted 3_order_status (5 ms)
    ");
    assert_eq!(shop.history(), ["1", "2"]);
}

#[test]
fn on_every_server_down_to_0_leaves_the_history_alone() {
    for database in databases() {
        let shop = Shop::on(database);
        shop.dunlin(&["up"]).success();
        shop.dunlin(&["down", "--steps", "1"]).success();
        assert_eq!(shop.history(), ["1", "2"], "{:?}", shop.kind());
        shop.dunlin(&["down", "--to", "1"]).success();
        assert_eq!(shop.history(), ["1"], "{:?}", shop.kind());
        shop.dunlin(&["down", "--to", "0"]).success();
        assert_eq!(shop.database.tables(), ["dunlin_migrations"], "{:?}", shop.kind());
        assert!(shop.history().is_empty());
    }
}

#[test]
fn with_nothing_applied_it_says_so() {
    assert_snapshot!(Shop::new().says(&["down"]), @"
    exit 0
    Nothing is applied that could be taken back.
    ");
}

#[test]
fn what_has_no_down_is_refused() {
    let shop = Shop::new();
    shop.project.write("migrations/2_orders.sql", "-- migrate:up\nCREATE TABLE orders (id integer);\n");
    shop.dunlin(&["up"]).success();
    let before = shop.state();
    assert_snapshot!(shop.says(&["down", "--to", "0"]), @"
    exit 1
    -- stderr
      error: 2_orders cannot be reverted: it has no `-- migrate:down`; nothing was run
       ╭─[migrations/2_orders.sql:1:1]
     1 │ -- migrate:up
       · ──────┬──────
       ·       ╰── here
     2 │ CREATE TABLE orders (id integer);
       ╰────
      help: Write what reverts it under `-- migrate:down`; a comment there says that nothing needs to be done.
    ");
    assert_eq!(shop.state(), before);
}

#[test]
fn an_edited_migration_is_reverted_as_its_file_says_now() {
    let shop = Shop::applied();
    shop.edit();
    assert_snapshot!(shop.says(&["down", "--steps", "2"]), @"
    exit 0
    Reverted 2 migrations.
    -- stderr
    warning: 2_orders was changed after it had been applied; its down is run as the file says now
    reverted 3_order_status (5 ms)
    reverted 2_orders (5 ms)
    ");
    assert_eq!(shop.history(), ["1"]);
}

#[test]
fn as_json() {
    assert_snapshot!(Shop::applied().says(&["down", "--format", "json"]), @r#"
    exit 0
    {
      "migrations": [
        {
          "id": "3",
          "title": "3_order_status",
          "direction": "down",
          "milliseconds": 5
        }
      ],
      "warnings": []
    }
    "#);
}
