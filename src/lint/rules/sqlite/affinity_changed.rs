use super::{SQLITE, rebuilds, same};
use crate::ddl::{ChangeKind, Column, sqlite_affinity};
use crate::lint::{Check, Example, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "affinity-changed",
    title: "A rebuild gives a column another affinity",
    dialects: SQLITE,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "The declared type decides how values are stored: copied into a `TEXT` column numbers become text, and compare and sort \
                  as text; copied into an `INTEGER` or `NUMERIC` column texts that look like numbers become numbers, and `'007'` \
                  becomes 7. Nothing fails.\n\nKeep the affinity, or convert with `CAST` in the copy and look at what changes.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY, code TEXT); INSERT INTO orders VALUES (1, '007')",
        flagged: "CREATE TABLE orders_new (id INTEGER PRIMARY KEY, code INTEGER); INSERT INTO orders_new SELECT id, code FROM orders; DROP TABLE orders; ALTER TABLE orders_new RENAME TO orders",
        flagged_does: ("", false),
        safe: "CREATE TABLE orders_new (id INTEGER PRIMARY KEY, code VARCHAR(20)); INSERT INTO orders_new SELECT id, code FROM orders; DROP TABLE orders; ALTER TABLE orders_new RENAME TO orders",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    for rebuild in rebuilds(whole.read) {
        let Some(facts) = whole.facts.and_then(|facts| facts.table(&rebuild.table)) else { continue };
        let made = whole.read.iter().enumerate().find_map(|(index, statement)| {
            statement.changes.iter().find_map(|change| match &change.kind {
                ChangeKind::CreateTable { table, columns, .. } if same(table, &rebuild.made_as) => {
                    Some((index, change, columns))
                }
                _ => None,
            })
        });
        let Some((index, change, columns)) = made else { continue };
        for old in facts.known.columns.iter().flatten() {
            let named = |column: &&Column| column.name.eq_ignore_ascii_case(&old.name);
            let Some(new) = columns.iter().find(named) else { continue };
            let (was, is) = (sqlite_affinity(&old.data_type), sqlite_affinity(&new.data_type));
            if was == is {
                continue;
            }
            let message = format!(
                "{}.{} has affinity {was} and gets {is}: values are converted as they are copied, and compare otherwise",
                rebuild.table, old.name
            );
            hits.push((
                Some(index),
                Hit::at(change, message, "Keep the affinity, or convert with CAST in the copy.")
                    .on(&rebuild.table)
                    .whatever_size(),
            ));
        }
    }
}
