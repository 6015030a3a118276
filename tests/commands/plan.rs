//! `dunlin plan`

use crate::shop::Shop;
use crate::support::{Database, ServerKind, databases};
use insta::assert_snapshot;

#[test]
fn it_shows_the_script() {
    let shop = Shop::new();
    assert_snapshot!(shop.says(&["plan", "--steps", "1"]), @r#"
    exit 0
    -- The session
    PRAGMA foreign_keys = ON;

    -- Creating history table "main"."dunlin_migrations"
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS "main"."dunlin_migrations" (version TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, checksum TEXT, batch INTEGER NOT NULL, applied_at TEXT NOT NULL, execution_ms INTEGER NOT NULL, applied_by TEXT, dunlin_version TEXT NOT NULL, plugin_name TEXT, plugin_version TEXT, plugin_sha256 TEXT);
    COMMIT;

    -- up 1_customers (one transaction)
    BEGIN IMMEDIATE;
    CREATE TABLE customers (id integer PRIMARY KEY, name varchar(80) NOT NULL);
    INSERT INTO customers VALUES (1, 'Ada; -- Okafor'), (2, 'Bruno')
    ;
    INSERT INTO "main"."dunlin_migrations" (version, name, kind, checksum, batch, execution_ms, applied_at, applied_by, dunlin_version) VALUES ('1', 'customers', 'migration', 'd44cb991b3fc62a471021581836ba3a978d2924df985734a96a11863a615af05', 1, 0, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), NULL, '0.1.0');
    COMMIT;
    "#);
    assert!(!std::path::Path::new(&shop.database.name()).exists());
}

#[test]
fn with_everything_applied_there_is_nothing_to_do() {
    let shop = Shop::applied();
    assert_snapshot!(shop.says(&["plan"]), @"
    exit 0
    -- Nothing to do.
    ");
    assert_snapshot!(shop.says(&["plan", "--format", "json"]), @r#"
    exit 0
    {
      "steps": [],
      "warnings": []
    }
    "#);
    assert_snapshot!(shop.says(&["plan", "--down"]), @r#"
    exit 0
    -- The session
    PRAGMA foreign_keys = ON;

    -- down 3_order_status (one transaction)
    BEGIN IMMEDIATE;
    ALTER TABLE orders DROP COLUMN status;
    DELETE FROM "main"."dunlin_migrations" WHERE version = '3';
    COMMIT;
    "#);
}

#[test]
fn check_tells_by_the_exit_code_whether_there_is_something_to_do() {
    let shop = Shop::new();
    shop.dunlin(&["plan", "--check"]).exits(3);
    shop.dunlin(&["up"]).success();
    shop.dunlin(&["plan", "--check"]).success();
}

#[test]
fn as_json() {
    let shop = Shop::applied();
    assert_snapshot!(shop.says(&["plan", "--down", "--steps", "1", "--format", "json"]), @r#"
    exit 0
    {
      "steps": [
        {
          "kind": "session",
          "id": null,
          "direction": null,
          "title": "The session",
          "transaction": null,
          "statements": [
            "PRAGMA foreign_keys = ON"
          ]
        },
        {
          "kind": "migration",
          "id": "3",
          "direction": "down",
          "title": "3_order_status",
          "transaction": true,
          "statements": [
            "BEGIN IMMEDIATE",
            "ALTER TABLE orders DROP COLUMN status",
            "DELETE FROM \"main\".\"dunlin_migrations\" WHERE version = '3'",
            "COMMIT"
          ]
        }
      ],
      "warnings": []
    }
    "#);
}

/// What a client must not stumble over: strings and comments with delimiters, bodies, data behind a statement.
fn hard_migration(kind: ServerKind) -> &'static str {
    match kind {
        ServerKind::Sqlite => {
            "-- migrate:up\n\
             CREATE TABLE audit (note text); -- a comment; with a delimiter\n\
             CREATE TRIGGER orders_audit AFTER INSERT ON orders BEGIN\n\
             \x20   INSERT INTO audit VALUES ('order; inserted'); /* ; */\n\
             END;\n\
             CREATE TABLE customers_new (id integer PRIMARY KEY, name text NOT NULL CHECK (name <> ''));\n\
             INSERT INTO customers_new SELECT * FROM customers;\n\
             DROP TABLE customers;\n\
             ALTER TABLE customers_new RENAME TO customers;\n\
             INSERT INTO orders (id, customer_id) VALUES (1, 2)\n\
             -- the end\n"
        }
        ServerKind::Postgres => {
            "-- migrate:up\n\
             CREATE TABLE audit (note text);\n\
             CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $body$\n\
             BEGIN\n    INSERT INTO audit VALUES ('order; inserted'); -- ;\n    RETURN NEW;\nEND\n$body$;\n\
             CREATE TRIGGER orders_audit AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION audit();\n\
             COPY customers (id, name) FROM STDIN;\n3\tChiara\n4\tD\\\\e\n\\.\n\
             CREATE SCHEMA archive;\nSET search_path = archive;\nCREATE TABLE old_orders (id integer);\n"
        }
        ServerKind::MariaDb | ServerKind::MySql => {
            "-- migrate:up\n\
             CREATE TABLE audit (note varchar(80));\n\
             DELIMITER //\n\
             CREATE TRIGGER orders_audit AFTER INSERT ON orders FOR EACH ROW\n\
             BEGIN\n    INSERT INTO audit VALUES ('order; inserted');\n    INSERT INTO audit VALUES ('//');\nEND//\n\
             DELIMITER ;\n\
             INSERT INTO orders (id, customer_id) VALUES (1, 2) # the end\n"
        }
    }
}

/// The search path that the migration before it leaves behind must not reach it.
const WITHOUT_TRANSACTION: &str = "-- migrate:up\n\
     CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);\n\
     INSERT INTO orders (id, customer_id) VALUES (1, 2) -- the end\n";

#[test]
fn on_every_server_its_client_makes_of_the_script_what_up_makes() {
    for database in databases() {
        let kind = database.kind();
        let by_hand = Shop::on(database);
        let by_up = Shop::on(Database::create(kind).unwrap());
        for shop in [&by_hand, &by_up] {
            shop.project.write("migrations/4_audit.sql", hard_migration(kind));
        }
        if kind == ServerKind::Postgres {
            for shop in [&by_hand, &by_up] {
                shop.project.write("migrations/5_index.sql", WITHOUT_TRANSACTION);
            }
        }
        let script = by_hand.dunlin(&["plan"]).success().stdout;
        by_hand.database.sql(&script);
        by_up.dunlin(&["up"]).success();
        assert_eq!(by_hand.state(), by_up.state(), "{kind:?}\n{script}");
        by_hand.dunlin(&["status", "--check"]).success();
    }
}

#[test]
fn on_every_server_its_client_makes_of_the_script_of_down_what_down_makes() {
    for database in databases() {
        let kind = database.kind();
        let by_hand = Shop::on(database);
        let by_down = Shop::on(Database::create(kind).unwrap());
        by_hand.dunlin(&["up"]).success();
        by_down.dunlin(&["up"]).success();
        let script = by_hand.dunlin(&["plan", "--down", "--to", "1"]).success().stdout;
        by_hand.database.sql(&script);
        by_down.dunlin(&["down", "--to", "1"]).success();
        assert_eq!(by_hand.state(), by_down.state(), "{kind:?}\n{script}");
        assert_eq!(by_hand.history(), ["1"], "{kind:?}");
    }
}
