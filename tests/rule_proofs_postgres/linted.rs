//! Statements as lint sees them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dunlin::ddl::{self, ChangeKind, Known, KnownColumn, ServerVersion, TableName};
use dunlin::lint::{self, Direction, Facts, Finding, Migration, Settings, Statement, TableFacts};

use crate::measure::is_alone;

/// Statements, each with the transaction that it shares.
pub fn migration(statements: &[(String, Option<usize>)]) -> Migration {
    let place = |index: usize| (index + 1, PathBuf::from("migrations/7_orders.sql"));
    Migration {
        id: "7".to_owned(),
        path: PathBuf::from("migrations/7_orders.sql"),
        direction: Direction::Up,
        has_down: Some(true),
        missing_down: None,
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
    findings_on(migration, server, on, None)
}

/// The same with a database that holds what `setup` makes, and rows in it.
pub fn findings_after(setup: &str, migration: Migration, server: ServerVersion, on: &str) -> Vec<Finding> {
    findings_on(migration, server, on, Some(&SetUp { tables: tables(setup, server) }))
}

fn findings_on(
    migration: Migration,
    server: ServerVersion,
    on: &str,
    facts: Option<&dyn Facts>,
) -> Vec<Finding> {
    let settings = Settings { on: vec![on.to_owned()], ..Settings::default() };
    lint::findings(&[migration], server, facts, &settings)
}

struct SetUp {
    tables: BTreeMap<String, TableFacts>,
}

impl Facts for SetUp {
    fn table(&self, table: &TableName) -> Option<TableFacts> {
        self.tables.get(&table.name).cloned()
    }

    fn table_of_index(&self, _: &TableName) -> Option<TableName> {
        None
    }
}

fn tables(setup: &str, server: ServerVersion) -> BTreeMap<String, TableFacts> {
    let read =
        crate::measure::statements(setup).into_iter().flat_map(|text| ddl::read(&text, server).changes);
    read.filter_map(|change| match change.kind {
        ChangeKind::CreateTable { table, columns, .. } => {
            let known = columns.into_iter().map(|column| KnownColumn {
                name: column.name,
                data_type: column.data_type,
                not_null: column.not_null,
                ..KnownColumn::default()
            });
            let known = Known { columns: Some(known.collect()), ..Known::default() };
            Some((table.name, TableFacts { rows: 100_000, bytes: 100 << 20, known, ..TableFacts::default() }))
        }
        _ => None,
    })
    .collect()
}
