use super::{SQLITE, rebuilds, same};
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "rebuild-forgets",
    title: "A rebuild forgets indexes or triggers of the table",
    dialects: SQLITE,
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "Indexes and triggers go with the table that is dropped, and the one that takes its name has only what the migration \
                  makes for it. Queries become slow, and what triggers did is not done, without an error.\n\nCreate them anew behind \
                  the rename; `SELECT sql FROM sqlite_schema WHERE tbl_name = …` has their text.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT); CREATE INDEX orders_status ON orders (status); INSERT INTO orders VALUES (1, 'new')",
        flagged: "CREATE TABLE orders_new (id INTEGER PRIMARY KEY, status TEXT NOT NULL); INSERT INTO orders_new SELECT id, status FROM orders; DROP TABLE orders; ALTER TABLE orders_new RENAME TO orders",
        flagged_does: ("", false),
        safe: "CREATE TABLE orders_new (id INTEGER PRIMARY KEY, status TEXT NOT NULL); INSERT INTO orders_new SELECT id, status FROM orders; DROP TABLE orders; ALTER TABLE orders_new RENAME TO orders; CREATE INDEX orders_status ON orders (status)",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    for rebuild in rebuilds(whole.read) {
        let (mut indexes, mut triggers) = (Vec::new(), Vec::new());
        if let Some(facts) = whole.facts.and_then(|facts| facts.table(&rebuild.table)) {
            indexes.extend(facts.known.index_names);
            triggers.extend(facts.known.triggers);
        }
        // What the migration made for the old table, and makes for the new one.
        let mut made: Vec<&str> = Vec::new();
        for (index, statement) in whole.read.iter().enumerate() {
            for change in &statement.changes {
                let (name, table, list) = match &change.kind {
                    ChangeKind::CreateIndex { index, .. } => {
                        (index.name.as_deref(), &index.table, &mut indexes)
                    }
                    ChangeKind::CreateTrigger { table, name } => (Some(name.as_str()), table, &mut triggers),
                    ChangeKind::DropIndex { names, .. } => {
                        indexes
                            .retain(|known| !names.iter().any(|name| name.name.eq_ignore_ascii_case(known)));
                        continue;
                    }
                    ChangeKind::DropTrigger { name, .. } => {
                        triggers.retain(|known| !name.eq_ignore_ascii_case(known));
                        continue;
                    }
                    _ => continue,
                };
                let Some(name) = name else { continue };
                if index < rebuild.dropped && same(table, &rebuild.table) {
                    list.push(name.to_owned());
                } else if index > rebuild.dropped
                    && (same(table, &rebuild.table) || same(table, &rebuild.made_as))
                {
                    made.push(name);
                }
            }
        }
        let is_missing = |name: &&String| !made.iter().any(|other| other.eq_ignore_ascii_case(name));
        let forgotten: Vec<String> = indexes
            .iter()
            .filter(is_missing)
            .map(|name| format!("index {name}"))
            .chain(triggers.iter().filter(is_missing).map(|name| format!("trigger {name}")))
            .collect();
        if forgotten.is_empty() {
            continue;
        }
        let hit = Hit {
            message: format!("{} is built anew without its {}", rebuild.table, forgotten.join(", ")),
            advice: "Create them anew behind the rename.".to_owned(),
            table: Some(rebuild.table),
            is_whatever_size: true,
            ..Hit::default()
        };
        hits.push((Some(rebuild.named), hit));
    }
}
