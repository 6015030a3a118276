//! `dunlin validate`

use crate::shop::Shop;
use insta::assert_snapshot;

#[test]
fn a_history_that_fits_is_said_to_fit() {
    assert_snapshot!(Shop::applied().says(&["validate"]), @"
    exit 0
    The history fits the files.
    ");
    assert_snapshot!(Shop::new().says(&["validate", "--format", "json"]), @r#"
    exit 0
    {
      "problems": []
    }
    "#);
}

#[test]
fn edited_and_missing_files_are_found() {
    let shop = Shop::applied();
    shop.edit();
    shop.project.remove("migrations/1_customers.sql");
    assert_snapshot!(shop.says(&["validate"]), @"
    exit 5
    MISSING_FILE: 1_customers has been applied, but its file is gone. Bring the file back, or forget the migration with `dunlin repair`, which leaves what it did to the database.
    CHECKSUM_MISMATCH: migrations/2_orders.sql: 2_orders was changed after it had been applied. Undo the change and put it into a new migration, or accept the file as it is with `dunlin repair`.
    ");
    assert_snapshot!(shop.says(&["validate", "--format", "json"]), @r#"
    exit 5
    {
      "problems": [
        {
          "code": "MISSING_FILE",
          "message": "1_customers has been applied, but its file is gone. Bring the file back, or forget the migration with `dunlin repair`, which leaves what it did to the database.",
          "path": null
        },
        {
          "code": "CHECKSUM_MISMATCH",
          "message": "migrations/2_orders.sql: 2_orders was changed after it had been applied. Undo the change and put it into a new migration, or accept the file as it is with `dunlin repair`.",
          "path": "migrations/2_orders.sql"
        }
      ]
    }
    "#);
}
