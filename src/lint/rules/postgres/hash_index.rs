use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "hash-index",
    title: "A hash index finds equal values only",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: true,
    explanation: "A hash index serves `=` alone: no order, no range, no uniqueness, one column. A btree serves all of \
                 them and is seldom slower.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "CREATE INDEX CONCURRENTLY orders_number_idx ON orders USING hash (number)",
        flagged_does: ("ShareUpdateExclusiveLock", false),
        safe: "CREATE INDEX CONCURRENTLY orders_number_idx ON orders (number)",
        safe_does: ("ShareUpdateExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateIndex { index, .. } = &change.kind else { continue };
        if index.method.as_deref() == Some("hash") {
            hits.push(Hit::at(
                change,
                "a hash index serves no order, no range and no uniqueness",
                "Use a btree unless it was measured to be slower.",
            ));
        }
    }
}
