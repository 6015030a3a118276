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

#[test]
fn how_mysql_changes_tables_is_tried() {
    let up_and_down = |up: &str, down: &str| format!("-- migrate:up\n{up};\n-- migrate:down\n{down};\n");
    let files = [
        (
            "migrations/1_orders.sql",
            up_and_down(
                "CREATE TABLE orders (id bigint AUTO_INCREMENT PRIMARY KEY, amount int NOT NULL, note varchar(20));\n\
                 INSERT INTO orders (amount) VALUES (1), (2)",
                "DROP TABLE orders",
            ),
        ),
        (
            "migrations/2_city.sql",
            up_and_down("ALTER TABLE `orders` ADD COLUMN city text", "ALTER TABLE orders DROP COLUMN city"),
        ),
        (
            "migrations/3_index.sql",
            up_and_down("CREATE INDEX orders_note ON orders (note)", "DROP INDEX orders_note ON orders"),
        ),
        (
            "migrations/4_amount.sql",
            up_and_down(
                "ALTER TABLE orders MODIFY amount bigint NOT NULL",
                "ALTER TABLE orders MODIFY amount int NOT NULL",
            ),
        ),
        (
            "migrations/5_note.sql",
            up_and_down("ALTER TABLE orders ADD shop int, ALGORITHM=INPLACE", "ALTER TABLE orders DROP shop"),
        ),
        (
            "migrations/6_words.sql",
            up_and_down(
                "CREATE FULLTEXT INDEX orders_words ON orders (note)",
                "DROP INDEX orders_words ON orders",
            ),
        ),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    for kind in [ServerKind::MySql, ServerKind::MariaDb] {
        let Some(database) = Database::create(kind) else { continue };
        let project = Project::with(&files);
        let output = project.dunlin(&["verify", "--all", "--format", "json", "--url", &database.url()]);
        assert_eq!(output.status, 0, "{kind:?} {output}");
        let json = output.json();
        let lock = |index: usize| json["migrations"][index]["tables"][0]["lock"].clone();
        assert_eq!(json["migrations"][0]["tables"], serde_json::json!([]), "{kind:?}");
        assert_eq!(lock(1), "ALGORITHM=INSTANT", "{kind:?}");
        assert_eq!(lock(2), "ALGORITHM=INPLACE, LOCK=NONE", "{kind:?}");
        assert_eq!(lock(5), "ALGORITHM=INPLACE, LOCK=SHARED", "{kind:?}");
        // MariaDB 11.2 and later copy a table while others write to it.
        let copies = lock(3).as_str().unwrap_or_default().to_owned();
        assert!(copies.starts_with("ALGORITHM=COPY, LOCK="), "{kind:?} {copies}");
        assert_eq!(json["migrations"][3]["tables"][0]["rewritten"], true, "{kind:?}");
        assert_eq!(lock(4), "ALGORITHM=INPLACE, LOCK=NONE", "{kind:?}");
        assert_eq!(
            json["migrations"][3]["tables"][0]["statement"],
            "ALTER TABLE orders MODIFY amount bigint NOT NULL"
        );

        let shown = project.dunlin(&["verify", "--all", "--url", &database.url()]).success();
        assert!(
            shown.stdout.contains("changes orders with ALGORITHM=INPLACE, LOCK=SHARED: writers wait"),
            "{shown}"
        );
    }
}
