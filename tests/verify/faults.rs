//! Planted faults: a down that forgets one thing. All migrations are tried in one run, and each has to be found for what it is.

use crate::support::{Database, Project, ServerKind, servers};

/// What the up does, what the down does, and what the finding says.
type Fault = (&'static str, &'static str, &'static str);

/// The table that faults are about, with rows to lose.
const ORDERS: &str = "CREATE TABLE orders (id integer PRIMARY KEY, note varchar(20) DEFAULT 'none' NOT NULL, total decimal(10,2), old varchar(9));
INSERT INTO orders (id, note, total, old) VALUES (1, 'a', 1.5, 'x'), (2, 'b', NULL, NULL);
CREATE INDEX orders_note ON orders (note);
CREATE TABLE log (entry varchar(20));
CREATE VIEW totals AS SELECT id, total FROM orders;";

const EVERYWHERE: &[Fault] = &[
    ("CREATE INDEX left_behind ON orders (total);", "-- nothing", "+ index left_behind"),
    ("CREATE TABLE extra (id integer);", "-- nothing", "+ table "),
    ("DROP VIEW totals;", "CREATE VIEW totals AS SELECT id FROM orders;", "view"),
    ("DELETE FROM orders WHERE id = 2;", "-- nothing", "rows of {orders}: 2 → 1"),
    ("UPDATE orders SET note = 'gone';", "-- nothing", "values of note are not the same"),
    (
        "ALTER TABLE orders DROP COLUMN old;",
        "ALTER TABLE orders ADD COLUMN old varchar(9);",
        "values of old are not the same",
    ),
    ("ALTER TABLE orders ADD COLUMN more integer;", "-- nothing", "+ column more"),
];

const POSTGRES: &[Fault] = &[
    ("DROP INDEX orders_note;", "-- nothing", "- index orders_note"),
    ("ALTER TABLE orders ALTER note DROP DEFAULT;", "-- nothing", "- default: 'none'"),
    ("ALTER TABLE orders ALTER note DROP NOT NULL;", "-- nothing", "- not null: yes"),
    ("COMMENT ON TABLE orders IS 'new';", "-- nothing", "+ comment: new"),
    ("GRANT SELECT ON orders TO public;", "-- nothing", "+ grant public: SELECT"),
    ("ALTER TABLE orders ALTER note TYPE varchar(20) COLLATE \"C\";", "-- nothing", "+ collation: \"C\""),
    (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
         CREATE TRIGGER t AFTER INSERT ON orders EXECUTE FUNCTION f();",
        "DROP TRIGGER t ON orders;",
        "+ function public.f()",
    ),
    ("ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0);", "-- nothing", "+ constraint c: CHECK"),
    ("CREATE TYPE kind AS ENUM ('a');", "-- nothing", "+ type public.kind"),
    ("ALTER TABLE orders ENABLE ROW LEVEL SECURITY;", "-- nothing", "row security"),
];

const MYSQL: &[Fault] = &[
    ("DROP INDEX orders_note ON orders;", "-- nothing", "- index orders_note"),
    ("ALTER TABLE orders ALTER note DROP DEFAULT;", "-- nothing", "column note"),
    ("ALTER TABLE orders COMMENT = 'new';", "-- nothing", "+ comment: new"),
    (
        "ALTER TABLE orders MODIFY note varchar(20) COLLATE utf8mb4_bin DEFAULT 'none' NOT NULL;",
        "-- nothing",
        "utf8mb4_bin",
    ),
    (
        "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = 'y';",
        "-- nothing",
        "+ trigger t",
    ),
    ("CREATE PROCEDURE p() SELECT 1;", "-- nothing", "+ procedure p"),
    ("ALTER TABLE log ENGINE = MyISAM;", "-- nothing", "engine: InnoDB → MyISAM"),
];

const SQLITE: &[Fault] = &[
    ("DROP INDEX orders_note;", "-- nothing", "- index orders_note"),
    ("CREATE TRIGGER t AFTER INSERT ON orders BEGIN DELETE FROM log; END;", "-- nothing", "+ trigger t"),
    (
        "DROP TABLE log; CREATE TABLE log (entry varchar(20) COLLATE nocase);",
        "-- nothing",
        "varchar(20) → varchar(20) collate nocase",
    ),
    ("PRAGMA user_version = 3;", "-- nothing", "user_version"),
];

fn faults(kind: ServerKind) -> Vec<Fault> {
    let own = match kind {
        ServerKind::Postgres => POSTGRES,
        ServerKind::MySql | ServerKind::MariaDb => MYSQL,
        ServerKind::Sqlite => SQLITE,
    };
    own.iter().chain(EVERYWHERE).copied().collect()
}

fn migration(up: &str, down: &str) -> String {
    format!("-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n")
}

fn found_by(kind: ServerKind) {
    let Some(database) = Database::create(kind) else { return };
    let project = Project::new();
    let down = "DROP VIEW totals; DROP TABLE log; DROP TABLE orders;";
    project.write("migrations/1_orders.sql", migration(ORDERS, down));
    project.dunlin(&["up", "--url", &database.url()]).success();
    let orders = if kind == ServerKind::Postgres { "public.orders" } else { "orders" };
    let faults = faults(kind);
    for (number, (up, down, _)) in faults.iter().enumerate() {
        project.write(&format!("migrations/1{number:02}_fault.sql"), migration(up, down));
    }
    // What takes everything back passes, on the same rows.
    let sound = migration(
        "ALTER TABLE orders ADD COLUMN status varchar(9) DEFAULT 'new' NOT NULL; INSERT INTO log VALUES ('x');",
        "DELETE FROM log WHERE entry = 'x'; ALTER TABLE orders DROP COLUMN status;",
    );
    project.write("migrations/200_sound.sql", sound);
    let live = database.contents();
    let output = project.dunlin(&["verify", "--copy", "--url", &database.url()]).exits(5);
    assert_eq!(database.contents(), live, "the live database was touched");
    for (number, (up, _, named)) in faults.iter().enumerate() {
        let named = named.replace("{orders}", orders);
        let head = format!("!! 1{number:02}_fault (migrations/1{number:02}_fault.sql)\n");
        let found = output.stdout.split_once(&head).map(|(_, rest)| rest.split("\n!!").next().unwrap());
        assert!(
            found.is_some_and(|found| found.contains(&named)),
            "{kind:?}: {up}: no {named:?} in\n{output}"
        );
    }
    assert!(output.stdout.contains("\nok 200_sound\n"), "{output}");
}

#[test]
fn of_postgresql() {
    found_by(ServerKind::Postgres);
}

#[test]
fn of_mysql() {
    found_by(ServerKind::MySql);
}

#[test]
fn of_mariadb() {
    found_by(ServerKind::MariaDb);
}

#[test]
fn of_sqlite() {
    found_by(ServerKind::Sqlite);
}

#[test]
fn a_migration_without_a_down_or_with_one_that_fails_is_named() {
    for kind in servers() {
        let database = Database::create(kind).unwrap();
        let project = Project::with(&[
            ("migrations/1_none.sql", "-- migrate:up\nCREATE TABLE a (id integer);\n"),
            (
                "migrations/2_fails.sql",
                &migration("CREATE TABLE b (id integer);", "DROP TABLE no_such_table;"),
            ),
            ("migrations/3_sound.sql", &migration("CREATE TABLE c (id integer);", "DROP TABLE c;")),
            ("migrations/4_cannot.sql", &migration("CREATE TABLE c (id integer);", "DROP TABLE c;")),
        ]);
        let output =
            project.dunlin(&["verify", "--format", "json", "--url", &database.url()]).exits(5).json();
        let codes: Vec<Vec<&str>> = output["migrations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["findings"].as_array().unwrap())
            .map(|findings| findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect())
            .collect();
        assert_eq!(codes, [vec!["NO_DOWN"], vec!["DOWN_FAILS"], vec![], vec!["UP_FAILS"]], "{kind:?}");
    }
}
