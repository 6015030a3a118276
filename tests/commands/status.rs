//! `dunlin status`

use crate::shop::Shop;
use insta::assert_snapshot;

#[test]
fn of_an_empty_database_everything_is_pending_and_no_file_appears() {
    let shop = Shop::new();
    assert_snapshot!(shop.says(&["status"]), @"
    exit 0
    Version  Description   Kind  State    Applied at  Reversible
    1        customers     sql   pending              yes
    2        orders        sql   pending              yes
    3        order_status  sql   pending              yes

    0 applied, 3 pending
    ");
    assert!(!std::path::Path::new(&shop.database.name()).exists());
}

#[test]
fn what_is_applied_has_its_time() {
    let shop = Shop::new();
    shop.dunlin(&["up", "--steps", "2"]).success();
    assert_snapshot!(shop.says(&["status"]), @"
    exit 0
    Version  Description   Kind  State    Applied at            Reversible
    1        customers     sql   applied  2026-01-02 03:04:05Z  yes
    2        orders        sql   applied  2026-01-02 03:04:05Z  yes
    3        order_status  sql   pending                        yes

    2 applied, 1 pending
    ");
}

#[test]
fn edited_missing_and_late_migrations_have_states_of_their_own() {
    let shop = Shop::applied();
    shop.edit();
    shop.project.remove("migrations/1_customers.sql");
    shop.project.write("migrations/02.5_x.txt", "ignored");
    assert_snapshot!(shop.says(&["status"]), @"
    exit 0
    Version  Description   Kind  State    Applied at            Reversible
    1        customers     sql   missing  2026-01-02 03:04:05Z  no
    2        orders        sql   edited   2026-01-02 03:04:05Z  yes
    3        order_status  sql   applied  2026-01-02 03:04:05Z  yes

    1 applied, 0 pending, 2 drifted (see `dunlin validate`)
    ");
    let late = Shop::new();
    let held_back = late.project.read("migrations/2_orders.sql");
    late.project.remove("migrations/2_orders.sql").remove("migrations/3_order_status.sql");
    late.project.write("migrations/4_notes.sql", "-- migrate:up\nCREATE TABLE notes (id integer);\n");
    late.dunlin(&["up"]).success();
    late.project.write("migrations/2_orders.sql", held_back);
    assert_snapshot!(late.says(&["status"]), @"
    exit 0
    Version  Description  Kind  State                   Applied at            Reversible
    1        customers    sql   applied                 2026-01-02 03:04:05Z  yes
    2        orders       sql   pending (out of order)                        yes
    4        notes        sql   applied                 2026-01-02 03:04:05Z  no

    2 applied, 1 pending
    ");
}

#[test]
fn check_tells_by_the_exit_code_whether_all_is_applied() {
    let shop = Shop::new();
    shop.dunlin(&["status", "--check"]).exits(3);
    shop.dunlin(&["up"]).success();
    shop.dunlin(&["status", "--check"]).exits(0);
    shop.edit();
    shop.dunlin(&["status"]).exits(0);
    shop.dunlin(&["status", "--check"]).exits(3);
}

#[test]
fn as_json() {
    let shop = Shop::new();
    shop.dunlin(&["up", "--steps", "1"]).success();
    shop.project.remove("migrations/3_order_status.sql");
    assert_snapshot!(shop.says(&["status", "--format", "json"]), @r#"
    exit 0
    {
      "tool": "native",
      "migrations": [
        {
          "id": "1",
          "description": "customers",
          "kind": "sql",
          "state": "applied",
          "standing": "applied",
          "appliedAt": "2026-01-02 03:04:05Z",
          "path": "migrations/1_customers.sql",
          "reversible": true
        },
        {
          "id": "2",
          "description": "orders",
          "kind": "sql",
          "state": "pending",
          "standing": "pending",
          "appliedAt": null,
          "path": "migrations/2_orders.sql",
          "reversible": true
        }
      ],
      "halfDone": null
    }
    "#);
}

#[test]
fn without_migrations_it_says_where_to_begin() {
    let shop = Shop::new();
    for file in ["1_customers", "2_orders", "3_order_status"] {
        shop.project.remove(&format!("migrations/{file}.sql"));
    }
    assert_snapshot!(shop.says(&["status"]), @"
    exit 1
    -- stderr
      error: no migrations found in <project>
      help: `dunlin new <name>` writes a first migration; in another tool's project, go to the directory of its configuration
    ");
    shop.project.write("dunlin.toml", "tool = \"native\"\n");
    assert_snapshot!(shop.says(&["status"]), @"
    exit 0
    No migrations found.
    ");
}
