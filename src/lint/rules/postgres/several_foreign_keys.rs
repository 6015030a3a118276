use dunlin_compat::model::Dialect;

use std::collections::BTreeSet;

use crate::ddl::{Change, ChangeKind, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "several-foreign-keys",
    title: "One transaction locks several tables for foreign keys",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "A foreign key takes a SHARE ROW EXCLUSIVE lock on the table that it refers to, and keeps it until \
                 the transaction ends. With several tables nobody writes to any of them until the last lock is had, \
                 and two transactions that take them in another order wait for each other.\n\nAdd one foreign key in \
                 a transaction.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE products (id bigint PRIMARY \
                         KEY)",
        flagged: "CREATE TABLE wishes (customer_id bigint REFERENCES customers, product_id bigint REFERENCES \
                         products)",
        flagged_does: ("ShareRowExclusiveLock", false),
        safe: "CREATE TABLE wishes (customer_id bigint REFERENCES customers, product_id bigint)",
        safe_does: ("ShareRowExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    let Some(change) = site.parsed.changes.first() else { return };
    let referenced = |changes: &[Change]| -> BTreeSet<TableName> {
        let constraints = changes.iter().flat_map(|change| match &change.kind {
            ChangeKind::CreateTable { columns, constraints, .. } => {
                columns.iter().flat_map(|column| &column.constraints).chain(constraints).collect()
            }
            ChangeKind::AddColumn { column, .. } => column.constraints.iter().collect(),
            ChangeKind::AddConstraint { constraint, .. } => vec![constraint.as_ref()],
            _ => Vec::new(),
        });
        constraints
            .filter_map(|constraint| Some(constraint.references.as_ref()?.table.clone()))
            .filter(|table| !site.is_new(table))
            .collect()
    };
    let now = referenced(&site.parsed.changes);
    let shares = |other: Option<usize>| other.is_some() && other == site.statement.transaction;
    let earlier = site.read.iter().zip(&site.migration.statements).take(site.index);
    let held: BTreeSet<TableName> = earlier
        .filter(|(_, statement)| shares(statement.transaction))
        .flat_map(|(read, _)| referenced(&read.changes))
        .collect();
    // Told once, where the second is taken.
    let tables: BTreeSet<&TableName> = now.union(&held).collect();
    if tables.len() < 2 || held.len() >= 2 || now.is_subset(&held) {
        return;
    }
    let list = tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    hits.push(
        Hit {
            span: change.span.clone(),
            message: format!("nobody writes to {list} until it has the locks on all of them"),
            advice: "Add one foreign key in a transaction.".to_owned(),
            ..Hit::default()
        }
        .whatever_size(),
    );
}
