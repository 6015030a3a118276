//! `dunlin repair`

use crate::shop::Shop;
use crate::support::databases;
use insta::assert_snapshot;

#[test]
fn edited_renamed_and_missing_files_are_taken_as_they_are() {
    let shop = Shop::applied();
    shop.edit();
    shop.project.remove("migrations/1_customers.sql");
    let renamed = shop.project.read("migrations/3_order_status.sql");
    shop.project.remove("migrations/3_order_status.sql").write("migrations/3_status_of_orders.sql", renamed);
    assert_snapshot!(shop.says(&["repair"]), @"
    exit 0
    The history fits the files again.
    -- stderr
    Forgetting 1_customers, whose file is gone
    Accepting 2_orders as the file is now
    Renaming 3_order_status to 3_status_of_orders
    ");
    assert_snapshot!(shop.says(&["repair"]), @"
    exit 0
    The history fits the files; nothing to repair.
    ");
    shop.dunlin(&["validate"]).success();
    assert_eq!(shop.history(), ["2", "3"]);
}

#[test]
fn on_every_server_it_makes_validate_content() {
    for database in databases() {
        let shop = Shop::on(database);
        shop.dunlin(&["up"]).success();
        shop.edit();
        shop.dunlin(&["validate"]).exits(5);
        shop.dunlin(&["repair"]).success();
        shop.dunlin(&["validate"]).success();
    }
}

#[test]
fn as_json() {
    let shop = Shop::applied();
    shop.edit();
    assert_snapshot!(shop.says(&["repair", "--format", "json"]), @r#"
    exit 0
    {
      "repaired": [
        "Accepting 2_orders as the file is now"
      ],
      "warnings": []
    }
    "#);
}
