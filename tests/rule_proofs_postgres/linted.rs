//! Statements as lint sees them.

use std::path::PathBuf;

use dunlin::ddl::ServerVersion;
use dunlin::lint::{self, Direction, Finding, Migration, Settings, Statement};

use crate::measure::is_alone;

/// Statements, each with the transaction that it shares.
pub fn migration(statements: &[(String, Option<usize>)]) -> Migration {
    let place = |index: usize| (index + 1, PathBuf::from("migrations/7_orders.sql"));
    Migration {
        id: "7".to_owned(),
        path: PathBuf::from("migrations/7_orders.sql"),
        direction: Direction::Up,
        has_down: Some(true),
        is_code: false,
        has_lock_timeout: true,
        statements: statements
            .iter()
            .enumerate()
            .map(|(index, (text, transaction))| Statement {
                text: text.clone(),
                path: place(index).1,
                line: place(index).0,
                column: 1,
                transaction: *transaction,
                is_batched: text.contains(":from"),
            })
            .collect(),
    }
}

/// All in one transaction but those that cannot, or a script that begins one itself.
pub fn in_one(statements: &[String]) -> Vec<(String, Option<usize>)> {
    let own = statements.iter().any(|text| text == "BEGIN");
    statements.iter().map(|text| (text.clone(), (!own && !is_alone(text)).then_some(0))).collect()
}

/// Each in a transaction of its own.
pub fn apart(statements: &[String]) -> Vec<(String, Option<usize>)> {
    statements
        .iter()
        .enumerate()
        .map(|(index, text)| (text.clone(), (!is_alone(text)).then_some(index)))
        .collect()
}

/// What the rules find, with one that is off unless asked for.
pub fn findings(migration: Migration, server: ServerVersion, on: &str) -> Vec<Finding> {
    let settings = Settings { on: vec![on.to_owned()], ..Settings::default() };
    lint::findings(&[migration], server, None, &settings)
}
