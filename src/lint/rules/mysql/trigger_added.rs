use super::MYSQL_FAMILY;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "row-trigger-added",
    title: "A trigger runs for every row that the application writes",
    dialects: MYSQL_FAMILY,
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "From the moment it is there, each row written takes longer and may fail for a reason that the application does not \
                  know; it fires for batches of a backfill too, not for `TRUNCATE` and cascading foreign keys. Its creation takes \
                  the table's metadata lock exclusively, and waits for every transaction that uses the table.\n\nKeep it short, and \
                  drop it when it has served.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY, total int)",
        flagged: "CREATE TRIGGER orders_total BEFORE INSERT ON orders FOR EACH ROW SET NEW.total = 1",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateTrigger { table, name } = &change.kind else { continue };
        if site.is_new(table) {
            continue;
        }
        let message = format!("{name} runs for every row written to {table}, by deployed code too");
        hits.push(
            Hit::at(change, message, "Keep it short, and drop it when it has served.")
                .on(table)
                .whatever_size(),
        );
    }
}
