use super::MYSQL_FAMILY;
use crate::ddl::{Change, ChangeKind, ConstraintKind, References, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};
use dunlin_compat::model::Dialect;

pub const RULE: Rule = Rule {
    id: "foreign-key-added",
    title: "A foreign key is added to a table that is in use",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "With `foreign_key_checks` on, the server copies the table to check its rows, while nobody else writes to it, and \
                  locks the parent too: MySQL waits for every transaction that has used it, MariaDB for those that have written to \
                  it, and whoever comes later waits behind.\n\nWith `SET foreign_key_checks = 0` it is added in place and rows are \
                  not checked: look for rows without a parent before, and set it back.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE customers (id int PRIMARY KEY); CREATE TABLE orders (id int PRIMARY KEY, customer int, KEY (customer)); INSERT INTO customers VALUES (1); INSERT INTO orders VALUES (1, 1)",
        flagged: "ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers (id)",
        flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
        safe: "SET foreign_key_checks = 0; ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers (id), ALGORITHM=INPLACE, LOCK=NONE; SET foreign_key_checks = 1",
        safe_does: ("ALGORITHM=INPLACE, LOCK=NONE", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let Some((table, references)) = added(site, change) else { continue };
        if site.is_new(table) {
            continue;
        }
        let parent = &references.table;
        if is_off(site, "foreign_key_checks") {
            let message = format!(
                "rows of {table} are not checked against {parent}, and others wait for its metadata lock for a moment"
            );
            let advice = "Look for rows without a parent first, and set foreign_key_checks back.";
            hits.push(Hit::at(change, message, advice).on(table).severity(Severity::Note));
            continue;
        }
        let users = if site.dialect() == Dialect::Mysql { "uses" } else { "writes to" };
        let message = format!(
            "{table} is copied to check its rows while nobody else writes to it; it waits for every transaction that {users} {parent}, \
             and whoever comes later waits behind it"
        );
        let advice = "Check the rows by a query, then add it with foreign_key_checks = 0 and ALGORITHM=INPLACE, LOCK=NONE.";
        hits.push(Hit::at(change, message, advice).on(table));
    }
}

fn added<'a>(site: &Site<'_>, change: &'a Change) -> Option<(&'a TableName, &'a References)> {
    match &change.kind {
        ChangeKind::AddConstraint { table, constraint, .. } => {
            constraint.references.as_ref().map(|references| (table, references))
        }
        ChangeKind::AddColumn { table, column, .. } if honours_inline(site) => column
            .constraints
            .iter()
            .filter(|constraint| constraint.kind == ConstraintKind::ForeignKey)
            .find_map(|constraint| constraint.references.as_ref())
            .map(|references| (table, references)),
        _ => None,
    }
}

/// Whether `REFERENCES` at a column makes a foreign key.
pub(super) fn honours_inline(site: &Site<'_>) -> bool {
    site.server.version >= if site.dialect() == Dialect::Mysql { (9, 0, 0) } else { (10, 5, 0) }
}

/// Whether the migration turned a setting off before, the last time that it set it.
pub(super) fn is_off(site: &Site<'_>, wanted: &str) -> bool {
    let before = site.read.iter().take(site.index).flat_map(|statement| &statement.changes);
    let last = before
        .filter_map(|change| match &change.kind {
            ChangeKind::SetSetting { name, value, .. } if name == wanted => Some(value),
            _ => None,
        })
        .next_back();
    last.is_some_and(|value| value == "0" || value.eq_ignore_ascii_case("off"))
}
