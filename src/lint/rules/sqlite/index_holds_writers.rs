use super::SQLITE;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "index-holds-writers",
    title: "An index is built while nobody else writes",
    dialects: SQLITE,
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "SQLite has one write lock for the whole database. An index is built by reading the table, and until the transaction \
                  ends whoever writes gets SQLITE_BUSY once its busy time-out is over.\n\nOn a large table, run it when nobody \
                  writes, in a migration of its own.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT); INSERT INTO orders VALUES (1, 'new')",
        flagged: "CREATE INDEX orders_status ON orders (status)",
        flagged_does: ("the database's write lock", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateIndex { index, .. } = &change.kind else { continue };
        if site.is_new(&index.table) {
            continue;
        }
        let message = format!(
            "nobody else writes to the database until {} is read and the transaction ends",
            index.table
        );
        hits.push(Hit::at(change, message, "On a large table, run it when nobody writes.").on(&index.table));
    }
}
