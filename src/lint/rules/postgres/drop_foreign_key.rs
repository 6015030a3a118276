use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, ConstraintKind, postgres};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "drop-foreign-key",
    title: "A foreign key is dropped",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "From then on rows may refer to what is not there, and `ON DELETE CASCADE` deletes no more. Dropping \
                 it takes ACCESS EXCLUSIVE locks on both tables, for a moment.\n\nThe down has to add it again, NOT \
                 VALID and validated on its own.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY, \
                         customer_id bigint); ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY \
                         (customer_id) REFERENCES customers",
        flagged: "ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::DropConstraint { table, name: Some(name), .. } = &change.kind else { continue };
        let again = site.changes().any(|other| match &other.kind {
            ChangeKind::AddConstraint { constraint, .. } => constraint.kind == ConstraintKind::ForeignKey,
            _ => false,
        });
        if site.is_new(table) || again || postgres::kind_by_name(name) != Some(ConstraintKind::ForeignKey) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("rows of {table} may refer to what is not there once {name} is gone"),
                "Drop it only with what refers; have the down add it NOT VALID and validate it on its own.",
            )
            .on(table)
            .whatever_size(),
        );
    }
}
