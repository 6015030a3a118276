use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "unique-index-on-existing-rows",
    title: "A unique index fails on rows that are there",
    dialects: &[Dialect::Postgres],
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "A unique index cannot be built where two rows are alike. Built CONCURRENTLY it fails at its end and \
                 leaves an invalid index, which is in the way of the next attempt but still costs every \
                 write.\n\nLook for duplicates first: `SELECT number, count(*) FROM orders GROUP BY number HAVING \
                 count(*) > 1`.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); INSERT \
                         INTO orders VALUES (1, 'A'), (2, 'A')",
        flagged: "CREATE UNIQUE INDEX CONCURRENTLY orders_number_idx ON orders (number)",
        flagged_does: ("refused", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateIndex { index, .. } = &change.kind else { continue };
        if !index.unique || form::is_harmless(site, &index.table) {
            continue;
        }
        let columns: Vec<&str> = index.columns.iter().map(|column| column.text.as_str()).collect();
        let columns = columns.join(", ");
        hits.push(
            Hit::at(
                change,
                format!("fails if two rows of {} are alike in {columns}", index.table),
                format!(
                    "Look first: SELECT {columns}, count(*) FROM {} GROUP BY {columns} HAVING count(*) > 1.",
                    form::table(site, &index.table)
                ),
            )
            .whatever_size(),
        );
    }
}
