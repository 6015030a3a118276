//! `dunlin new --rename` and `--change-type`: old code and new code at work on one table at the same time.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Database, Output, Project, ServerKind};

/// The servers on which old and new code can meet.
fn databases() -> Vec<Database> {
    let kinds = [ServerKind::Postgres, ServerKind::MariaDb, ServerKind::MySql];
    kinds.into_iter().filter_map(Database::create).collect()
}

fn dunlin(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    let url = database.url();
    let all: Vec<&str> = ["--url", &url].into_iter().chain(arguments.iter().copied()).collect();
    project.dunlin(&all)
}

/// Writes the two migrations as 2 and 3, behind the one that makes the table.
fn project(database: &Database, table: &str, new: &str, value: &str) -> Project {
    let project = Project::new();
    project.write(
        "migrations/1_shop.sql",
        format!("-- migrate:up\n{table}\n-- migrate:down\nDROP TABLE orders;\n"),
    );
    dunlin(&project, database, &["up"]).success();
    let told = dunlin(&project, database, &["new", new, value]).success();
    assert!(
        told.stdout.contains("migrations/2_expand") && told.stdout.contains("migrations/3_contract"),
        "{told}"
    );
    project
}

fn expand(project: &Project, database: &Database) {
    dunlin(project, database, &["up", "--steps", "1"]).success();
}

const ORDERS: &str = "CREATE TABLE orders (id integer NOT NULL PRIMARY KEY, state varchar(20) NOT NULL DEFAULT 'open', amount integer);
INSERT INTO orders (id, state, amount) VALUES (1, 'open', 10), (2, 'paid', 20), (3, 'sent', NULL);";

#[test]
fn a_renamed_column_stays_in_step_with_the_old_one() {
    for database in databases() {
        let project = project(&database, ORDERS, "--rename", "orders.state:status");
        let before = database.schema_dump();
        expand(&project, &database);
        let rows = || database.query("SELECT id, state, status FROM orders ORDER BY id");
        let kind = database.kind();
        assert_eq!(rows(), [["1", "open", "open"], ["2", "paid", "paid"], ["3", "sent", "sent"]], "{kind:?}");

        // Old code, new code, and code that leaves it to the default.
        database.sql("INSERT INTO orders (id, state) VALUES (4, 'Paid'); UPDATE orders SET state = 'Sent' WHERE id = 2;");
        database.sql("INSERT INTO orders (id, status) VALUES (5, 'back'); UPDATE orders SET status = 'SENT' WHERE id = 3;");
        database
            .sql("INSERT INTO orders (id, amount) VALUES (6, 1); UPDATE orders SET amount = 2 WHERE id = 1;");
        let expected = [
            ["1", "open", "open"],
            ["2", "Sent", "Sent"],
            ["3", "SENT", "SENT"],
            ["4", "Paid", "Paid"],
            ["5", "back", "back"],
            ["6", "open", "open"],
        ];
        assert_eq!(rows(), expected, "{kind:?}");

        dunlin(&project, &database, &["up"]).success();
        database.sql("INSERT INTO orders (id, amount) VALUES (7, 1);");
        let refused = database.try_sql("INSERT INTO orders (id, status) VALUES (8, NULL);");
        assert!(refused.status != 0, "{kind:?}: status may be null");
        let found = database.query("SELECT id, status FROM orders WHERE id IN (2, 7) ORDER BY id");
        assert_eq!(found, [["2", "Sent"], ["7", "open"]], "{kind:?}");
        assert!(
            database.try_sql("SELECT state FROM orders;").status != 0,
            "{kind:?}: the old column is still there"
        );

        // Back again, both steps.
        dunlin(&project, &database, &["down"]).success();
        assert_eq!(rows()[..6], expected, "{kind:?}");
        database.sql("UPDATE orders SET state = 'lost' WHERE id = 7;");
        assert_eq!(rows()[6], ["7", "lost", "lost"], "{kind:?}");
        dunlin(&project, &database, &["down"]).success();
        assert_eq!(columns_of(&before), columns_of(&database.schema_dump()), "{kind:?}");
        dunlin(&project, &database, &["up"]).success();
    }
}

#[test]
fn a_column_of_another_type_stays_in_step_with_the_old_one() {
    for database in databases() {
        let table = "CREATE TABLE orders (id integer NOT NULL PRIMARY KEY, amount varchar(20), note integer);
INSERT INTO orders (id, amount) VALUES (1, '007'), (2, '12'), (3, NULL);";
        let project = project(&database, table, "--change-type", "orders.amount:decimal(12,2)");
        let before = database.schema_dump();
        expand(&project, &database);
        let kind = database.kind();
        let rows = || database.query("SELECT id, amount, amount__new FROM orders ORDER BY id");
        // The spelling of what the backfill converted is kept.
        assert_eq!(rows(), [["1", "007", "7.00"], ["2", "12", "12.00"], ["3", "NULL", "NULL"]], "{kind:?}");
        database.sql("UPDATE orders SET amount = '8.5' WHERE id = 1; UPDATE orders SET amount__new = 3.25 WHERE id = 3;");
        database.sql("INSERT INTO orders (id, amount) VALUES (4, '1'); INSERT INTO orders (id, amount__new) VALUES (5, 2);");
        database.sql("UPDATE orders SET amount__new = NULL WHERE id = 2; UPDATE orders SET note = 1;");
        let expected =
            [["1", "8.5", "8.50"], ["2", "NULL", "NULL"], ["3", "3.25", "3.25"], ["4", "1", "1.00"]];
        assert_eq!(rows()[..4], expected, "{kind:?}");

        dunlin(&project, &database, &["up"]).success();
        assert_eq!(database.query("SELECT amount + 1 FROM orders WHERE id = 3"), [["4.25"]], "{kind:?}");
        dunlin(&project, &database, &["down", "--to", "1"]).success();
        assert_eq!(columns_of(&before), columns_of(&database.schema_dump()), "{kind:?}");
        let found = database.query("SELECT amount FROM orders WHERE id = 3");
        assert_eq!(found, [["3.25"]], "{kind:?}");
    }
}

#[test]
fn what_cannot_be_replaced_is_refused() {
    for database in databases() {
        let counting = match database.kind() {
            ServerKind::Postgres => "integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            _ => "integer NOT NULL AUTO_INCREMENT PRIMARY KEY",
        };
        database.sql(&format!("CREATE TABLE orders (id {counting}, state varchar(20));"));
        let project = Project::new();
        let told = |value: &str| dunlin(&project, &database, &["new", "--rename", value]).fails().stderr;
        assert!(told("orders.id:nr").contains("it counts by itself"), "{}", told("orders.id:nr"));
        assert!(told("orders.stat:status").contains("no column stat in orders"));
        assert!(told("state:status").contains("names no column"));
    }
    let sqlite = Database::sqlite();
    sqlite.sql("CREATE TABLE orders (id integer PRIMARY KEY, state text);");
    let refused = dunlin(&Project::new(), &sqlite, &["new", "--rename", "orders.state:status"]).fails();
    assert!(refused.stderr.contains("SQLite has one writer"), "{refused}");
}

/// The lines of a dump in any order: a column that comes back is the last one.
fn columns_of(dump: &str) -> Vec<String> {
    let mut lines: Vec<String> = dump
        .split('\n')
        .map(|line| line.trim().trim_end_matches(',').to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort();
    lines
}
