//! The proof itself: a baseline that lacks something is not taken for sound.

use std::path::Path;

use dunlin::db::DatabaseUrl;
use dunlin::engine::RunOptions;
use dunlin::schema::Scope;
use dunlin::scratch::{Scratch, Wanted};
use dunlin::squash::{self, SquashError};
use dunlin::trace::Trace;
use dunlin::verify::{Bench, Changed};
use dunlin_compat::model::SquashScope;
use dunlin_compat::native::{Native, TableName};

const OLD: [(&str, &str); 2] = [
    (
        "1_orders.sql",
        "-- migrate:up\nCREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, note text);\n\
         CREATE INDEX orders_note ON orders (note);\n",
    ),
    (
        "2_first.sql",
        "-- migrate:up\nINSERT INTO orders (note) VALUES ('a'), ('b');\nDELETE FROM orders WHERE note = 'b';\n",
    ),
];

const TABLE: &str = "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, note text);";
const ROW: &str = "INSERT INTO orders VALUES (1, 'a');";
const COUNTER: &str = "UPDATE sqlite_sequence SET seq = 2;";
const INDEX: &str = "CREATE INDEX orders_note ON orders (note);";

/// What is found to differ when a baseline of these statements stands for the old migrations.
fn difference(statements: &[&str]) -> Option<Changed> {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&format!("sqlite:{}", folder.path().join("live.db").display())).unwrap();
    let make = || Scratch::create(&Wanted { live: &url, server: None, copy: false }, &mut |_| {}).unwrap();
    let scope = SquashScope { to: "2".into(), ids: vec!["1".into(), "2".into()], ..SquashScope::default() };
    let options = RunOptions::default();
    let seen = Scope { without_tables: vec!["dunlin_migrations".into()], ..Scope::default() };
    let project = |texts: &[(&str, &str)]| {
        Native::from_texts(Path::new("migrations"), TableName::default(), texts.iter().copied()).unwrap()
    };
    let old = project(&OLD);
    let mut bench = Bench {
        adapter: &old,
        options: &options,
        guests: None,
        scope: seen.clone(),
        trace: Trace::default(),
    };
    let given = squash::replay(&mut bench, &make(), &scope).unwrap();
    let text = format!("-- migrate:baseline\n{}\n", statements.join("\n"));
    let new = project(&[("2_baseline.sql", &text)]);
    let mut bench =
        Bench { adapter: &new, options: &options, guests: None, scope: seen, trace: Trace::default() };
    match squash::project(&mut bench, &make(), &scope, &given) {
        Ok(()) => None,
        Err(SquashError::Differs(changed)) => Some(*changed),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn whatever_a_baseline_lacks_is_found() {
    assert!(difference(&[TABLE, ROW, COUNTER, INDEX]).is_none());
    let without_index = difference(&[TABLE, ROW, COUNTER]).unwrap();
    assert_eq!((without_index.schema.len(), without_index.rows.len()), (1, 0), "{without_index:?}");
    let without_row = difference(&[TABLE, ROW, COUNTER, INDEX, "DELETE FROM orders;"]).unwrap();
    assert_eq!(without_row.rows[0].count, (1, 0), "{without_row:?}");
    let another_value = difference(&[TABLE, "INSERT INTO orders VALUES (1, 'A');", COUNTER, INDEX]).unwrap();
    assert_eq!(another_value.rows[0].columns, ["note"], "{another_value:?}");
    let without_counter = difference(&[TABLE, ROW, INDEX]).unwrap();
    assert_eq!(without_counter.counters.len(), 1, "{without_counter:?}");
}
