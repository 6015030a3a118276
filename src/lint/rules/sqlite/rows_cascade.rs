use super::{SQLITE, rebuilds};
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "drop-cascades",
    title: "DROP TABLE deletes the rows that refer to it",
    dialects: SQLITE,
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "With foreign keys on, SQLite first deletes the rows of the table that is dropped, as `DELETE FROM` would: children with \
                  `ON DELETE CASCADE` go with them, others become `NULL` or make it fail. In a rebuild (create, copy, drop, rename) \
                  that empties every child. Dunlin recognises rebuilds and turns foreign keys off around them; Rails, Alembic and \
                  Knex do not.\n\nDrop or change the children first; write `PRAGMA foreign_keys = OFF` before the transaction of a \
                  rebuild.",
    examples: &[Example {
        dialects: SQLITE,
        setup: "CREATE TABLE customers (id INTEGER PRIMARY KEY); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id) ON DELETE CASCADE); INSERT INTO customers VALUES (1); INSERT INTO orders VALUES (1, 1)",
        flagged: "DROP TABLE customers",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    let Some(facts) = whole.facts else { return };
    let rebuilt = rebuilds(whole.read);
    let all = || {
        whole
            .read
            .iter()
            .enumerate()
            .flat_map(|(index, one)| one.changes.iter().map(move |change| (index, change)))
    };
    let disabled = all().any(|(_, change)| {
        matches!(&change.kind, ChangeKind::SetSetting { name, value, .. } if name == "foreign_keys"
            && matches!(value.to_ascii_lowercase().as_str(), "0" | "off" | "false" | "no"))
    });
    for (index, change) in all() {
        let ChangeKind::DropTable { tables, .. } = &change.kind else { continue };
        for table in tables {
            let Some(known) = facts.table(table) else { continue };
            // A child that the migration drops as well loses nothing more.
            let children: Vec<String> = known
                .referenced_by
                .iter()
                .filter(|child| !child.name.eq_ignore_ascii_case(&table.name))
                .filter(|child| !all().take_while(|(at, _)| *at <= index).any(|(_, change)| {
                    matches!(&change.kind, ChangeKind::DropTable { tables, .. } if tables.iter().any(|gone| gone.name.eq_ignore_ascii_case(&child.name)))
                }))
                .map(|child| child.name.clone())
                .collect();
            if children.is_empty() {
                continue;
            }
            let is_rebuild = disabled || rebuilt.iter().any(|rebuild| rebuild.dropped == index);
            let list = children.join(", ");
            let hit = if is_rebuild {
                let message = format!(
                    "outside of Dunlin, which turns foreign keys off for it, this deletes or changes the rows of {list} that refer to {table}"
                );
                Hit::at(change, message, "Write PRAGMA foreign_keys = OFF before the transaction.")
                    .severity(Severity::Note)
            } else {
                let message = format!(
                    "{table} is emptied first, and rows of {list} that refer to it are deleted, set to NULL, or make this fail"
                );
                Hit::at(change, message, format!("Change {list} first."))
            };
            hits.push((Some(index), hit.on(table).whatever_size()));
        }
    }
}
