use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, Column, Constraint, ConstraintKind, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "foreign-key-without-index",
    title: "A foreign key's columns have no index",
    dialects: &[Dialect::Postgres, Dialect::Sqlite],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "Each delete from, or update of a key of, the referenced table looks for rows that refer to it: without an index it reads the whole table, under locks. MySQL and MariaDB make the index themselves; PostgreSQL and SQLite do not.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY)",
        flagged: "ALTER TABLE orders ADD COLUMN customer_id bigint REFERENCES customers",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    for (index, statement) in whole.read.iter().enumerate() {
        for change in &statement.changes {
            for (table, columns) in foreign_keys(&change.kind) {
                if columns.is_empty() || !is_bare(whole, table, &columns) {
                    continue;
                }
                let list = columns.join(", ");
                let message = format!(
                    "{table} ({list}) refers to another table and has no index: each delete there reads {table} whole"
                );
                let advice = format!("Create an index on {table} ({list}).");
                hits.push((Some(index), Hit::at(change, message, advice).on(table)));
            }
        }
    }
}

/// The foreign keys that a change makes, each with its columns.
fn foreign_keys(kind: &ChangeKind) -> Vec<(&TableName, Vec<String>)> {
    let of_column = |column: &Column| {
        column
            .constraints
            .iter()
            .any(|constraint| constraint.kind == ConstraintKind::ForeignKey)
            .then(|| vec![column.name.clone()])
    };
    let of_constraint = |constraint: &Constraint| {
        (constraint.kind == ConstraintKind::ForeignKey).then(|| constraint.columns.clone())
    };
    match kind {
        ChangeKind::AddColumn { table, column, .. } => {
            of_column(column).map(|columns| (table, columns)).into_iter().collect()
        }
        ChangeKind::AddConstraint { table, constraint, .. } => {
            of_constraint(constraint).map(|columns| (table, columns)).into_iter().collect()
        }
        ChangeKind::CreateTable { table, columns, constraints, .. } => columns
            .iter()
            .filter_map(of_column)
            .chain(constraints.iter().filter_map(of_constraint))
            .map(|columns| (table, columns))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether no index of the table begins with these columns, as far as migration and database tell; where they do not, it is not
/// said.
fn is_bare(whole: &Whole<'_>, table: &TableName, columns: &[String]) -> bool {
    let begins = |index: &[String]| {
        columns.iter().all(|column| index.iter().take(columns.len()).any(|other| other == column))
    };
    let mut is_known = false;
    let names = names(whole, table);
    let is_it = |other: &TableName| names.contains(&other.name.as_str());
    for change in
        whole.read.iter().chain(whole.later.iter().copied()).flat_map(|statement| &statement.changes)
    {
        match &change.kind {
            ChangeKind::CreateIndex { index, .. } if is_it(&index.table) && !index.partial => {
                let names: Vec<String> = index.columns.iter().map(|column| column.text.clone()).collect();
                if begins(&names) {
                    return false;
                }
            }
            ChangeKind::CreateTable { table: made, columns: all, constraints, indexes, .. }
                if is_it(made) =>
            {
                is_known = true;
                let of_columns = all.iter().flat_map(|column| {
                    column.constraints.iter().map(move |found| (found.kind, vec![column.name.clone()]))
                });
                let of_table = constraints.iter().map(|found| (found.kind, found.columns.clone()));
                let keys = of_columns.chain(of_table);
                let is_key = |kind: ConstraintKind| {
                    matches!(kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique)
                };
                if keys.into_iter().any(|(kind, names)| is_key(kind) && begins(&names)) {
                    return false;
                }
                let names = |index: &crate::ddl::Index| -> Vec<String> {
                    index.columns.iter().map(|column| column.text.clone()).collect()
                };
                if indexes.iter().any(|index| begins(&names(index))) {
                    return false;
                }
            }
            ChangeKind::AddConstraint { table: other, constraint, .. } if is_it(other) => {
                let is_key = matches!(constraint.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique);
                if is_key && begins(&constraint.columns) {
                    return false;
                }
            }
            ChangeKind::AddColumn { table: other, column, .. }
                if is_it(other) && columns == [column.name.clone()] =>
            {
                is_known = true;
                let is_key = |kind: ConstraintKind| {
                    matches!(kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique)
                };
                if column.constraints.iter().any(|constraint| is_key(constraint.kind)) {
                    return false;
                }
            }
            _ => {}
        }
    }
    match whole.facts.and_then(|facts| facts.table(table)) {
        Some(facts) => !facts.indexes.iter().any(|index| begins(index)),
        None => is_known,
    }
}

/// The names that the table has in the migration: a rebuild makes it under one and gives it another.
fn names<'w>(whole: &'w Whole<'_>, table: &'w TableName) -> Vec<&'w str> {
    let mut names = vec![table.name.as_str()];
    for change in whole.read.iter().flat_map(|statement| &statement.changes) {
        if let ChangeKind::RenameTable { table: from, to } = &change.kind
            && names.contains(&from.name.as_str())
        {
            names.push(&to.name);
        }
    }
    names
}
