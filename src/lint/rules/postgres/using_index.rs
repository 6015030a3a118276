//! A constraint on an index that is built beforehand.

use super::form;
use crate::ddl::{Change, Constraint, ConstraintKind, TableName};
use crate::lint::{Fix, Group, Site};

/// The index, built concurrently, then the constraint that takes it over.
pub(super) fn fix(
    site: &Site<'_>,
    change: &Change,
    table: &TableName,
    constraint: &Constraint,
) -> Option<Fix> {
    let source = form::source(site, change);
    let (_, rest) = source.split_once('(')?;
    let (columns, rest) = rest.split_once(')')?;
    let rest = rest.trim();
    // What belongs to the index would have to move there.
    let upper = source.to_ascii_uppercase();
    let of_index = ["INCLUDE", "WITH", "USING INDEX", "NULLS"];
    if constraint.columns.is_empty() || of_index.iter().any(|word| upper.contains(word)) {
        return None;
    }
    let name = form::name(site, &form::constraint_name(table, constraint));
    let index = format!(
        "{} {name} {} {} ({})",
        form::keyword(site, "CREATE UNIQUE INDEX CONCURRENTLY"),
        form::keyword(site, "ON"),
        form::table(site, table),
        columns.trim()
    );
    let kind = if constraint.kind == ConstraintKind::PrimaryKey { "PRIMARY KEY" } else { "UNIQUE" };
    let part = format!(
        "{} {name} {} {} {name} {rest}",
        form::keyword(site, "ADD CONSTRAINT"),
        form::keyword(site, kind),
        form::keyword(site, "USING INDEX")
    );
    let added = form::with(site, change, part.trim())?;
    Some(Fix {
        title: "build the index concurrently, and add the constraint on it".to_owned(),
        groups: vec![Group::alone([index]), Group::together([added])],
    })
}
