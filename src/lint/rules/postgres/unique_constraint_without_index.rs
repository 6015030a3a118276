use dunlin_compat::model::Dialect;

use super::{form, using_index};
use crate::ddl::{ChangeKind, ConstraintKind};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "unique-constraint-without-index",
    title: "A unique constraint builds its index while everybody waits",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`ADD UNIQUE` builds an index under an ACCESS EXCLUSIVE lock: nobody reads or writes until it is \
                 done.\n\nBuild a unique index CONCURRENTLY first, then `ADD CONSTRAINT … UNIQUE USING INDEX`, which \
                 takes a moment and gives the index the constraint's name.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE (number)",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "CREATE UNIQUE INDEX CONCURRENTLY orders_number_key ON orders (number)",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[squawk_linter::Rule::DisallowedUniqueConstraint],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let (table, constraint, fixable) = match &change.kind {
            ChangeKind::AddConstraint { table, constraint, .. } => (table, Some(constraint.as_ref()), true),
            ChangeKind::AddColumn { table, column, .. } => {
                (table, column.constraints.iter().find(|it| it.kind == ConstraintKind::Unique), false)
            }
            _ => continue,
        };
        let Some(constraint) = constraint else { continue };
        if constraint.kind != ConstraintKind::Unique
            || constraint.using_index.is_some()
            || form::is_harmless(site, table)
        {
            continue;
        }
        let fix = fixable.then(|| using_index::fix(site, change, table, constraint)).flatten();
        hits.push(
            Hit::at(
                change,
                format!("nobody reads or writes {table} until the index of the unique constraint is built"),
                "Build a unique index CONCURRENTLY, and add the constraint USING INDEX.",
            )
            .on(table)
            .fix(fix),
        );
    }
}
