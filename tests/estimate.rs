//! `dunlin estimate`: sizes, locks and work told before, and compared with what happened afterwards.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use serde_json::Value;
use support::{Database, Project, ServerKind, databases};

fn shop(second: &str) -> Project {
    Project::with(&[
        (
            "migrations/1_orders.sql",
            "-- migrate:up\nCREATE TABLE orders (id integer NOT NULL PRIMARY KEY, status varchar(20), note varchar(200));\n",
        ),
        ("migrations/2_change.sql", second),
    ])
}

/// Some 40,000 rows of more than a megabyte, with statistics of them.
fn filled(project: &Project, database: &Database) {
    project.dunlin(&["up", "--steps", "1", "--url", &database.url()]).success();
    database.sql(
        "INSERT INTO orders (id, status, note) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT \
         a.i * 1000 + b.i, 'new', 'to be delivered to the back door, where the dog is; ring twice' FROM n a CROSS JOIN n b",
    );
    match database.kind() {
        ServerKind::Postgres => {
            database.sql("ANALYZE orders");
        }
        ServerKind::Sqlite => {}
        _ => {
            database.sql("ANALYZE TABLE orders");
        }
    }
}

fn estimated(project: &Project, database: &Database) -> Value {
    project.dunlin(&["estimate", "--format", "json", "--url", &database.url()]).success().json()
}

#[test]
fn each_statement_has_its_table_size_lock_and_work() {
    for database in databases() {
        let project = shop(
            "-- migrate:up\nCREATE INDEX orders_status ON orders (status);\nUPDATE orders SET status = 'old' WHERE id < 2000;\nCREATE TABLE \
             parcels (id integer NOT NULL PRIMARY KEY);\n",
        );
        filled(&project, &database);
        let document = estimated(&project, &database);
        let of = |line: u64| {
            let estimates = document["estimates"].as_array().unwrap();
            estimates.iter().find(|estimate| estimate["line"] == line).cloned().unwrap_or(Value::Null)
        };
        let (index, update) = (of(2), of(3));
        assert_eq!(index["table"], "orders", "{:?}: {document:#}", database.kind());
        assert_eq!(index["work"], "index", "{:?}: {document:#}", database.kind());
        let rows = index["rows"].as_u64().unwrap();
        assert!((20_000..400_000).contains(&rows), "{:?}: {rows}", database.kind());
        assert_eq!(update["work"], "rows", "{:?}: {document:#}", database.kind());
        assert!(document["measured"].as_bool().unwrap(), "{:?}: {document:#}", database.kind());
        if database.kind() == ServerKind::Postgres {
            assert_eq!(index["lock"], "SHARE");
            let planned = update["plan"]["rows"].as_u64().unwrap();
            assert!((50..5_000).contains(&planned), "{update:#}");
        }
        // Planned is not run.
        assert_eq!(database.query("SELECT count(*) FROM orders WHERE status = 'old'"), [["0"]]);
    }
}

#[test]
fn what_cannot_be_planned_yet_is_said() {
    for database in databases() {
        let project =
            shop("-- migrate:up\nALTER TABLE orders ADD COLUMN paid integer;\nUPDATE orders SET paid = 1;\n");
        filled(&project, &database);
        let output = project.dunlin(&["estimate", "--url", &database.url()]).success();
        assert!(output.stdout.contains("line 3 of 2: not planned"), "{:?}: {output}", database.kind());
    }
}

#[test]
fn up_tells_how_the_estimate_turned_out_once() {
    for database in databases() {
        let project = shop("-- migrate:up\nCREATE INDEX orders_status ON orders (status);\n");
        filled(&project, &database);
        estimated(&project, &database);
        let output = project.dunlin(&["up", "--no-lint", "--url", &database.url()]).success();
        assert!(output.stderr.contains("2_change: estimated "), "{:?}: {output}", database.kind());
        project.write("migrations/3_more.sql", "-- migrate:up\nDROP TABLE orders;\n");
        let output = project.dunlin(&["up", "--no-lint", "--url", &database.url()]).success();
        assert!(!output.stderr.contains("estimated"), "{:?}: {output}", database.kind());
    }
}

#[test]
fn nothing_pending_is_nothing_to_estimate() {
    let database = Database::sqlite();
    let project = Project::with(&[("migrations/1_a.sql", "-- migrate:up\nCREATE TABLE a (n integer);\n")]);
    project.dunlin(&["up", "--url", &database.url()]).success();
    let output = project.dunlin(&["estimate", "--url", &database.url()]).success();
    assert_eq!(output.stdout, "Nothing is pending.\n");
}
