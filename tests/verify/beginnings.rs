//! Where the scratch database begins: what is applied, a copy, a dump, rows of one's own.

use crate::support::{Database, Project, ServerKind, databases, run};

const ORDERS: &str = "-- migrate:up\nCREATE TABLE orders (id integer PRIMARY KEY, note varchar(20));\n-- migrate:down\nDROP TABLE orders;\n";

/// Loses the notes, where there are any.
const DROPS_NOTE: &str = "-- migrate:up\nALTER TABLE orders DROP COLUMN note;\n-- migrate:down\nALTER TABLE orders ADD COLUMN note varchar(20);\n";

#[test]
fn rows_can_only_be_lost_where_there_are_some() {
    for database in databases() {
        let project = Project::with(&[
            ("migrations/1_orders.sql", ORDERS),
            ("migrations/2_note.sql", DROPS_NOTE),
            ("seed.sql", "INSERT INTO orders (id, note) VALUES (1, 'mind this');"),
        ]);
        let url = database.url();
        project.dunlin(&["up", "--steps", "1", "--url", &url]).success();
        let verify = |arguments: &[&str]| project.dunlin(&[&["verify", "--url", &url], arguments].concat());
        verify(&[]).success();
        let lost = verify(&["--seed", "seed.sql"]).exits(5);
        assert!(lost.stdout.contains("values of note are not the same"), "{lost}");
        verify(&["--copy"]).success();
        database.sql("INSERT INTO orders (id, note) VALUES (7, 'live');");
        let lost = verify(&["--copy", "--format", "json"]).exits(5).json();
        assert_eq!(lost["migrations"][0]["findings"][0]["code"], "DOWN_LOSES_DATA", "{lost}");
        // From an empty database both are tried, and nothing is there to be lost.
        let all = verify(&["--all"]).success();
        assert!(all.stdout.ends_with("Verified 2 migrations.\n"), "{all}");
    }
}

#[test]
fn a_dump_with_its_history_and_rows_is_a_beginning() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let project =
        Project::with(&[("migrations/1_orders.sql", ORDERS), ("migrations/2_note.sql", DROPS_NOTE)]);
    let url = database.url();
    project.dunlin(&["up", "--steps", "1", "--url", &url]).success();
    database.sql("INSERT INTO orders VALUES (1, E'a\\ttab; and \\\\');");
    let mut pg_dump = database.program("pg_dump");
    pg_dump.args(["--dbname", &url]);
    project.write("live.sql", run(pg_dump, "").success().stdout);
    database.sql("DELETE FROM orders;");
    let lost = project.dunlin(&["verify", "--dump", "live.sql", "--url", &url]).exits(5);
    assert!(lost.stdout.contains("rows of public.orders: values of note are not the same"), "{lost}");
    project.write("live.sql", "SELECT 1;\nSELEKT 2;\n");
    let refused = project.dunlin(&["verify", "--dump", "live.sql", "--url", &url]).exits(1);
    assert!(refused.stderr.contains("live.sql:2:"), "{refused}");
}

#[test]
fn what_is_still_in_the_log_of_sqlite_is_copied() {
    let database = Database::sqlite();
    let project =
        Project::with(&[("migrations/1_orders.sql", ORDERS), ("migrations/2_note.sql", DROPS_NOTE)]);
    let url = database.url();
    database.sql("PRAGMA journal_mode = wal;");
    project.dunlin(&["up", "--steps", "1", "--url", &url]).success();
    let open = rusqlite::Connection::open(database.name()).unwrap();
    open.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    open.execute("INSERT INTO orders VALUES (1, 'in the log')", []).unwrap();
    let lost = project.dunlin(&["verify", "--copy", "--url", &url]).exits(5);
    assert!(lost.stdout.contains("values of note are not the same"), "{lost}");
}

#[test]
fn what_a_migration_makes_up_is_no_finding() {
    for database in databases() {
        let key = match database.kind() {
            ServerKind::Postgres => "integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            ServerKind::Sqlite => "integer PRIMARY KEY AUTOINCREMENT",
            _ => "integer AUTO_INCREMENT PRIMARY KEY",
        };
        let project = Project::with(&[
            (
                "migrations/1_log.sql",
                &format!(
                    "-- migrate:up\nCREATE TABLE log (id {key}, entry varchar(20), at timestamp DEFAULT CURRENT_TIMESTAMP);\n\
                     -- migrate:down\nDROP TABLE log;\n"
                ),
            ),
            (
                "migrations/2_entry.sql",
                "-- migrate:up\nINSERT INTO log (entry) VALUES ('begun');\n-- migrate:down\nDELETE FROM log WHERE entry = 'begun';\n",
            ),
        ]);
        let output = project.dunlin(&["verify", "--all", "--url", &database.url()]);
        assert_eq!(output.status, 0, "{:?} {output}", database.kind());
    }
}

#[test]
fn locks_and_rewrites_of_tables_that_are_there_are_told() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    let project = Project::with(&[
        ("migrations/1_orders.sql", ORDERS),
        (
            "migrations/2_number.sql",
            "-- migrate:up\nALTER TABLE orders ALTER id TYPE bigint;\n-- migrate:down\nALTER TABLE orders ALTER id TYPE integer;\n",
        ),
        (
            "migrations/3_note.sql",
            "-- migrate:up\nCREATE INDEX orders_note ON orders (note);\n-- migrate:down\nDROP INDEX orders_note;\n",
        ),
    ]);
    let output =
        project.dunlin(&["verify", "--all", "--format", "json", "--url", &database.url()]).success().json();
    let tables = |index: usize| output["migrations"][index]["tables"].clone();
    assert_eq!(tables(0), serde_json::json!([]));
    assert_eq!(tables(1)[0]["lock"], "AccessExclusiveLock");
    assert_eq!(tables(1)[0]["rewritten"], true);
    assert_eq!(tables(1)[0]["statement"], "ALTER TABLE orders ALTER id TYPE bigint");
    assert_eq!(tables(2)[0]["lock"], "ShareLock");
    assert_eq!(tables(2)[0]["rewritten"], false);
}
