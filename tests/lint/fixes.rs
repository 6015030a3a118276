//! `--fix`: what is written passes the rules and does the same.

use super::support::{Database, databases};
use super::{found, shop};

#[test]
fn an_update_of_many_rows_is_written_in_batches() {
    for database in databases() {
        let project = shop(
            "-- migrate:up\n-- For the report of the year.\nALTER TABLE orders ADD COLUMN year integer;\nUPDATE orders SET year = 2024 WHERE status = 'new';\nCREATE VIEW recent AS SELECT id FROM orders;\n\n-- migrate:down\nDROP VIEW recent;\nALTER TABLE orders DROP COLUMN year;\n",
        );
        let url = database.url();
        project.dunlin(&["up", "--steps", "1", "--url", &url]).success();
        database.sql("INSERT INTO orders (id, status) VALUES (1, 'new'), (2, 'old'), (3, 'new')");
        project.dunlin(&["lint", "--fix", "--url", &url]).success();
        // On MySQL and MariaDB it also says how the columns are to be changed.
        let written = project.read("migrations/2_change.sql").replace(", ALGORITHM=INSTANT", "");
        assert_eq!(
            written,
            "-- migrate:up\n-- For the report of the year.\nALTER TABLE orders ADD COLUMN year integer;\n\n-- migrate:batch \
             table=orders key=id\nUPDATE orders SET year = 2024 WHERE id BETWEEN :from AND :to AND (status = 'new');\n\n-- \
             migrate:up\nCREATE VIEW recent AS SELECT id FROM orders;\n\n-- migrate:down\nDROP VIEW recent;\nALTER TABLE orders DROP \
             COLUMN year;\n",
            "{:?}",
            database.kind()
        );
        let again = project.dunlin(&["lint", "--format", "json", "--url", &url]);
        assert!(!found(&again).iter().any(|found| found.starts_with("rows-changed")), "{}", again.stdout);
        project.dunlin(&["up", "--url", &url]).success();
        assert_eq!(
            database.query("SELECT id FROM orders WHERE year = 2024 ORDER BY id"),
            [["1"], ["3"]],
            "{:?}",
            database.kind()
        );
    }
}

#[test]
fn files_of_applied_migrations_are_not_touched() {
    let database = Database::sqlite();
    let second = "-- migrate:up\nUPDATE orders SET note = 'x';\n\n-- migrate:down\n-- Nothing.\n";
    let project = shop(second);
    let url = database.url();
    project.dunlin(&["up", "--url", &url]).success();
    database.sql("INSERT INTO orders (id, status) VALUES (1, 'new')");
    project.dunlin(&["lint", "--fix", "--url", &url]).success();
    assert_eq!(project.read("migrations/2_change.sql"), second);
}
