//! What the safety rules claim of SQLite, held against the release that Dunlin brings along: who can write meanwhile, which rows are
//! written anew, and what is refused.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use dunlin::ddl::{self, ServerVersion};
use dunlin::engine::CatalogFacts;
use dunlin::lint::{self, Direction, Example, Facts, Finding, Migration, Severity};
use dunlin_compat::model::Dialect;
use rusqlite::Connection;

fn version() -> ServerVersion {
    let number = u32::try_from(rusqlite::version_number()).unwrap();
    ServerVersion {
        dialect: Dialect::Sqlite,
        version: (number / 1_000_000, number / 1000 % 1000, number % 1000),
    }
}

/// A database in a file.
struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    fn with(setup: &str) -> File {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let file = File { _folder: folder, path };
        // A page that is free, so that what writes the file anew is seen by pages that move.
        let first = "CREATE TABLE gone (x); ";
        file.open()
            .execute_batch(&format!("{first}{setup}; DROP TABLE gone"))
            .unwrap_or_else(|error| panic!("{setup}: {error}"));
        file
    }

    fn open(&self) -> Connection {
        let connection = Connection::open(&self.path).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        connection
    }

    fn facts<T>(&self, ask: impl FnOnce(&dyn Facts) -> T) -> T {
        let url = dunlin::db::DatabaseUrl::parse(&format!("sqlite:{}", self.path.display())).unwrap();
        let mut connection = dunlin::db::connect(&url, &Default::default()).unwrap();
        let facts = CatalogFacts::new(connection.as_mut());
        ask(&facts)
    }

    /// The page on which a table's tree begins, with its bytes.
    fn root(&self, table: &str) -> Option<(i64, Vec<u8>)> {
        let connection = self.open();
        let page: i64 = connection
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?)",
                [table],
                |row| row.get(0),
            )
            .ok()?;
        let size: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
        let bytes = std::fs::read(&self.path).unwrap();
        let start = usize::try_from((page - 1) * size).unwrap();
        Some((page, bytes[start..start + usize::try_from(size).unwrap()].to_vec()))
    }

    fn schema(&self) -> Vec<(String, Option<String>)> {
        let connection = self.open();
        let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

fn cut(script: &str) -> Vec<String> {
    dunlin::sql::split(script, Dialect::Sqlite).unwrap().into_iter().map(|statement| statement.text).collect()
}

fn run(connection: &Connection, statement: &str) -> Result<(), String> {
    connection.execute_batch(statement).map_err(|error| error.to_string())
}

fn migration(statements: Vec<String>) -> Migration {
    let statement = |(line, text): (usize, String)| lint::Statement {
        text,
        path: "1.sql".into(),
        line: line + 1,
        column: 1,
        transaction: Some(0),
        is_batched: false,
    };
    Migration {
        id: "1".into(),
        path: Path::new("1.sql").into(),
        direction: Direction::Up,
        has_down: Some(true),
        missing_down: None,
        is_code: false,
        has_lock_timeout: true,
        statements: statements.into_iter().enumerate().map(statement).collect(),
    }
}

fn findings(file: &File, statements: Vec<String>, rule: &str) -> Vec<Finding> {
    let settings = lint::Settings { on: vec![rule.to_owned()], ..Default::default() };
    file.facts(|facts| lint::findings(&[migration(statements)], version(), Some(facts), &settings))
}

fn examples() -> impl Iterator<Item = (&'static lint::Rule, &'static Example)> {
    lint::rules()
        .flat_map(|rule| rule.examples.iter().map(move |example| (rule, example)))
        .filter(|(_, example)| example.dialects.contains(&Dialect::Sqlite))
}

#[test]
fn each_rule_finds_what_it_flags_and_leaves_the_safe_form_alone() {
    let mut wrong = Vec::new();
    for (rule, example) in examples() {
        let place = format!("{}: {}", rule.id, example.flagged);
        let file = File::with(example.setup);
        let found = findings(&file, cut(example.flagged), rule.id);
        if !found.iter().any(|finding| finding.rule == rule.id) {
            wrong.push(format!("{place}: not found"));
        }
        for finding in findings(&file, cut(example.safe), rule.id) {
            if finding.rule == rule.id || finding.severity == Severity::Error {
                wrong.push(format!(
                    "{place}: the safe form is found by {}: {}",
                    finding.rule, finding.message
                ));
            }
        }
        prove(&file, example.flagged, example.flagged_does, &place, &mut wrong);
        let file = File::with(example.setup);
        prove(&file, example.safe, example.safe_does, &place, &mut wrong);
        for fix in
            found.iter().filter(|finding| finding.rule == rule.id).filter_map(|finding| finding.fix.as_ref())
        {
            let fixed: Vec<String> = fix.groups.iter().flat_map(|group| group.statements.clone()).collect();
            let file = File::with(example.setup);
            if findings(&file, fixed.clone(), rule.id).iter().any(|finding| finding.rule == rule.id) {
                wrong.push(format!("{place}: the fix is found again: {fixed:?}"));
            }
            for statement in &fixed {
                if let Err(error) = run(&file.open(), statement) {
                    wrong.push(format!("{place}: {statement}: {error}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs a script, and holds its last statement against what is said of it.
fn prove(file: &File, script: &str, (lock, rewrites): (&str, bool), place: &str, wrong: &mut Vec<String>) {
    let mut statements = cut(script);
    let Some(last) = statements.pop() else { return };
    let connection = file.open();
    for statement in &statements {
        if let Err(error) = run(&connection, statement) {
            wrong.push(format!("{place}: {statement}: {error}"));
        }
    }
    let read = ddl::read(&last, version());
    let table =
        read.changes[0].kind.altered_table().map_or_else(|| "orders".to_owned(), |table| table.name.clone());
    if lock == "error" {
        if run(&connection, &last).is_ok() {
            wrong.push(format!("{place}: SQLite takes {last}"));
        }
        return;
    }
    if !lock.is_empty() {
        // It needs the lock that another holds.
        let other = file.open();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        if run(&connection, &last).is_ok() {
            wrong.push(format!("{place}: others write meanwhile: {last}"));
        }
        other.execute_batch("ROLLBACK").unwrap();
    }
    let before = file.root(&table);
    if let Err(error) = run(&connection, &last) {
        wrong.push(format!("{place}: {last}: {error}"));
    }
    if rewrites != (before != file.root(&table)) && (rewrites || !lock.is_empty()) {
        wrong.push(format!("{place}: {last}: rewritten is not {rewrites}"));
    }
}

/// Statements with what `ddl::effects` says of them: whether rows are written anew, and whether they are read.
#[test]
fn rows_are_rewritten_when_it_is_said() {
    const SETUP: &str = "CREATE TABLE orders (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, v INTEGER AS (b + 1) VIRTUAL); INSERT INTO orders \
                         (a, b) VALUES ('x', 1), ('y', 2)";
    for statement in [
        "ALTER TABLE orders ADD COLUMN c TEXT",
        "ALTER TABLE orders ADD COLUMN c TEXT NOT NULL DEFAULT 'z'",
        "ALTER TABLE orders ADD COLUMN c INTEGER CHECK (c IS NULL OR c > 0)",
        "ALTER TABLE orders ADD COLUMN c INTEGER AS (b * 2) VIRTUAL",
        "ALTER TABLE orders DROP COLUMN a",
        "ALTER TABLE orders DROP COLUMN v",
        "ALTER TABLE orders RENAME COLUMN a TO c",
        "ALTER TABLE orders RENAME TO purchases",
        "ALTER TABLE orders ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE orders ADD CONSTRAINT positive CHECK (b > 0)",
        "CREATE INDEX orders_a ON orders (a)",
        "CREATE TRIGGER orders_t AFTER INSERT ON orders BEGIN SELECT 1; END",
        "VACUUM",
    ] {
        let file = File::with(SETUP);
        let read = ddl::read(statement, version());
        let said = file.facts(|facts| {
            ddl::effects(&read, &read.changes[0], version(), &|table| {
                facts.table(table).map(|facts| facts.known).unwrap_or_default()
            })
        });
        let before = file.root("orders");
        run(&file.open(), statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        let after = file.root(if statement.contains("RENAME TO") { "purchases" } else { "orders" });
        assert_eq!(said[0].rewrites, before != after, "{statement}");
        let blocked = File::with(SETUP);
        let other = blocked.open();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(run(&blocked.open(), statement).is_err(), "{statement}");
    }
}

#[test]
fn what_is_refused_is_refused_and_only_with_rows() {
    // What is refused however empty the table is, and what only for the rows that are there.
    for (statement, when_empty) in [
        ("ALTER TABLE users ADD COLUMN x TEXT UNIQUE", false),
        ("ALTER TABLE users ADD COLUMN x INTEGER PRIMARY KEY", false),
        ("ALTER TABLE users ADD COLUMN x TEXT DEFAULT CURRENT_TIMESTAMP", true),
        ("ALTER TABLE users ADD COLUMN x TEXT DEFAULT (random())", true),
        ("ALTER TABLE users ADD COLUMN x TEXT NOT NULL", true),
        ("ALTER TABLE users ADD COLUMN x INTEGER AS (id + 1) STORED", true),
        ("ALTER TABLE users ADD COLUMN x INTEGER DEFAULT 1 REFERENCES users (id)", true),
        ("ALTER TABLE users ALTER COLUMN id TYPE TEXT", false),
        ("ALTER TABLE users ALTER COLUMN id SET DEFAULT 3", false),
        ("ALTER TABLE users ADD CONSTRAINT u UNIQUE (id)", false),
        ("ALTER TABLE users ADD FOREIGN KEY (id) REFERENCES users (id)", false),
    ] {
        let with_rows =
            File::with("CREATE TABLE users (id INTEGER PRIMARY KEY); INSERT INTO users VALUES (1)");
        let empty = File::with("CREATE TABLE users (id INTEGER PRIMARY KEY)");
        assert!(run(&with_rows.open(), statement).is_err(), "{statement}");
        assert_eq!(run(&empty.open(), statement).is_ok(), when_empty, "{statement}");
        let found = findings(&with_rows, vec![statement.to_owned()], "");
        assert!(found.iter().any(|finding| finding.severity >= Severity::Warning), "{statement}: {found:?}");
    }
}

#[test]
fn a_drop_takes_the_children_and_a_rebuild_the_indexes() {
    let file = File::with(
        "CREATE TABLE customers (id INTEGER PRIMARY KEY); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES \
         customers (id) ON DELETE CASCADE); INSERT INTO customers VALUES (1); INSERT INTO orders VALUES (1, 1)",
    );
    let connection = file.open();
    run(&connection, "PRAGMA foreign_keys = ON; DROP TABLE customers").unwrap();
    let rows: i64 = connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);

    let file = File::with(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, code TEXT); CREATE INDEX orders_code ON orders (code); INSERT INTO orders VALUES (1, '007')",
    );
    run(&file.open(), "CREATE TABLE new (id INTEGER PRIMARY KEY, code INTEGER); INSERT INTO new SELECT * FROM orders; DROP TABLE orders; ALTER TABLE new RENAME TO orders").unwrap();
    assert!(!file.schema().iter().any(|(name, _)| name == "orders_code"));
    let code: i64 = file.open().query_row("SELECT code FROM orders", [], |row| row.get(0)).unwrap();
    assert_eq!(code, 7, "a text becomes a number under another affinity");
}

#[test]
fn foreign_keys_stay_as_they_are_inside_a_transaction() {
    let file = File::with("CREATE TABLE orders (id INTEGER PRIMARY KEY)");
    let connection = file.open();
    run(&connection, "PRAGMA foreign_keys = ON; BEGIN; PRAGMA foreign_keys = OFF").unwrap();
    let on: bool = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap();
    assert!(on);
    assert!(run(&connection, "VACUUM").is_err());
}

#[test]
fn a_renamed_table_leaves_views_behind_under_the_legacy_rename() {
    let setup =
        "CREATE TABLE orders (id INTEGER PRIMARY KEY); CREATE VIEW all_orders AS SELECT id FROM orders";
    let file = File::with(setup);
    run(&file.open(), "PRAGMA legacy_alter_table = ON; ALTER TABLE orders RENAME TO purchases").unwrap();
    assert!(run(&file.open(), "SELECT * FROM all_orders").is_err());
    let file = File::with(setup);
    run(&file.open(), "ALTER TABLE orders RENAME TO purchases; SELECT * FROM all_orders").unwrap();
}

/// Statements that do no harm.
const SAFE: &[&str] = &[
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail TEXT UNIQUE) STRICT",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer INTEGER NOT NULL REFERENCES customers (id), total NUMERIC NOT NULL DEFAULT 0, made TEXT DEFAULT CURRENT_TIMESTAMP)",
    "CREATE INDEX orders_customer ON orders (customer)",
    "CREATE TABLE IF NOT EXISTS tags (name TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TEMP TABLE picked (id INTEGER)",
    "CREATE TABLE \"order tags\" (\"order\" INTEGER, tag TEXT, PRIMARY KEY (\"order\", tag))",
    "CREATE UNIQUE INDEX tags_lower ON tags (lower(name))",
    "CREATE VIEW customer_names AS SELECT name FROM customers",
    "CREATE TRIGGER orders_made AFTER INSERT ON orders BEGIN UPDATE orders SET made = 'now' WHERE id = NEW.id; END",
    "ALTER TABLE kept ADD COLUMN note TEXT",
    "ALTER TABLE kept ADD COLUMN state TEXT NOT NULL DEFAULT 'new'",
    "ALTER TABLE kept ADD COLUMN size INTEGER DEFAULT 1",
    "ALTER TABLE kept ADD COLUMN weight REAL CHECK (weight IS NULL OR weight > 0)",
    "ALTER TABLE kept ADD COLUMN parent INTEGER REFERENCES kept (id)",
    "ALTER TABLE kept ADD COLUMN twice INTEGER AS (n * 2) VIRTUAL",
    "CREATE INDEX kept_parent ON kept (parent)",
    "CREATE INDEX IF NOT EXISTS kept_n ON kept (n) WHERE n IS NOT NULL",
    "DROP INDEX kept_n",
    "INSERT INTO kept (id, n) VALUES (2, 3), (3, 4)",
    "INSERT OR IGNORE INTO tags (name) VALUES ('new')",
    "INSERT INTO tags (name) VALUES ('old') ON CONFLICT (name) DO NOTHING",
    "INSERT INTO customers (name) VALUES ('Ada \"Countess\" Lovelace')",
    "INSERT INTO \"order tags\" (\"order\", tag) SELECT 1, 'x'",
    "UPDATE kept SET n = 5 WHERE id = 2",
    "DELETE FROM kept WHERE id = 3",
    "SELECT count(*) FROM \"kept\"",
    "PRAGMA table_info(kept)",
    "PRAGMA foreign_key_check",
    "PRAGMA user_version = 3",
    "ANALYZE",
    "DROP VIEW IF EXISTS customer_names",
    "DROP TRIGGER orders_made",
    "REINDEX kept_parent",
];

#[test]
fn safe_statements_are_left_alone_and_run() {
    assert!(SAFE.len() >= 30);
    let statements: Vec<String> = SAFE.iter().map(|statement| (*statement).to_owned()).collect();
    let found = lint::findings(&[migration(statements.clone())], version(), None, &Default::default());
    let loud: Vec<String> = found
        .iter()
        .filter(|finding| finding.severity > Severity::Note)
        .map(|finding| format!("{} {}: {}", finding.rule, finding.statement, finding.message))
        .collect();
    assert!(loud.is_empty(), "{}", loud.join("\n"));
    let file =
        File::with("CREATE TABLE kept (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO kept VALUES (1, 2)");
    let connection = file.open();
    for statement in statements {
        run(&connection, &statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}
