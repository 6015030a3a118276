use super::SQLITE;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "vacuum",
    title: "VACUUM writes the whole database anew",
    dialects: SQLITE,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "It copies the file, needs twice its size of free space, keeps everybody else from writing until it is done, and fails \
                  inside a transaction.\n\nRun it as maintenance, when nobody writes.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
        flagged: "VACUUM",
        flagged_does: ("the database's write lock", true),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::RewriteTable { command, .. } = &change.kind else { continue };
        if command != "VACUUM" {
            continue;
        }
        let fails = site.situation.in_own_transaction;
        let message = if fails {
            "this fails: VACUUM cannot run inside a transaction"
        } else {
            "the whole database is written anew, and nobody else writes meanwhile"
        };
        hits.push(Hit::at(change, message, "Run it as maintenance, when nobody writes.").whatever_size());
    }
}
