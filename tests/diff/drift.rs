//! `dunlin drift`: what was done by hand is found, on every server.

use crate::support::{Database, Project, databases};

const MIGRATIONS: [(&str, &str); 2] = [
    (
        "migrations/1_orders.sql",
        "-- migrate:up\nCREATE TABLE orders (id integer PRIMARY KEY, note varchar(20));\n-- migrate:down\nDROP TABLE orders;\n",
    ),
    (
        "migrations/2_customers.sql",
        "-- migrate:up\nCREATE TABLE customers (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE customers;\n",
    ),
];

/// The scratch databases that are there. Other tests make some too, of which none belongs to a process that has ended.
fn left(database: &Database) -> Vec<String> {
    let query = match database.kind() {
        crate::support::ServerKind::Postgres => {
            "SELECT datname FROM pg_database WHERE datname LIKE 'dunlin_scratch_%'
             AND split_part(datname, '_', 3)::int NOT IN (SELECT pid FROM pg_stat_activity)"
        }
        crate::support::ServerKind::Sqlite => return Vec::new(),
        _ => {
            "SELECT schema_name FROM information_schema.schemata
             WHERE schema_name LIKE 'dunlin\\_scratch\\_%' AND IS_FREE_LOCK(schema_name)"
        }
    };
    database.query(query).concat()
}

#[test]
fn what_was_done_by_hand_is_found_and_the_live_database_stays_as_it_is() {
    for database in databases() {
        let project = Project::with(&MIGRATIONS);
        let url = database.url();
        project.dunlin(&["up", "--steps", "1", "--url", &url]).success();
        let clean = project.dunlin(&["drift", "--url", &url]).exits(0);
        assert_eq!(
            clean.stdout,
            "The live schema is what the applied migrations give.\n",
            "{:?}",
            database.kind()
        );
        database.sql("CREATE INDEX by_hand ON orders (note);");
        let before = database.contents();
        let drifted = project.dunlin(&["drift", "--url", &url]).exits(3);
        assert!(drifted.stdout.contains("+ index by_hand"), "{drifted}");
        let json = project.dunlin(&["drift", "--url", &url, "--format", "json"]).exits(3).json();
        assert_eq!(json["migrations"], 1);
        assert_eq!(json["differences"].as_array().unwrap().len(), 1);
        assert_eq!(database.contents(), before);
        assert_eq!(left(&database), Vec::<String>::new());
    }
}

#[test]
fn a_history_that_begins_with_a_baseline_needs_a_dump_of_it() {
    for database in databases() {
        let project = Project::with(&MIGRATIONS);
        let url = database.url();
        database.sql("CREATE TABLE orders (id integer PRIMARY KEY, note varchar(20));");
        project.dunlin(&["baseline", "1", "--url", &url]).success();
        project.dunlin(&["up", "--url", &url]).success();
        let refused = project.dunlin(&["drift", "--url", &url]).exits(1);
        assert!(refused.stderr.contains("begins with a baseline (1)"), "{refused}");
        assert!(refused.stderr.contains("--dump FILE"), "{refused}");
        project.write("baseline.sql", "CREATE TABLE orders (id integer PRIMARY KEY, note varchar(20));\n");
        project.dunlin(&["drift", "--url", &url, "--dump", "baseline.sql"]).exits(0);
        project.write("baseline.sql", "CREATE TABLE orders (id integer PRIMARY KEY, note varchar(21));\n");
        let drifted = project.dunlin(&["drift", "--url", &url, "--dump", "baseline.sql"]).exits(3);
        assert!(drifted.stdout.contains("column note"), "{drifted}");
    }
}
