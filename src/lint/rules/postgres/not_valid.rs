//! A constraint in two steps: `NOT VALID`, then `VALIDATE CONSTRAINT`.

use super::form;
use crate::ddl::{Change, Constraint, TableName};
use crate::lint::{Fix, Group, Site};

/// The two steps, if the statement's own words allow for them.
pub(super) fn fix(
    site: &Site<'_>,
    change: &Change,
    table: &TableName,
    constraint: &Constraint,
) -> Option<Fix> {
    let not_valid = form::keyword(site, "NOT VALID");
    let added = form::with(site, change, &format!("{} {not_valid}", form::source(site, change)))?;
    let name = form::constraint_name(table, constraint);
    Some(Fix {
        title: "add the constraint NOT VALID, and validate it on its own".to_owned(),
        groups: vec![Group::together([added]), Group::together([validate(site, table, &name)])],
    })
}

/// `ALTER TABLE … VALIDATE CONSTRAINT …`
pub(super) fn validate(site: &Site<'_>, table: &TableName, name: &str) -> String {
    format!(
        "{} {} {} {}",
        form::keyword(site, "ALTER TABLE"),
        form::table(site, table),
        form::keyword(site, "VALIDATE CONSTRAINT"),
        form::name(site, name)
    )
}
