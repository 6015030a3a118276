use super::SQLITE;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "rows-rewritten",
    title: "DROP COLUMN writes every row anew",
    dialects: SQLITE,
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "To drop a column SQLite rewrites every row of the table in one transaction, during which nobody else writes to the \
                  database; a virtual generated column alone is dropped without it.\n\nOn a large table, run it when nobody writes, \
                  and drop several columns in one rebuild.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT, note TEXT); INSERT INTO orders VALUES (1, 'new', 'x')",
        flagged: "ALTER TABLE orders DROP COLUMN status",
        flagged_does: ("the database's write lock", true),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::DropColumn { table, .. } = &change.kind else { continue };
        if site.is_new(table) || !site.effects(change).iter().any(|effect| effect.rewrites) {
            continue;
        }
        let message =
            format!("every row of {table} is written anew, and nobody else writes to the database meanwhile");
        hits.push(Hit::at(change, message, "On a large table, run it when nobody writes.").on(table));
    }
}
