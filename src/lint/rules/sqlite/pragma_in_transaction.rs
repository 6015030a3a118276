use super::SQLITE;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "pragma-in-transaction",
    title: "PRAGMA foreign_keys inside a transaction does nothing",
    dialects: SQLITE,
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "SQLite ignores `PRAGMA foreign_keys` while a transaction is open, without an error: foreign keys are enforced as \
                  before. Dunlin reads it as a wish and turns them off around the transaction, and checks them before it commits; \
                  other tools do not, and lose rows that way.\n\nWrite it outside of the transaction, or leave it to Dunlin.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
        flagged: "BEGIN; PRAGMA foreign_keys = OFF; COMMIT",
        flagged_does: ("", false),
        safe: "PRAGMA foreign_keys = OFF; BEGIN; COMMIT; PRAGMA foreign_keys = ON",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    if !site.situation.in_own_transaction {
        return;
    }
    for change in site.changes() {
        let ChangeKind::SetSetting { name, value, .. } = &change.kind else { continue };
        if name == "foreign_keys" {
            let message = format!("SQLite ignores foreign_keys = {value} while this transaction is open");
            hits.push(Hit::at(change, message, "Write it before BEGIN.").whatever_size());
        }
    }
}
