use super::SQLITE;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "column-not-droppable",
    title: "DROP COLUMN of a column that something needs",
    dialects: SQLITE,
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "SQLite refuses to drop a column that belongs to the primary key, is `UNIQUE`, or is named by an index, a check, a \
                  foreign key, a generated column, a trigger or a view.\n\nDrop what names it first; for a key or a constraint, \
                  rebuild the table.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT); CREATE INDEX orders_status ON orders (status); INSERT INTO orders VALUES (1, 'new')",
        flagged: "ALTER TABLE orders DROP COLUMN status",
        flagged_does: ("error", false),
        safe: "DROP INDEX orders_status; ALTER TABLE orders DROP COLUMN status",
        safe_does: ("", true),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::DropColumn { table, column, .. } = &change.kind else { continue };
        let Some(facts) = site.table(table) else { continue };
        let Some(known) =
            facts.known.columns.iter().flatten().find(|known| known.name.eq_ignore_ascii_case(column))
        else {
            continue;
        };
        // An index that the migration drops first is no hindrance.
        let drops_index = site
            .read
            .iter()
            .take(site.index)
            .flat_map(|statement| &statement.changes)
            .any(|change| matches!(change.kind, ChangeKind::DropIndex { .. }));
        let message = if known.is_key {
            format!("this fails: {column} belongs to the primary key of {table}")
        } else if known.indexed && !drops_index {
            format!("this fails: an index or a UNIQUE of {table} names {column}")
        } else {
            continue;
        };
        hits.push(
            Hit::at(change, message, "Drop the index first; for a constraint, rebuild the table.")
                .on(table)
                .whatever_size(),
        );
    }
}
