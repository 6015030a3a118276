use super::SQLITE;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "references-not-renamed",
    title: "A table is renamed under legacy_alter_table",
    dialects: SQLITE,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`ALTER TABLE … RENAME` changes foreign keys, triggers and views that name the table along with it. After `PRAGMA \
                  legacy_alter_table = ON` triggers and views keep the old name, and break when they are next used; foreign keys keep \
                  it as well where they are not enforced.\n\nLeave the pragma out, unless the rename is the last step of a rebuild \
                  that wants just that.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY); CREATE VIEW open_orders AS SELECT id FROM orders",
        flagged: "PRAGMA legacy_alter_table = ON; ALTER TABLE orders RENAME TO purchases",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    let before = site.read.iter().take(site.index).flat_map(|statement| &statement.changes);
    let legacy = before
        .filter_map(|change| match &change.kind {
            ChangeKind::SetSetting { name, value, .. } if name == "legacy_alter_table" => {
                Some(value.as_str())
            }
            _ => None,
        })
        .next_back();
    if !legacy.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "on" | "true" | "yes"))
    {
        return;
    }
    for change in site.changes() {
        let ChangeKind::RenameTable { table, to } = &change.kind else { continue };
        if site.situation.is_new(table) {
            continue;
        }
        let message = format!(
            "triggers and views that name {table} keep the old name, and break when they are next used; {to} has none"
        );
        hits.push(Hit::at(change, message, "Leave legacy_alter_table off.").on(table).whatever_size());
    }
}
