use dunlin_compat::model::Dialect;

use super::{form, not_valid};
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "foreign-key-without-not-valid",
    title: "A foreign key is checked against all rows while writing waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`ADD FOREIGN KEY` takes SHARE ROW EXCLUSIVE locks on both tables and keeps them while every row of \
                 the one is looked up in the other: nobody writes to either.\n\nAdd it `NOT VALID`, which checks only \
                 rows that come from then on, and `VALIDATE CONSTRAINT` in a transaction of its own, which lets \
                 others write.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY, \
                         customer_id bigint)",
        flagged: "ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) \
                         REFERENCES customers (id)",
        flagged_does: ("ShareRowExclusiveLock", false),
        safe: "ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) \
                         REFERENCES customers (id) NOT VALID",
        safe_does: ("ShareRowExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::AddingForeignKeyConstraint],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::AddConstraint { table, constraint, .. } = &change.kind else { continue };
        let Some(references) = &constraint.references else { continue };
        if constraint.not_valid || constraint.not_enforced || form::is_harmless(site, table) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("nobody writes to {table} or {} while every row is checked", references.table),
                "Add it NOT VALID, and validate it in a transaction of its own.",
            )
            .on(table)
            .fix(not_valid::fix(site, change, table, constraint)),
        );
    }
}
