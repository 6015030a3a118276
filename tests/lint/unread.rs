//! What the readers understand: whatever is valid, of all that the project holds.

use std::path::{Path, PathBuf};

use dunlin::ddl::ServerVersion;
use dunlin::lint::{self, Direction, Migration, Settings, Statement};
use dunlin_compat::model::Dialect;

use super::found;
use super::support::Project;

const POSTGRES: ServerVersion = ServerVersion { dialect: Dialect::Postgres, version: (18, 0, 0) };
const MYSQL: ServerVersion = ServerVersion { dialect: Dialect::Mysql, version: (9, 4, 0) };
const MARIADB: ServerVersion = ServerVersion { dialect: Dialect::Mariadb, version: (12, 0, 0) };
const SQLITE: ServerVersion = ServerVersion { dialect: Dialect::Sqlite, version: (3, 50, 0) };

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            found.push(path);
        }
    }
}

/// The servers that a file is for, as its folders say.
fn servers(path: &Path) -> Vec<ServerVersion> {
    let has =
        |names: &[&str]| path.components().any(|part| names.iter().any(|name| part.as_os_str() == *name));
    if has(&["mysql"]) {
        vec![MYSQL]
    } else if has(&["mariadb"]) {
        vec![MARIADB]
    } else if has(&["sqlite"]) {
        vec![SQLITE]
    } else if has(&["common"]) {
        vec![POSTGRES, MYSQL, MARIADB, SQLITE]
    } else {
        vec![POSTGRES]
    }
}

#[test]
fn every_statement_of_fixtures_and_examples_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["tests/fixtures", "tests/rule_proofs_postgres", "examples", "migrations"] {
        files(&root.join(folder), &mut paths);
    }
    if let Some(more) = std::env::var_os("CORPUS") {
        files(Path::new(&more), &mut paths);
    }
    assert!(paths.len() > 90, "{}", paths.len());
    let (mut count, mut wrong) = (0, Vec::new());
    for path in paths {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for server in servers(&path) {
            let Ok(statements) = dunlin::sql::split(&text, server.dialect) else { continue };
            count += statements.len();
            let statements = statements.into_iter().map(|statement| Statement {
                // As a placeholder would fill it.
                text: statement.text.replace("${", "x_").replace('}', ""),
                path: path.clone(),
                line: statement.line,
                column: 1,
                transaction: Some(0),
                is_batched: false,
            });
            let migration = Migration {
                id: "1".to_owned(),
                path: path.clone(),
                direction: Direction::Up,
                has_down: Some(true),
                missing_down: None,
                is_code: false,
                has_lock_timeout: true,
                statements: statements.collect(),
            };
            let found = lint::findings(&[migration], server, None, &Settings::default());
            for finding in found.iter().filter(|finding| finding.rule == "unread-statement") {
                let place = format!("{}:{} {}", path.display(), finding.line, server.dialect);
                wrong.push(format!("{place}: {}", finding.message));
            }
        }
    }
    assert!(count > 500, "{count}");
    assert!(wrong.is_empty(), "{}\n{count}", wrong.join("\n"));
}

#[test]
fn what_is_misspelt_is_found_with_its_place() {
    for dialect in ["postgres", "mysql", "mariadb", "sqlite"] {
        let project = Project::with(&[(
            "migrations/1_orders.sql",
            "-- migrate:up\nCREATE TABLE orders (id bigint PRIMARY KEY);\nALTER TABEL orders\n  ADD COLUMN note text;\n\n-- migrate:down\nDROP TABLE orders;\n",
        )]);
        let output = project.dunlin(&["lint", "--no-database", "--dialect", dialect, "--format", "json"]);
        assert_eq!(found(&output), ["unread-statement:3 warning"], "{dialect}");
        let finding = &output.json()["findings"][0];
        assert!(finding["message"].as_str().unwrap().contains("TABEL orders …"), "{finding}");
        // squawk's parser takes nothing of it.
        assert_eq!(finding["column"], if dialect == "postgres" { 1 } else { 7 }, "{dialect}: {finding}");
    }
}
