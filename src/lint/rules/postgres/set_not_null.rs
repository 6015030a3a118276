use dunlin_compat::model::Dialect;

use super::{form, not_valid};
use crate::ddl::{Change, ChangeKind, Known, TableName, postgres};
use crate::lint::{Check, Example, Fix, Group, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "set-not-null",
    title: "SET NOT NULL reads all rows while everybody waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`SET NOT NULL` takes an ACCESS EXCLUSIVE lock and keeps it while every row is read.\n\nFrom \
                 PostgreSQL 12 on it reads nothing if a validated check says that the column is not null. So: add \
                 `CHECK (status IS NOT NULL) NOT VALID`, `VALIDATE CONSTRAINT` in a transaction of its own, then `SET \
                 NOT NULL` and drop the check.",
    examples: &[
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
            flagged: "ALTER TABLE orders ALTER COLUMN status SET NOT NULL",
            flagged_does: ("AccessExclusiveLock", false),
            safe: "ALTER TABLE orders ADD CONSTRAINT orders_status_not_null CHECK (status IS NOT NULL) NOT \
                         VALID",
            safe_does: ("AccessExclusiveLock", false),
        },
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); ALTER \
                         TABLE orders ADD CONSTRAINT c CHECK (total IS NOT NULL) NOT VALID",
            flagged: "ALTER TABLE orders ALTER status SET NOT NULL",
            flagged_does: ("AccessExclusiveLock", false),
            safe: "ALTER TABLE orders VALIDATE CONSTRAINT c",
            safe_does: ("ShareUpdateExclusiveLock", false),
        },
    ],
    squawk: &[squawk_linter::Rule::AddingNotNullableField],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::SetNotNull { table, column } = &change.kind else { continue };
        let reads = site.effects(change).iter().any(|effect| effect.scans);
        if !reads || form::is_harmless(site, table) || is_checked(site, table, column) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("nobody reads or writes {table} while every row is read for a null in {column}"),
                "Add a check NOT VALID, validate it in a transaction of its own, set NOT NULL, and drop the check.",
            )
            .on(table)
            .fix(fix(site, change, table, column)),
        );
    }
}

/// Whether the migration itself has added a check that says so and validated it.
fn is_checked(site: &Site<'_>, table: &TableName, column: &str) -> bool {
    if site.server.version.0 < 12 {
        return false;
    }
    let mut named = None;
    let mut known = Known::default();
    for change in site.read.iter().take(site.index).flat_map(|read| &read.changes) {
        match &change.kind {
            ChangeKind::AddConstraint { table: of, constraint, .. } if of == table => {
                let Some(expression) = &constraint.expression else { continue };
                if constraint.not_valid {
                    named = constraint.name.clone().map(|name| (name, expression.clone())).or(named);
                } else {
                    known.checks.push(expression.clone());
                }
            }
            ChangeKind::ValidateConstraint { table: of, name } if of == table => {
                if let Some((_, expression)) = named.take_if(|(added, _)| added == name) {
                    known.checks.push(expression);
                } else {
                    // Added by an earlier migration; what it says stands there.
                    known.checks.push(format!("{column} IS NOT NULL"));
                }
            }
            _ => {}
        }
    }
    postgres::has_not_null_check(&known, column)
}

fn fix(site: &Site<'_>, change: &Change, table: &TableName, column: &str) -> Option<Fix> {
    if site.server.version.0 < 12 {
        return None;
    }
    let word = |text: &str| form::keyword(site, text);
    let check = form::new_name(table, column, "not_null");
    let (alter, name) =
        (format!("{} {}", word("ALTER TABLE"), form::table(site, table)), form::name(site, &check));
    let added = format!(
        "{alter} {} {name} {} ({} {}) {}",
        word("ADD CONSTRAINT"),
        word("CHECK"),
        form::name(site, column),
        word("IS NOT NULL"),
        word("NOT VALID")
    );
    let dropped = format!("{alter} {} {name}", word("DROP CONSTRAINT"));
    let set = form::with(site, change, form::source(site, change))?;
    Some(Fix {
        title: "set NOT NULL in three steps".to_owned(),
        groups: vec![
            Group::together([added]),
            Group::together([not_valid::validate(site, table, &check)]),
            Group::together([set, dropped]),
        ],
    })
}
