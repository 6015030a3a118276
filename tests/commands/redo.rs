//! `dunlin redo`

use crate::shop::Shop;
use crate::support::databases;
use insta::assert_snapshot;

#[test]
fn the_last_migration_is_taken_back_and_applied_again_as_its_file_is_now() {
    let shop = Shop::applied();
    let text = shop.project.read("migrations/3_order_status.sql").replace("varchar(20)", "varchar(30)");
    shop.project.write("migrations/3_order_status.sql", text);
    assert_snapshot!(shop.says(&["redo"]), @"
    exit 0
    Redid 3_order_status.
    -- stderr
    warning: 3_order_status was changed after it had been applied; its down is run as the file says now
    reverted 3_order_status (5 ms)
    applied 3_order_status (5 ms)
    ");
    assert!(shop.database.schema_dump().contains("status varchar(30)"));
    shop.dunlin(&["validate"]).success();
}

#[test]
fn on_every_server_the_database_is_as_before() {
    for database in databases() {
        let shop = Shop::on(database);
        shop.dunlin(&["up", "--steps", "2"]).success();
        shop.dunlin(&["up"]).success();
        let before = shop.state();
        shop.dunlin(&["redo"]).success();
        assert_eq!(shop.state(), before, "{:?}", shop.kind());
    }
}

#[test]
fn with_nothing_applied_it_says_so() {
    assert_snapshot!(Shop::new().says(&["redo"]), @"
    exit 0
    Nothing is applied that could be redone.
    ");
}

#[test]
fn what_would_stop_the_way_up_stops_the_way_down() {
    let shop = Shop::applied();
    shop.edit();
    let before = shop.state();
    assert_snapshot!(shop.says(&["redo"]), @"
    exit 5
    -- stderr
      error: the history does not fit the migration files; nothing was run
      │ - migrations/2_orders.sql: 2_orders was changed after it had been applied. Undo the change and put it into a new migration, or accept the file as it is with `dunlin repair`.
    ");
    assert_eq!(shop.state(), before);
}

#[test]
fn as_json() {
    assert_snapshot!(Shop::applied().says(&["redo", "--format", "json"]), @r#"
    exit 0
    {
      "migrations": [
        {
          "id": "3",
          "title": "3_order_status",
          "direction": "down",
          "milliseconds": 5
        },
        {
          "id": "3",
          "title": "3_order_status",
          "direction": "up",
          "milliseconds": 5
        }
      ],
      "warnings": []
    }
    "#);
}
