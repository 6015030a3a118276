use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "table-rewrite",
    title: "A statement writes the whole table anew",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Every row is written anew, and every index rebuilt, under an ACCESS EXCLUSIVE lock: nobody reads or \
                 writes until it is done, and the table needs its size on disk once more.\n\nMake a second table in \
                 the form that is wanted, fill it in batches, and exchange the two.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); INSERT \
                         INTO orders SELECT g FROM generate_series(1, 10) g",
        flagged: "ALTER TABLE orders SET TABLESPACE dunlin_fast",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        // Others have rules of their own.
        let (ChangeKind::SetTablespace { table } | ChangeKind::OtherTableChange { table, .. }) = &change.kind
        else {
            continue;
        };
        if !site.effects(change).iter().any(|effect| effect.rewrites) || form::is_harmless(site, table) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("every row of {table} is written anew, and nobody reads or writes meanwhile"),
                "Make a second table, fill it in batches, and exchange the two.",
            )
            .on(table),
        );
    }
}
