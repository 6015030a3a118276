//! Plugins over tables: what they change, what they cannot, and what becomes of a plugin that breaks its contract.

use std::fs;
use std::path::Path;

use super::made::Made;
use super::process::{Process, dunlin, wait_until};
use super::shop::tables_left;
use super::support::{Database, Project, ServerKind, databases};

/// A project with the plugin of `plugins/split-name`, compiled.
fn with_split_name() -> Project {
    let project = Project::new();
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/split-name.wasm");
    project.write("plugins/split-name.wasm", fs::read(compiled).unwrap());
    project
}

/// A project with a plugin that was written by hand, under the limits of `settings`.
fn with_made(made: &Made, settings: &str) -> Project {
    let project = Project::new();
    project.write("plugins/made.wasm", made.module());
    project.write("dunlin.toml", settings);
    project
}

fn text(database: &Database) -> &'static str {
    if database.kind().is_mysql_like() { "varchar(80)" } else { "text" }
}

/// As many customers as orders, with full names by an SQL expression.
fn customers(database: &Database, rows: u64, full_name: &str) {
    super::shop::orders(database, rows);
    let text = text(database);
    database.sql(&format!(
        "CREATE TABLE customers (id bigint NOT NULL PRIMARY KEY, full_name {text}, given_name {text}, family_name {text});
         INSERT INTO customers (id, full_name) SELECT id, {full_name} FROM orders;"
    ));
}

#[test]
fn a_plugin_goes_over_a_table() {
    for database in databases() {
        let kind = database.kind();
        customers(
            &database,
            3_000,
            "CASE id % 3 WHEN 0 THEN 'Ada Lovelace' WHEN 1 THEN 'O''Hara\", Zoë' ELSE NULL END",
        );
        let project = with_split_name();
        let arguments = [
            "--format",
            "json",
            "backfill",
            "run",
            "split",
            "--table",
            "customers",
            "--plugin",
            "split-name",
            "--size",
            "400",
        ];
        let done = dunlin(&project, &database, &arguments).success().json();
        assert_eq!(
            (done["rows"].as_u64(), done["chunks"].as_u64()),
            (Some(3_000), Some(8)),
            "{kind:?} {done}"
        );
        let count =
            |condition: &str| database.query(&format!("SELECT count(*) FROM customers WHERE {condition}"));
        assert_eq!(
            count("given_name = 'Ada' AND family_name = 'Lovelace' AND id % 3 = 0"),
            [["1000"]],
            "{kind:?}"
        );
        assert_eq!(
            count("given_name = 'Zoë' AND family_name = 'O''Hara\"' AND id % 3 = 1"),
            [["1000"]],
            "{kind:?}"
        );
        assert_eq!(
            count("given_name IS NULL AND family_name IS NULL AND id % 3 = 2"),
            [["1000"]],
            "{kind:?}"
        );
    }
}

#[test]
fn names_with_quotes_and_backslashes_are_written_as_they_are() {
    for database in databases() {
        let backslash = if database.kind().is_mysql_like() { r"\\" } else { r"\" };
        customers(&database, 40, &format!("'O''Hara \"x{backslash}y\", Ada'"));
        let project = with_split_name();
        dunlin(
            &project,
            &database,
            &["backfill", "run", "split", "--table", "customers", "--plugin", "split-name"],
        )
        .success();
        let same = "given_name = 'Ada' AND family_name = REPLACE(full_name, ', Ada', '')";
        let count = database.query(&format!("SELECT count(*) FROM customers WHERE {same}"));
        assert_eq!(count, [["40"]], "{:?}", database.kind());
    }
}

#[test]
fn rows_that_a_plugin_cannot_change_go_to_the_quarantine() {
    for database in databases() {
        let kind = database.kind();
        customers(&database, 100, "CASE id % 50 WHEN 0 THEN 'Plato' ELSE 'Ada Lovelace' END");
        let project = with_split_name();
        let run =
            ["backfill", "run", "split", "--table", "customers", "--plugin", "split-name", "--size", "30"];
        let failed = dunlin(&project, &database, &run).exits(1);
        let expected =
            "the row with id 50 fails: plugin split-name 1.0.0, column full_name: it is a single word";
        assert!(
            failed.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(expected),
            "{kind:?} {failed}"
        );
        assert_eq!(
            database.query("SELECT count(*) FROM customers WHERE given_name IS NULL AND id > 30"),
            [["70"]]
        );

        let more: Vec<&str> = run.into_iter().chain(["--quarantine", "2"]).collect();
        let done = dunlin(&project, &database, &more).success();
        assert!(done.stdout.contains("2 rows are in the quarantine"), "{kind:?} {done}");
        assert_eq!(
            database.query("SELECT id FROM customers WHERE given_name IS NULL ORDER BY id"),
            [["50"], ["100"]]
        );
    }
}

/// A migration whose plugin is recorded, and whose inverse goes down.
fn migration(project: &Project, text: &str) {
    project.write(
        "migrations/1_names.sql",
        format!(
            "-- migrate:up
ALTER TABLE customers ADD COLUMN given_name {text};
ALTER TABLE customers ADD COLUMN family_name {text};
-- migrate:backfill plugin=split-name table=customers size=100
-- migrate:down
UPDATE customers SET full_name = NULL;
-- migrate:backfill plugin=split-name table=customers direction=down size=100
-- migrate:down
ALTER TABLE customers DROP COLUMN given_name;
ALTER TABLE customers DROP COLUMN family_name;
"
        ),
    );
    // Down, the plugin reads what it writes up.
    project.write("dunlin.toml", "");
}

fn named_customers(database: &Database) {
    super::shop::orders(database, 250);
    let text = text(database);
    database.sql(&format!(
        "CREATE TABLE customers (id bigint NOT NULL PRIMARY KEY, full_name {text});
         INSERT INTO customers (id, full_name) SELECT id, 'Ada Lovelace' FROM orders;"
    ));
}

#[test]
fn a_migration_records_its_plugin_and_goes_down_by_its_inverse() {
    for database in databases() {
        let kind = database.kind();
        named_customers(&database);
        let project = with_split_name();
        migration(&project, text(&database));
        dunlin(&project, &database, &["up"]).success();
        let count =
            |condition: &str| database.query(&format!("SELECT count(*) FROM customers WHERE {condition}"));
        assert_eq!(count("given_name = 'Ada' AND family_name = 'Lovelace'"), [["250"]], "{kind:?}");
        assert!(tables_left(&database).is_empty(), "{kind:?}");
        let recorded =
            database.query("SELECT plugin_name, plugin_version, plugin_sha256 FROM dunlin_migrations");
        let inspected = dunlin(&project, &database, &["--format", "json", "plugin", "inspect", "split-name"]);
        let digest = inspected.success().json()["sha256"].as_str().unwrap().to_owned();
        assert_eq!(recorded, [["split-name".to_owned(), "1.0.0".to_owned(), digest]], "{kind:?}");
        dunlin(&project, &database, &["validate"]).success();

        dunlin(&project, &database, &["down"]).success();
        assert_eq!(count("full_name = 'Ada Lovelace'"), [["250"]], "{kind:?}");
        assert_eq!(database.query("SELECT count(*) FROM dunlin_migrations"), [["0"]], "{kind:?}");
    }
}

#[test]
fn a_plugin_that_was_changed_shows() {
    let database = Database::sqlite();
    named_customers(&database);
    let project = with_split_name();
    migration(&project, "text");
    dunlin(&project, &database, &["up"]).success();
    project.write("plugins/split-name.wasm", Made::default().module());
    let found = dunlin(&project, &database, &["validate"]).exits(5);
    let shown = format!("{}{}", found.stdout, found.stderr);
    assert!(shown.contains("the plugin split-name was changed after 1_names"), "{shown}");
    dunlin(&project, &database, &["repair"]).success();
    dunlin(&project, &database, &["validate"]).success();
}

#[test]
fn a_plugin_that_cannot_be_used_is_refused_before_anything_is_sent() {
    let database = Database::sqlite();
    named_customers(&database);
    let project = Project::new();
    migration(&project, "text");
    let missing = dunlin(&project, &database, &["up"]).exits(1);
    assert!(missing.stderr.contains("split-name.wasm cannot be read"), "{missing}");
    assert!(missing.stderr.contains("migrations/1_names.sql:4"), "{missing}");
    project.write("plugins/split-name.wasm", "no plugin");
    let invalid = dunlin(&project, &database, &["up"]).exits(1);
    assert!(invalid.stderr.contains("is no plugin"), "{invalid}");
    assert!(database.try_sql("SELECT given_name FROM customers;").status != 0, "nothing was sent");
}

/// What a plugin does wrong, and how the message goes on behind its name.
const HOSTILE: [(&str, &str); 3] = [
    ("unreachable", "row id 7: it crashed: wasm `unreachable` instruction executed"),
    ("(loop (br 0))", "row id 7: it took more time than 300ms"),
    ("(loop (drop (memory.grow (i32.const 1))) (br 0))", "row id 7: it took more memory than 16 MiB"),
];

const LIMITS: &str = "[plugin.made]\nmemory = \"16MiB\"\ntime = \"300ms\"\n";

/// Amounts, of which the one of id 7 makes a plugin misbehave.
fn amounts(database: &Database) {
    super::shop::orders(database, 12);
    let float = if database.kind().is_mysql_like() { "double" } else { "double precision" };
    database.sql(&format!(
        "CREATE TABLE amounts (id bigint NOT NULL PRIMARY KEY, amount {float}, cents bigint);
         INSERT INTO amounts (id, amount) SELECT id, CASE id WHEN 7 THEN 13 ELSE 1.5 END FROM orders;"
    ));
}

const RUN: [&str; 9] = ["backfill", "run", "cents", "--table", "amounts", "--plugin", "made", "--size", "4"];

#[test]
fn a_plugin_that_misbehaves_is_one_error_and_its_chunk_is_not_written() {
    for database in databases() {
        let kind = database.kind();
        amounts(&database);
        for (at_thirteen, expected) in HOSTILE {
            let changes = vec![(0, vec![dunlin::plugin::Value::Integer(150)])];
            let project = with_made(&Made { at_thirteen, changes, ..Made::default() }, LIMITS);
            let failed = dunlin(&project, &database, &RUN).exits(1);
            let shown = failed.stderr.replace(['│', '\n'], " ");
            let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(shown.contains(&format!("plugin made 0.1.0, {expected}")), "{kind:?} {failed}");
            // The first row of the first chunk, and nothing of the second.
            let written = database.query("SELECT id, cents FROM amounts WHERE cents IS NOT NULL");
            assert_eq!(written, [["1", "150"]], "{kind:?} {expected}");
            dunlin(&project, &database, &["backfill", "cancel", "cents"]).success();
            database.sql("UPDATE amounts SET cents = NULL;");
        }
    }
}

#[test]
fn a_plugin_that_breaks_its_contract_is_one_error_with_row_and_column() {
    use dunlin::plugin::Value;
    let wrong = [
        (
            Made { changes: vec![(2, vec![Value::Text("1".into())])], ..Made::default() },
            "row id 3, column cents: the new value does not fit: it is text, and the column takes integer (bigint)",
        ),
        (
            Made { changes: vec![(2, vec![])], ..Made::default() },
            "row id 3, column cents: it gave 0 values for 1 columns",
        ),
        (
            Made { changes: vec![(9, vec![Value::Integer(1)])], ..Made::default() },
            "a key that it was not given",
        ),
        (Made { writes: &["id"], ..Made::default() }, "column id: it writes a column of the key"),
        (
            Made { writes: &["sense"], ..Made::default() },
            "column sense: it writes a column that the table amounts does not have",
        ),
    ];
    let database = Database::create(ServerKind::Postgres).unwrap_or_else(Database::sqlite);
    amounts(&database);
    for (made, expected) in wrong {
        // SQLite's columns take any value.
        if database.kind() == ServerKind::Sqlite && expected.contains("does not fit") {
            continue;
        }
        let project = with_made(&made, LIMITS);
        let failed = dunlin(&project, &database, &RUN).exits(1);
        let shown = failed.stderr.replace(['│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains("plugin made 0.1.0") && shown.contains(expected), "{failed}");
        assert_eq!(
            database.query("SELECT count(*) FROM amounts WHERE cents IS NOT NULL"),
            [["0"]],
            "{expected}"
        );
        let _ = dunlin(&project, &database, &["backfill", "cancel", "cents"]);
    }
}

#[test]
fn a_plugin_that_was_changed_half_way_is_not_gone_on_with() {
    let database = Database::sqlite();
    amounts(&database);
    let project = with_made(&Made { at_thirteen: "unreachable", ..Made::default() }, LIMITS);
    dunlin(&project, &database, &RUN).exits(1);
    project.write("plugins/made.wasm", Made::default().module());
    let refused = dunlin(&project, &database, &RUN).exits(1);
    assert!(refused.stderr.contains("does something else"), "{refused}");
}

/// Columns `a…` hold values that are easily damaged on their way; the plugin writes what it reads to `b…`.
#[test]
fn values_of_every_type_come_back_as_they_were() {
    const READS: [&str; 12] = ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12"];
    const WRITES: [&str; 12] = ["b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "b9", "b10", "b11", "b12"];
    for database in databases() {
        let kind = database.kind();
        let types: &[(&str, &str, &str)] = match kind {
            ServerKind::Postgres => &[
                ("bigint", "-9223372036854775808", "7"),
                ("boolean", "true", "false"),
                ("double precision", "0.1", "'-Infinity'"),
                ("real", "1e-7", "16777217"),
                ("bytea", "'\\x00ff5c27'", "''"),
                ("numeric(30,10)", "12345678901234567890.0123456789", "'NaN'"),
                ("varchar(20)", "E'it''s \\\\ \"so\"\\n'", "''"),
                ("date", "'infinity'", "'0044-03-15 BC'"),
                ("timestamptz", "'2024-03-31 01:30:00.123456+00'", "'-infinity'"),
                ("time", "'23:59:59.999999'", "'00:00:00'"),
                ("jsonb", "'{\"a\": [1, 2.50, \"\\u00e9\"]}'", "'null'"),
                ("text[]", "'{\"a b\",NULL,\"c\\\\d\"}'", "'{}'"),
            ],
            ServerKind::MariaDb | ServerKind::MySql => &[
                ("bigint unsigned", "18446744073709551615", "7"),
                ("bit(10)", "b'1010101010'", "b'0'"),
                ("double", "0.1", "-1.7976931348623157e308"),
                ("float", "1.1234567", "16777216"),
                ("varbinary(20)", "X'00FF5C27'", "''"),
                ("decimal(30,10)", "12345678901234567890.0123456789", "-0.5"),
                ("varchar(20) CHARACTER SET latin1", "'é''s \"so\"'", "''"),
                ("date", "'2024-02-29'", "'1000-01-01'"),
                ("timestamp(6) NULL", "'2024-03-31 12:30:00.123456'", "'2001-01-01 00:00:00'"),
                ("time(6)", "'-838:59:59'", "'23:59:59.999999'"),
                ("text", "'back\\\\slash\\n'", "''"),
                ("enum('new', 'paid')", "'paid'", "'new'"),
            ],
            ServerKind::Sqlite => &[
                ("integer", "-9223372036854775808", "'seven'"),
                ("boolean", "1", "2"),
                ("real", "0.1", "9e999"),
                ("numeric", "12.5", "'x'"),
                ("blob", "x'00ff5c27'", "x''"),
                ("decimal(30,10)", "'12345678901234567890.0123456789z'", "5"),
                ("text", "'it''s \\ \"so\"'", "''"),
                ("date", "'2024-02-29'", "20240229"),
                ("datetime", "'2024-02-29 08:00:00'", "'never'"),
                ("", "1.5", "'text'"),
                ("json", "'{\"a\": [1, 2.50]}'", "'{'"),
                ("varchar(5)", "'long enough'", "NULL"),
            ],
        };
        let (mut columns, mut first, mut second) = (String::new(), String::new(), String::new());
        for (index, (type_name, one, other)) in types.iter().enumerate() {
            let number = index + 1;
            columns.push_str(&format!(", a{number} {type_name}, b{number} {type_name}"));
            first.push_str(&format!(", {one}"));
            second.push_str(&format!(", {other}"));
        }
        database.sql(&format!(
            "CREATE TABLE samples (id integer NOT NULL PRIMARY KEY{columns});
             INSERT INTO samples (id, {names}) VALUES (1{first}); INSERT INTO samples (id, {names}) VALUES (2{second});
             INSERT INTO samples (id) VALUES (3);",
            names = READS.join(", ")
        ));
        let made = Made { echoes: true, reads: &READS, writes: &WRITES, ..Made::default() };
        let project = with_made(&made, "");
        dunlin(&project, &database, &["backfill", "run", "echo", "--table", "samples", "--plugin", "made"])
            .success();
        for (read, written) in READS.iter().zip(WRITES) {
            let same = match kind {
                ServerKind::Postgres => format!("{written} IS NOT DISTINCT FROM {read}"),
                ServerKind::MariaDb | ServerKind::MySql => format!("{written} <=> {read}"),
                ServerKind::Sqlite => format!("{written} IS {read} AND typeof({written}) = typeof({read})"),
            };
            let found =
                database.query(&format!("SELECT id, {read}, {written} FROM samples WHERE NOT ({same})"));
            assert!(found.is_empty(), "{kind:?} {read}: {found:?}");
            let count = database.query(&format!("SELECT count({written}) FROM samples"));
            assert!(count == [["2"]] || count == [["1"]], "{kind:?} {written}: {count:?}");
        }
    }
}

#[test]
fn processes_with_a_plugin_that_are_killed_lose_nothing() {
    for database in databases() {
        let kind = database.kind();
        customers(&database, 6_000, "'Ada Lovelace'");
        let project = with_split_name();
        let run = [
            "backfill",
            "run",
            "split",
            "--table",
            "customers",
            "--plugin",
            "split-name",
            "--size",
            "100",
            "--rate",
            "1500",
            "--workers",
            "2",
        ];
        let survivor = Process::start(&project, &database, &run);
        for _ in 0..3 {
            let victim = Process::start(&project, &database, &run);
            wait_until(&database, "SELECT count(*) FROM customers WHERE given_name IS NOT NULL");
            std::thread::sleep(std::time::Duration::from_millis(400));
            victim.kill();
        }
        survivor.succeed();
        let found = database.query(
            "SELECT count(*), min(given_name), max(family_name) FROM customers WHERE given_name IS NOT NULL",
        );
        assert_eq!(found, [["6000", "Ada", "Lovelace"]], "{kind:?}");
        let listed = dunlin(&project, &database, &["--format", "json", "backfill", "status", "split"])
            .success()
            .json();
        let changed = listed["backfills"][0]["changed"].as_u64();
        assert_eq!(changed, Some(6_000), "{kind:?}: a row was written twice, or counted so");
    }
}
