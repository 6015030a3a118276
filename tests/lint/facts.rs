//! What a database changes in the findings.

use super::support::{Database, ServerKind, databases};
use super::{found, shop};

const UPDATE: &str = "-- migrate:up\nUPDATE orders SET status = 'pending';\n\n-- migrate:down\nUPDATE orders SET status = NULL;\n";

#[test]
fn a_table_that_is_not_there_yet_is_left_in_peace() {
    for database in databases() {
        let project = shop(UPDATE);
        let output = project.dunlin(&["lint", "--format", "json", "--url", &database.url()]);
        assert_eq!((output.status, found(&output)), (0, vec![]), "{:?}", database.kind());
    }
}

#[test]
fn the_size_of_a_table_decides_how_bad_it_is() {
    for database in databases() {
        let project = shop(UPDATE);
        let url = database.url();
        project.dunlin(&["up", "--steps", "1", "--url", &url]).success();
        let severities = || {
            let output = project.dunlin(&["lint", "--format", "json", "--url", &url]);
            let document = output.json();
            let first = &document["findings"][0];
            (
                first["severity"].to_string(),
                first["size"].as_str().unwrap_or_default().to_owned(),
                found(&output),
            )
        };
        let (empty, ..) = severities();
        assert_eq!(empty, "\"note\"", "{:?}", database.kind());
        database.sql("INSERT INTO orders (id, status) VALUES (1, 'new')");
        let (small, size, _) = severities();
        assert_eq!(small, "\"note\"", "{:?}", database.kind());
        assert!(size.starts_with("1 rows"), "{:?}: {size}", database.kind());
        grow(&database);
        let (large, size, all) = severities();
        assert_eq!(large, "\"warning\"", "{:?}: {size} {all:?}", database.kind());
    }
}

/// Some 40,000 rows, with statistics of them.
fn grow(database: &Database) {
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT a.i * 1000 + b.i, 'new' \
                   FROM n a CROSS JOIN n b";
    database.sql(&format!("INSERT INTO orders (id, status) {numbers}"));
    match database.kind() {
        ServerKind::Postgres => {
            database.sql("ANALYZE orders");
        }
        ServerKind::Sqlite => {}
        _ => {
            database.sql("ANALYZE TABLE orders");
        }
    }
}

#[test]
fn a_statement_on_one_row_is_no_finding() {
    let project = shop(
        "-- migrate:up\nUPDATE orders SET status = 'new' WHERE id = 4711;\n\n-- migrate:down\n-- Nothing.\n",
    );
    let output = super::offline(&project, &["--format", "json", "migrations/2_change.sql"]);
    assert_eq!(found(&output), Vec::<String>::new());
}

#[test]
fn reading_writes_nothing() {
    let database = Database::sqlite();
    let project = shop(UPDATE);
    assert_eq!(project.dunlin(&["lint", "--url", &database.url()]).status, 0);
    assert!(!std::path::Path::new(&database.name()).exists());
}

#[test]
fn what_takes_the_place_of_another_is_no_rename() {
    for (dialect, up) in [
        (
            "postgres",
            "ALTER TABLE orders DROP COLUMN status;\nALTER TABLE orders RENAME COLUMN status_new TO status;",
        ),
        (
            "sqlite",
            "ALTER TABLE orders RENAME TO orders_old;\nCREATE TABLE orders (id INTEGER PRIMARY KEY);\nINSERT INTO orders SELECT id FROM \
             orders_old;\nDROP TABLE orders_old;",
        ),
    ] {
        let project = shop(&format!("-- migrate:up\n{up}\n\n-- migrate:down\n-- Nothing.\n"));
        let arguments =
            ["lint", "--no-database", "--dialect", dialect, "--format", "json", "migrations/2_change.sql"];
        let output = project.dunlin(&arguments);
        let named = ["rename-column", "drop-column", "rename-table", "drop-table"];
        let found = found(&output);
        assert!(
            !found.iter().any(|found| named.iter().any(|name| found.starts_with(name))),
            "{dialect}: {found:?}"
        );
    }
}
