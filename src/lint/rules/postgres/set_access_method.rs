use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "set-access-method",
    title: "Another access method writes the table anew",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`SET ACCESS METHOD` (PostgreSQL 15) writes every row anew into the new form under an ACCESS \
                 EXCLUSIVE lock.\n\nMake a second table with it, fill it in batches, and exchange the two.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); CREATE \
                         ACCESS METHOD dunlin_heap TYPE TABLE HANDLER heap_tableam_handler",
        flagged: "ALTER TABLE orders SET ACCESS METHOD dunlin_heap",
        flagged_does: ("AccessExclusiveLock", true),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::SetAccessMethod { table } = &change.kind else { continue };
        if form::is_harmless(site, table) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("every row of {table} is written anew, and nobody reads or writes meanwhile"),
                "Make a second table with it, fill it in batches, and exchange the two.",
            )
            .on(table),
        );
    }
}
