//! What people see.

use insta::assert_snapshot;

use crate::support::{Database, Project};

#[test]
fn findings_stand_under_their_migration() {
    let database = Database::sqlite();
    let project = Project::with(&[
        (
            "migrations/1_orders.sql",
            "-- migrate:up\nCREATE TABLE orders (id integer PRIMARY KEY, note text);\nINSERT INTO orders VALUES (1, 'a');\nCREATE INDEX orders_note ON orders (note);\n-- migrate:down\nDROP TABLE orders;\n",
        ),
        (
            "migrations/2_note.sql",
            "-- migrate:up\nDROP INDEX orders_note;\nALTER TABLE orders DROP COLUMN note;\n-- migrate:down\nALTER TABLE orders ADD COLUMN note text;\n",
        ),
        ("migrations/3_view.sql", "-- migrate:up\nCREATE VIEW numbers AS SELECT id FROM orders;\n"),
    ]);
    let output = project.dunlin(&["verify", "--url", &database.url()]).exits(5);
    assert_snapshot!(output.stdout, @"
    ok 1_orders
    !! 2_note (migrations/2_note.sql)
       its down gives back neither the schema nor the rows that were there before
         ~ table orders
           - index orders_note: create index orders_note on orders(note)
         ~ rows of orders: values of note are not the same
       after its down it cannot be applied again: no such index: orders_note
    !! 3_view (migrations/3_view.sql)
       it has no down: 3_view cannot be reverted: it has no `-- migrate:down`
    Verified 3 migrations; something is wrong with 2.
    ");
    assert_eq!(output.stderr, "verifying 1_orders\nverifying 2_note\nverifying 3_view\n");
    project.dunlin(&["up", "--url", &database.url()]).success();
    assert_eq!(
        project.dunlin(&["verify", "--url", &database.url()]).success().stdout,
        "Nothing is pending.\n"
    );
}
