use super::SQLITE;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "journal-mode",
    title: "A migration changes the journal mode",
    dialects: SQLITE,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`WAL` is kept in the file and holds for every program that opens it, on one machine only; it cannot be entered or left \
                  inside a transaction, and to leave it needs the database for itself. `OFF` and `MEMORY` lose or break the database \
                  in a crash. The same is true of `page_size` and `auto_vacuum`, which only take effect with `VACUUM`.\n\nSet it where \
                  the application opens the database.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
        flagged: "PRAGMA journal_mode = WAL",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::SetSetting { name, value, .. } = &change.kind else { continue };
        let message = match name.as_str() {
            "journal_mode" if matches!(value.to_ascii_uppercase().as_str(), "OFF" | "MEMORY") => {
                format!(
                    "with journal_mode {value} a crash in the middle of a transaction breaks the database"
                )
            }
            "journal_mode" => {
                format!(
                    "journal_mode {value} holds for every program that opens the file, and cannot be changed inside a transaction"
                )
            }
            "page_size" | "auto_vacuum" => format!("{name} changes nothing before the next VACUUM"),
            _ => continue,
        };
        hits.push(
            Hit::at(change, message, "Set it where the application opens the database.").whatever_size(),
        );
    }
}
