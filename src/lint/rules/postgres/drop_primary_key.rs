use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, ConstraintKind, postgres};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "drop-primary-key",
    title: "A primary key is dropped",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Without its primary key a table takes two rows that are alike, logical replication cannot tell rows \
                 apart (UPDATE and DELETE fail where the table is published), and foreign keys that refer to it go \
                 too.\n\nWhere a key is exchanged for another, build the new unique index CONCURRENTLY, and drop and \
                 add in one statement.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "ALTER TABLE orders DROP CONSTRAINT orders_pkey",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "CREATE UNIQUE INDEX CONCURRENTLY orders_new_key ON orders (id)",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::DropConstraint { table, name: Some(name), .. } = &change.kind else { continue };
        let exchanged = site.changes().any(|other| match &other.kind {
            ChangeKind::AddConstraint { constraint, .. } => constraint.kind == ConstraintKind::PrimaryKey,
            _ => false,
        });
        if site.is_new(table) || exchanged || postgres::kind_by_name(name) != Some(ConstraintKind::PrimaryKey)
        {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("nothing tells the rows of {table} apart once {name} is gone"),
                "Drop the key and add the next one USING INDEX in one statement.",
            )
            .on(table)
            .whatever_size(),
        );
    }
}
