//! What `--fix` writes is a migration that goes up, down and up again: every rule's fix on every server that it is for.

use std::collections::{BTreeMap, BTreeSet};

use dunlin::ddl::{self, ChangeKind, ServerVersion};
use dunlin::lint::{self, Direction, Example, Migration, Rule, Statement};
use dunlin_compat::model::Dialect;

use super::support::{Database, Project, ServerKind, databases};

/// Rules, what they flag, and what takes it back.
const DOWNS: &[(&str, &str, &str)] = &[
    ("algorithm-unsaid", "ALTER TABLE orders ADD COLUMN status", "ALTER TABLE orders DROP COLUMN status"),
    ("algorithm-unsaid", "CREATE INDEX orders_total", "DROP INDEX orders_total ON orders"),
    (
        "check-without-not-valid",
        "ALTER TABLE orders ADD CONSTRAINT orders_total_check",
        "ALTER TABLE orders DROP CONSTRAINT orders_total_check",
    ),
    ("concurrently-in-transaction", "CREATE INDEX", "DROP INDEX CONCURRENTLY orders_status_idx"),
    (
        "detach-partition-without-concurrently",
        "ALTER TABLE visits DETACH",
        "ALTER TABLE visits ATTACH PARTITION visits_2020 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); ALTER TABLE visits_2020 DROP CONSTRAINT IF EXISTS visits_2020_day_check",
    ),
    ("double-quoted-string", "INSERT INTO orders", "DELETE FROM orders WHERE id = 1"),
    ("double-quoted-string", "ALTER TABLE orders ADD COLUMN status", "ALTER TABLE orders DROP COLUMN status"),
    (
        "drop-index-without-concurrently",
        "DROP INDEX",
        "CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status)",
    ),
    (
        "foreign-key-without-not-valid",
        "ALTER TABLE orders ADD CONSTRAINT",
        "ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey",
    ),
    ("index-without-concurrently", "CREATE INDEX", "DROP INDEX CONCURRENTLY orders_status_idx"),
    ("not-idempotent", "CREATE INDEX CONCURRENTLY", "-- The index was there before."),
    (
        "primary-key-without-index",
        "ALTER TABLE orders ADD CONSTRAINT",
        "ALTER TABLE orders DROP CONSTRAINT orders_pkey",
    ),
    (
        "reference-in-one-step",
        "ALTER TABLE orders ADD COLUMN payer_id",
        "ALTER TABLE orders DROP COLUMN payer_id",
    ),
    ("reindex-without-concurrently", "REINDEX", "-- The index is what it was."),
    ("rows-changed-at-once", "UPDATE orders", "UPDATE orders SET status = 'new'"),
    (
        "set-not-null",
        "ALTER TABLE orders ALTER COLUMN status",
        "ALTER TABLE orders ALTER COLUMN status DROP NOT NULL",
    ),
    (
        "set-not-null",
        "ALTER TABLE orders ALTER status",
        "ALTER TABLE orders ALTER COLUMN status DROP NOT NULL",
    ),
    (
        "unique-constraint-without-index",
        "ALTER TABLE orders ADD CONSTRAINT",
        "ALTER TABLE orders DROP CONSTRAINT orders_number_key",
    ),
    (
        "validate-in-same-transaction",
        "ALTER TABLE orders ADD CONSTRAINT",
        "ALTER TABLE orders DROP CONSTRAINT orders_total_check",
    ),
    ("volatile-default", "ALTER TABLE orders ADD COLUMN token", "ALTER TABLE orders DROP COLUMN token"),
];

fn server(kind: ServerKind) -> ServerVersion {
    let (dialect, version) = match kind {
        ServerKind::Postgres => (Dialect::Postgres, (15, 0, 0)),
        ServerKind::MySql => (Dialect::Mysql, (8, 4, 0)),
        ServerKind::MariaDb => (Dialect::Mariadb, (10, 11, 0)),
        ServerKind::Sqlite => (Dialect::Sqlite, (3, 50, 0)),
    };
    ServerVersion { dialect, version }
}

/// Examples with what takes them back, of rules that have a fix for them.
fn fixed(server: ServerVersion) -> Vec<(&'static Rule, &'static Example, &'static str)> {
    let examples = lint::rules().flat_map(|rule| rule.examples.iter().map(move |example| (rule, example)));
    let mut found = Vec::new();
    for (rule, example) in examples.filter(|(_, example)| example.dialects.contains(&server.dialect)) {
        // A script that begins a transaction itself is no matter of blocks.
        let flagged = example.flagged.trim_start_matches("BEGIN; ");
        let down = DOWNS.iter().find(|(id, start, _)| *id == rule.id && flagged.starts_with(start));
        match down {
            Some((_, _, down)) => found.push((rule, example, *down)),
            None => assert!(!has_fix(rule, flagged, server), "{}: {flagged}: what takes it back?", rule.id),
        }
    }
    found
}

fn has_fix(rule: &Rule, flagged: &str, server: ServerVersion) -> bool {
    let statements =
        dunlin::sql::split(flagged, server.dialect).unwrap().into_iter().map(|found| Statement {
            text: found.text,
            path: "1.sql".into(),
            line: found.line,
            column: 1,
            transaction: Some(0),
            is_batched: false,
        });
    let migration = Migration {
        id: "1".to_owned(),
        path: "1.sql".into(),
        direction: Direction::Up,
        has_down: Some(true),
        missing_down: None,
        is_code: false,
        has_lock_timeout: true,
        statements: statements.collect(),
    };
    let settings = lint::Settings { on: vec![rule.id.to_owned()], ..lint::Settings::default() };
    let found = lint::findings(&[migration], server, None, &settings);
    found.iter().any(|finding| finding.rule == rule.id && finding.fix.is_some())
}

/// The same with names of its own, so that all examples fit in one database.
fn named_apart(text: &str, number: usize) -> String {
    let mut out = String::new();
    for piece in text.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_')) {
        let word = piece.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
        let is_named = ["orders", "customers", "visits"]
            .iter()
            .any(|name| word == *name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with('_')));
        match word.split_once('_') {
            Some((table, rest)) if is_named => out.push_str(&format!("{table}{number}_{rest}")),
            _ if is_named => out.push_str(&format!("{word}{number}")),
            _ => out.push_str(word),
        }
        out.push_str(&piece[word.len()..]);
    }
    out
}

/// The tables that a script makes, each with a row that its columns take.
fn tables(setup: &str, server: ServerVersion) -> Vec<(String, String)> {
    let statements = dunlin::sql::split(setup, server.dialect).unwrap();
    let read = statements.iter().flat_map(|statement| ddl::read(&statement.text, server).changes);
    let made = read.filter_map(|change| match change.kind {
        ChangeKind::CreateTable { table, columns, partition_of: None, .. } => {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let values = columns.iter().map(|column| match column.data_type.as_str() {
                "date" => "'2020-05-05'",
                "text" | "varchar(20)" => "'new'",
                _ => "7",
            });
            let values: Vec<&str> = values.collect();
            let row =
                format!("INSERT INTO {} ({}) VALUES ({});", table.name, names.join(", "), values.join(", "));
            Some((table.name, row))
        }
        _ => None,
    });
    made.collect()
}

#[test]
fn every_fix_goes_up_down_and_up_again() {
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            databases().into_iter().map(|database| scope.spawn(move || verify(&database))).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

fn verify(database: &Database) {
    let server = server(database.kind());
    let examples = fixed(server);
    let project = Project::new();
    let (mut setup, mut dropped) = (String::new(), Vec::new());
    for (number, (_, example, down)) in examples.iter().enumerate() {
        let number = number + 10;
        let mut own = named_apart(example.setup, number);
        if server.dialect == Dialect::Sqlite {
            // There any other key may be NULL, so that batches would miss rows.
            own = own.replace("bigint PRIMARY KEY", "INTEGER PRIMARY KEY");
        }
        setup.push_str(&format!("{own};\n"));
        for (table, row) in tables(&own, server) {
            setup.push_str(&format!("{row}\n"));
            dropped.push(table);
        }
        let flagged = named_apart(example.flagged.trim_start_matches("BEGIN; "), number);
        let end = if down.starts_with("--") { "" } else { ";" };
        let down = named_apart(down, number);
        project.write(
            &format!("migrations/{number}_change.sql"),
            format!("-- migrate:up\n{flagged};\n\n-- migrate:down\n{down}{end}\n"),
        );
    }
    let drops: String = dropped.iter().rev().map(|table| format!("DROP TABLE {table};\n")).collect();
    project.write("migrations/1_setup.sql", format!("-- migrate:up\n{setup}\n-- migrate:down\n{drops}"));
    let on: BTreeSet<&str> =
        examples.iter().filter(|(rule, ..)| rule.is_opt_in).map(|(rule, ..)| rule.id).collect();
    project.write("dunlin.toml", format!("[lint]\non = {:?}\n", on.iter().collect::<Vec<_>>()));
    let url = database.url();
    project.dunlin(&["up", "--steps", "1", "--no-lint", "--url", &url]).success();

    let lint = || {
        let output = project.dunlin(&["lint", "--format", "json", "--url", &url]);
        assert!([0, 5].contains(&output.status), "{output}");
        output.json()
    };
    let fixes = |document: &serde_json::Value| -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for finding in document["findings"].as_array().unwrap() {
            if finding["fix"].is_object() {
                let rule = finding["rule"].as_str().unwrap().to_owned();
                found.entry(finding["path"].as_str().unwrap().to_owned()).or_default().insert(rule);
            }
        }
        found
    };
    let first = lint();
    let before = fixes(&first);
    let mut written = BTreeSet::new();
    for (number, (rule, example, _)) in examples.iter().enumerate() {
        let path = format!("migrations/{}_change.sql", number + 10);
        if before.get(&path).is_some_and(|rules| rules.contains(rule.id)) {
            written.insert(rule.id);
        } else {
            // The engine builds such an index outside a transaction by itself.
            assert_eq!(rule.id, "concurrently-in-transaction", "{path}: {}", example.flagged);
        }
    }
    assert!(written.len() >= if database.kind() == ServerKind::Postgres { 9 } else { 2 }, "{written:?}");
    // A statement is mended once at a time.
    for _ in 0..3 {
        project.dunlin(&["lint", "--fix", "--url", &url]);
    }
    let after = fixes(&lint());
    let verified = project.dunlin(&["verify", "--copy", "--url", &url]);
    assert_eq!(verified.status, 0, "{:?}: {verified}", database.kind());
    assert!(after.is_empty(), "{:?}: fixes are left: {after:?}", database.kind());
}
