use dunlin_compat::model::Dialect;

use super::not_valid;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Fix, Group, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "validate-in-same-transaction",
    title: "A constraint is validated under the lock with which it was added",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`VALIDATE CONSTRAINT` itself lets others read and write. But the lock with which the constraint was \
                 added is kept until the transaction ends, so nobody does while all rows are read: the two steps are \
                 no better than one.\n\nCommit in between.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID; ALTER \
                         TABLE orders VALIDATE CONSTRAINT orders_total_check",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::ValidateConstraint { table, name } = &change.kind else { continue };
        let earlier = site.situation.unvalidated.get(&(table.clone(), name.clone())).copied();
        let beside = site.changes().any(|other| match &other.kind {
            ChangeKind::AddConstraint { constraint, .. } => constraint.name.as_deref() == Some(name),
            _ => false,
        });
        let shares = site.in_transaction() && earlier == Some(true);
        if !(shares || beside) || site.is_new(table) {
            continue;
        }
        let statement = not_valid::validate(site, table, name);
        let fix = Fix {
            title: "validate in a transaction of its own".to_owned(),
            // By itself it shares no transaction with what is before it in its block.
            groups: vec![Group::alone([statement])],
        };
        let alone = site.parsed.changes.len() == 1;
        hits.push(
            Hit::at(
                change,
                format!("{name} is validated while the lock that adding it took on {table} is still held"),
                "Validate it in a transaction of its own, after the one that adds it.",
            )
            .on(table)
            .fix(alone.then_some(fix)),
        );
    }
}
