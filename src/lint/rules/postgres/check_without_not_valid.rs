use dunlin_compat::model::Dialect;

use super::{form, not_valid};
use crate::ddl::{Change, ChangeKind, ConstraintKind, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "check-without-not-valid",
    title: "A check is tried on all rows while everybody waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`ADD CHECK` takes an ACCESS EXCLUSIVE lock and keeps it while every row is read: nobody reads or \
                 writes.\n\nAdd it `NOT VALID`, and `VALIDATE CONSTRAINT` in a transaction of its own: that reads the \
                 rows while others read and write.",
    examples: &[
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
            flagged: "ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0)",
            flagged_does: ("AccessExclusiveLock", false),
            safe: "ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID",
            safe_does: ("AccessExclusiveLock", false),
        },
        Example {
            dialects: &[Dialect::Postgres],
            setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); ALTER \
                         TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID",
            flagged: "ALTER TABLE orders ADD COLUMN discount numeric DEFAULT 0 CHECK (discount >= 0)",
            flagged_does: ("AccessExclusiveLock", false),
            safe: "ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check",
            safe_does: ("ShareUpdateExclusiveLock", false),
        },
    ],
    squawk: &[squawk_linter::Rule::ConstraintMissingNotValid],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        match &change.kind {
            ChangeKind::AddConstraint { table, constraint, .. } => {
                let is_check = matches!(constraint.kind, ConstraintKind::Check | ConstraintKind::NotNull);
                if !is_check
                    || constraint.not_valid
                    || constraint.not_enforced
                    || form::is_harmless(site, table)
                {
                    continue;
                }
                hits.push(hit(change, table).fix(not_valid::fix(site, change, table, constraint)));
            }
            ChangeKind::AddColumn { table, column, .. } => {
                let checked = column
                    .constraints
                    .iter()
                    .any(|constraint| constraint.kind == ConstraintKind::Check && !constraint.not_enforced);
                if checked && !form::is_harmless(site, table) {
                    hits.push(hit(change, table));
                }
            }
            _ => {}
        }
    }
}

fn hit(change: &Change, table: &TableName) -> Hit {
    Hit::at(
        change,
        format!("nobody reads or writes {table} while every row is checked"),
        "Add the check by itself, NOT VALID, and validate it in a transaction of its own.",
    )
    .on(table)
}
