//! One object of every kind, made and then altered by a second migration, and values that are hard to write.

use std::fmt::Write;

use crate::objects::{Case, MARIADB_ALONE, MYSQL, MYSQL_ALONE, POSTGRES, SQLITE};
use crate::support::{Database, Project, ServerKind};

/// What no script makes: a catalog written by hand; waiting; a key without what it refers to, which is only refused.
const NOT_WRITTEN: [&str; 3] = ["UPDATE pg_index", "SELECT SLEEP", "CREATE TABLE k2 (a, FOREIGN KEY"];

fn migrations(lists: &[&[Case]], more: &str) -> Project {
    let (mut made, mut changed) = ("-- migrate:up\n".to_owned(), "-- migrate:up\n".to_owned());
    for (setup, change, _) in lists.iter().flat_map(|list| list.iter()) {
        if NOT_WRITTEN.iter().any(|word| change.contains(word)) {
            continue;
        }
        if !setup.is_empty() {
            writeln!(made, "{setup};").unwrap();
        }
        writeln!(changed, "{change};").unwrap();
    }
    Project::with(&[
        ("migrations/1_made.sql", &made),
        ("migrations/2_changed.sql", &changed),
        ("migrations/3_more.sql", &format!("-- migrate:up\n{more}")),
        (
            "migrations/4_later.sql",
            "-- migrate:up\nCREATE TABLE later (a int);\n-- migrate:down\nDROP TABLE later;\n",
        ),
    ])
}

/// Squashes, and looks with the server's own client at what a new database gets.
fn squashed(kind: ServerKind, lists: &[&[Case]], more: &str) -> Option<(Project, Database)> {
    let (old, new) = (Database::create(kind)?, Database::create(kind)?);
    let project = migrations(lists, more);
    let dunlin = |arguments: &[&str], database: &Database| {
        project.dunlin(&[arguments, &["--url", &database.url()]].concat())
    };
    dunlin(&["up", "--steps", "3", "--no-lint"], &old).success();
    let state = |database: &Database| {
        (database.schema_dump(), database.table_rows("customers"), database.table_rows("orders"))
    };
    let before = state(&old);
    dunlin(&["squash", "--archive", "old"], &old).success();
    assert_eq!(state(&old), before, "{kind:?}: the database at hand was changed");
    // Through the safety rules, too: nothing has to be let pass for a new database.
    dunlin(&["up"], &new).success();
    dunlin(&["up"], &old).success();
    let differences = dunlin(&["diff", &old.url()], &new).exits(0);
    assert_eq!(differences.stdout, "The schemas are the same.\n");
    let rows = |database: &Database| (database.table_rows("customers"), database.table_rows("orders"));
    assert_eq!(rows(&old), rows(&new), "{kind:?}");
    dunlin(&["verify", "--all"], &new).success();
    Some((project, new))
}

#[test]
fn every_kind_of_object_of_postgresql() {
    squashed(
        ServerKind::Postgres,
        &[POSTGRES],
        "CREATE EXTENSION hstore;
         CREATE TABLE customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, total double precision,
             twice double precision GENERATED ALWAYS AS (total * 2) STORED, h hstore, j jsonb, i interval, b bytea, list text[],
             at timestamptz DEFAULT '2020-01-01 00:00+00');
         CREATE TABLE orders (id serial PRIMARY KEY, customer_id int REFERENCES customers, note text);
         ALTER TABLE customers ADD last_order int REFERENCES orders;
         CREATE INDEX orders_noted ON orders (customer_id) WHERE note IS NOT NULL;
         CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN -- it's; done
           new.note := '$$;'; RETURN new; END $f$;
         CREATE TRIGGER noted BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION noted();
         CREATE VIEW first_orders AS SELECT min(id) AS id FROM orders; CREATE VIEW b AS SELECT * FROM first_orders;
         CREATE VIEW a AS SELECT * FROM b; CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM orders;
         INSERT INTO customers (name, total, h, j, i, b, list) VALUES
             ('it''s :x ${x} %', 0.1::float8 + 0.2::float8, 'a=>1', '{\"a\": \":x ${x} %\\\\\"}', '1 day 2:03', '\\x00ff', ARRAY['a,b', '\"c\"']),
             (E'two\\nlines \\\\ ', 'NaN', NULL, NULL, NULL, NULL, NULL);
         INSERT INTO orders (customer_id) VALUES (1), (2); UPDATE customers SET last_order = 1;
         SELECT nextval('q1'), nextval('q1'); REFRESH MATERIALIZED VIEW counted;",
    );
}

const OF_MYSQL: &str = "CREATE TABLE customers (id int AUTO_INCREMENT PRIMARY KEY, name varchar(90) NOT NULL COMMENT 'it''s \\\\; ',
       total double, f float, twice double AS (total * 2) STORED, j json, b varbinary(9), bits bit(3), at timestamp(3) NULL,
       y year, e enum('a', 'it''s'), g point, d decimal(10,3), CHECK (total > 0));
     CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, customer_id int, FOREIGN KEY (customer_id) REFERENCES customers (id));
     ALTER TABLE customers ADD last_order int, ADD CONSTRAINT lo FOREIGN KEY (last_order) REFERENCES orders (id);
     CREATE VIEW y AS SELECT id, name FROM customers; CREATE VIEW b AS SELECT * FROM y; CREATE VIEW a AS SELECT * FROM b;
     CREATE PROCEDURE p(IN x int) BEGIN -- a; b
       DECLARE c int; SET c = x; IF c > 1 THEN SELECT '//;'; END IF; END;
     CREATE TRIGGER t1 BEFORE INSERT ON orders FOR EACH ROW BEGIN SET NEW.customer_id = 1; SET @x = 2; END;
     CREATE TRIGGER t0 BEFORE INSERT ON orders FOR EACH ROW FOLLOWS t1 SET NEW.customer_id = 1;
     CREATE EVENT yearly ON SCHEDULE EVERY 1 YEAR STARTS '2036-01-01 00:00:00' DISABLE DO BEGIN DELETE FROM orders; SELECT 1; END;
     SET sql_mode = 'ANSI_QUOTES'; CREATE PROCEDURE q() SELECT \"id\" FROM orders; SET sql_mode = DEFAULT;
     INSERT INTO customers (name, total, f, j, b, bits, at, y, e, g, d) VALUES
       ('it''s :x ${x} %', 0.1e0 + 0.2e0, 0.1, '{\"a\": \"\\\\\"b\\\\\\\\n\"}', X'00ff', b'101', '2024-01-01 00:00:00.123', 2024, 'it''s',
         ST_GeomFromText('POINT(1 2)'), 1.5),
       ('two\\nlines \\\\ ', 1e300, 1e-30, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL);
     INSERT INTO orders (customer_id) VALUES (1), (2); DELETE FROM orders WHERE id = 2; UPDATE customers SET last_order = 1;\n";

#[test]
fn every_kind_of_object_of_mysql() {
    squashed(ServerKind::MySql, &[MYSQL, MYSQL_ALONE], OF_MYSQL);
}

#[test]
fn every_kind_of_object_of_mariadb() {
    let more = format!(
        "{OF_MYSQL}CREATE TABLE numbers (a int DEFAULT nextval(a1), b uuid); INSERT INTO numbers (b) VALUES (NULL);\n"
    );
    squashed(ServerKind::MariaDb, &[MYSQL, MARIADB_ALONE], &more);
}

#[test]
fn every_kind_of_object_of_sqlite() {
    squashed(
        ServerKind::Sqlite,
        &[SQLITE],
        "CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name text, total real, twice real AS (total * 2) STORED, b blob,
             favourite integer REFERENCES orders (id));
         CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customers (id), parent integer REFERENCES orders (id));
         INSERT INTO customers (name, total, b) VALUES ('it''s :x ${x} %', 0.1 + 0.2, X'00ff'), ('two
lines \\ ', 9e999, NULL), ('gone', 1, NULL);
         DELETE FROM customers WHERE name = 'gone';
         INSERT INTO orders VALUES (2, 2, NULL), (1, 1, 2); UPDATE customers SET favourite = 1;
         INSERT INTO x1 (rowid, a) VALUES (7, 'some words');
         CREATE TRIGGER added AFTER INSERT ON orders BEGIN UPDATE customers SET total = 0; SELECT 1; END;",
    );
}
