use super::SQLITE;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "not-strict",
    title: "A table takes values of any type",
    dialects: SQLITE,
    severity: Severity::Note,
    is_opt_in: true,
    explanation: "Without `STRICT` a declared type is a wish: `INTEGER` columns take text. It can only be said when the table is made \
                  (SQLite 3.37 and later).\n\nEnd the definition with `STRICT`, and use INT, INTEGER, REAL, TEXT, BLOB and ANY.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "",
        flagged: "CREATE TABLE orders (id INTEGER PRIMARY KEY, quantity INTEGER)",
        flagged_does: ("", false),
        safe: "CREATE TABLE orders (id INTEGER PRIMARY KEY, quantity INTEGER) STRICT",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateTable { table, options, temporary: false, from_query: false, .. } =
            &change.kind
        else {
            continue;
        };
        if options.iter().any(|(name, _)| name == "STRICT" || name == "VIRTUAL") {
            continue;
        }
        let message = format!("{table} takes values of any type in its columns");
        hits.push(Hit::at(change, message, "End the definition with STRICT.").whatever_size());
    }
}
