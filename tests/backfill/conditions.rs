//! Rows that fail, rows that arrive meanwhile, and what must hold in the end.

use super::process::{Process, dunlin, wait_until};
use super::shop::{self, tables_left};
use super::support::{Database, Project, databases};

/// A table of payments of which three cannot be converted.
fn payments(database: &Database) {
    shop::orders(database, 1_000);
    database.sql(
        "CREATE TABLE payments (id integer NOT NULL PRIMARY KEY, amount integer NOT NULL, cents integer CHECK (cents >= 0));
         INSERT INTO payments (id, amount) SELECT id, CASE WHEN id IN (17, 500, 1000) THEN -1 ELSE id END FROM orders;",
    );
}

const CONVERT: [&str; 8] = [
    "backfill",
    "run",
    "cents",
    "--table",
    "payments",
    "--sql",
    "UPDATE payments SET cents = amount * 100 WHERE :range",
    "--size=100",
];

fn convert<'a>(more: &[&'a str]) -> Vec<&'a str> {
    CONVERT.iter().copied().chain(more.iter().copied()).collect()
}

#[test]
fn rows_that_fail_go_to_the_quarantine() {
    for database in databases() {
        payments(&database);
        let project = Project::new();
        let done = dunlin(&project, &database, &convert(&["--quarantine", "3", "--where", "cents IS NULL"]))
            .success();
        assert!(done.stdout.contains("3 rows are in the quarantine"), "{done}");
        let left = database.query("SELECT id FROM payments WHERE cents IS NULL ORDER BY id");
        assert_eq!(left, [["17"], ["500"], ["1000"]], "{:?}", database.kind());
        assert_eq!(database.query("SELECT count(*) FROM payments WHERE cents = amount * 100"), [["997"]]);

        let listed = dunlin(&project, &database, &["--format", "json", "backfill", "status", "cents"])
            .success()
            .json();
        let failures = listed["backfills"][0]["failures"].as_array().unwrap();
        let mut keys: Vec<&str> = failures.iter().map(|failure| failure["key"].as_str().unwrap()).collect();
        keys.sort_unstable();
        assert_eq!(keys, [r#"["1000"]"#, r#"["17"]"#, r#"["500"]"#]);
        let message = failures[0]["message"].as_str().unwrap().to_lowercase();
        assert!(message.contains("constraint"), "{listed}");
        dunlin(&project, &database, &["backfill", "forget", "cents"]).success();
        assert!(tables_left(&database).is_empty());
    }
}

#[test]
fn more_failures_than_may_be_stop_it_and_name_the_row() {
    for database in databases() {
        payments(&database);
        let project = Project::new();
        let failed = dunlin(&project, &database, &convert(&[])).exits(1);
        assert!(failed.stderr.contains("the row with id 17 fails"), "{failed}");
        let failed = dunlin(&project, &database, &convert(&["--quarantine", "2"])).exits(1);
        assert!(failed.stderr.contains("the row with id 1000 fails"), "{failed}");
        let listed = dunlin(&project, &database, &["backfill", "status"]).success();
        assert!(listed.stdout.contains("failed: the row with id 1000"), "{listed}");
        // What is done stays done, and is not done again.
        database.sql("UPDATE payments SET amount = 7 WHERE amount = -1;");
        dunlin(&project, &database, &convert(&["--quarantine", "2"])).success();
        assert_eq!(database.query("SELECT cents FROM payments WHERE id = 1000"), [["700"]]);
        let count = "SELECT count(*) FROM payments WHERE cents IS NULL";
        assert_eq!(database.query(count), [["2"]], "two are in the quarantine: {:?}", database.kind());
    }
}

#[test]
fn a_statement_that_is_wrong_is_no_rows_fault() {
    for database in databases() {
        payments(&database);
        let project = Project::new();
        let sql = "UPDATE payments SET cens = 1 WHERE :range";
        let arguments = ["backfill", "run", "x", "--table", "payments", "--quarantine", "9", "--sql", sql];
        let failed = dunlin(&project, &database, &arguments).exits(1);
        assert!(failed.stderr.contains("cens") && !failed.stderr.contains("the row with"), "{failed}");
    }
}

/// Rows that arrive below the chunks that are done are found by the condition, and those above the bound too.
#[test]
fn rows_that_arrive_meanwhile_are_done_in_a_last_pass() {
    for database in databases() {
        shop::orders(&database, 3_000);
        database.sql("DELETE FROM orders WHERE id <= 50;");
        let project = Project::new();
        let arguments = shop::count(&["--where", "touched = 0", "--size", "100", "--rate", "1500"]);
        let mut process = Process::start(&project, &database, &arguments);
        wait_until(&database, "SELECT count(*) FROM orders WHERE touched = 1 AND id > 300");
        database.sql(
            "INSERT INTO orders (id, customer, amount) VALUES (1, 'late', 1), (2, 'late', 2), (9001, 'late', 3);",
        );
        process.wait_for("\"event\":\"pass\"");
        process.succeed();
        shop::assert_each_touched_once(&database, "orders", 2_953);
    }
}

#[test]
fn without_a_condition_rows_above_the_bound_are_done_in_a_last_pass() {
    for database in databases() {
        shop::orders(&database, 3_000);
        let project = Project::new();
        let arguments = shop::count(&["--size", "100", "--rate", "1500"]);
        let process = Process::start(&project, &database, &arguments);
        wait_until(&database, "SELECT count(*) FROM orders WHERE touched = 1");
        database.sql("INSERT INTO orders (customer, amount) VALUES ('late', 1), ('late', 2);");
        process.succeed();
        shop::assert_each_touched_once(&database, "orders", 3_002);
    }
}

#[test]
fn a_migration_is_applied_only_if_its_condition_holds() {
    for database in databases() {
        shop::orders(&database, 500);
        let project = Project::new();
        project.write(
            "migrations/1_touch.sql",
            "-- migrate:up
-- migrate:batch table=orders size=100 where=\"touched = 0\" until=\"NOT EXISTS (SELECT 1 FROM orders WHERE amount = 7)\"
UPDATE orders SET touched = touched + 1 WHERE :range;
",
        );
        let failed = dunlin(&project, &database, &["up"]).exits(1);
        assert!(failed.stderr.contains("`until` does not hold"), "{failed}");
        let status = dunlin(&project, &database, &["--format", "json", "status"]).success().json();
        assert_eq!(status["migrations"][0]["standing"], "pending");
        assert_eq!(status["halfDone"], "1");
        database.sql("UPDATE orders SET amount = 8 WHERE amount = 7;");
        dunlin(&project, &database, &["up"]).success();
        shop::assert_each_touched_once(&database, "orders", 500);
        assert!(tables_left(&database).is_empty());
        assert_eq!(database.query("SELECT version FROM dunlin_migrations"), [["1"]]);
    }
}

#[test]
fn a_batch_that_was_edited_half_way_is_not_gone_on_with() {
    for database in databases() {
        payments(&database);
        let project = Project::new();
        let migration = |factor: &str| {
            format!(
                "-- migrate:up\n-- migrate:batch table=payments size=10\nUPDATE payments SET cents = amount * {factor} WHERE :range;\n"
            )
        };
        project.write("migrations/1_cents.sql", migration("100"));
        dunlin(&project, &database, &["up"]).exits(1);
        project.write("migrations/1_cents.sql", migration("1000"));
        let refused = dunlin(&project, &database, &["up"]).exits(1);
        assert!(refused.stderr.contains("was changed while it is half done"), "{refused}");
        dunlin(&project, &database, &["backfill", "cancel", "1_cents/1"]).success();
        database.sql("UPDATE payments SET amount = 1 WHERE amount = -1;");
        dunlin(&project, &database, &["up"]).success();
        assert_eq!(database.query("SELECT count(*) FROM payments WHERE cents = amount * 1000"), [["1000"]]);
    }
}
