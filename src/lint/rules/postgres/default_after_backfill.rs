use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, RowChange};
use crate::lint::{Check, Example, Hit, Rule, Severity, Whole};

pub const RULE: Rule = Rule {
    id: "default-after-backfill",
    title: "A default is set after the rows were filled",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Rows that are inserted between the filling and the default get neither: the column stays null in \
                 them, and SET NOT NULL fails on it later.\n\nSet the default first, then fill the rows that are \
                 there.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric)",
        flagged: "ALTER TABLE orders ADD COLUMN origin text; UPDATE orders SET origin = 'web' WHERE id BETWEEN \
                         1 AND 1000; ALTER TABLE orders ALTER COLUMN origin SET DEFAULT 'web'",
        flagged_does: ("AccessExclusiveLock", false),
        safe: "ALTER TABLE orders ADD COLUMN origin text; ALTER TABLE orders ALTER COLUMN origin SET \
                         DEFAULT 'web'",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Migration(check),
};

fn check(whole: &Whole<'_>, hits: &mut Vec<(Option<usize>, Hit)>) {
    for (index, read) in whole.read.iter().enumerate() {
        for change in &read.changes {
            let ChangeKind::SetDefault { table, column, .. } = &change.kind else { continue };
            let earlier = whole.read.get(..index).unwrap_or_default();
            let added = earlier.iter().flat_map(|read| &read.changes).any(|earlier| match &earlier.kind {
                ChangeKind::AddColumn { table: of, column: added, .. } => {
                    of == table && added.name == *column && added.default.is_none()
                }
                _ => false,
            });
            let filled = earlier.iter().zip(&whole.migration.statements).any(|(read, statement)| {
                sets(&statement.text, column)
                    && read.changes.iter().any(|earlier| match &earlier.kind {
                        ChangeKind::Rows(RowChange::Update { table: of, .. }) => of == table,
                        _ => false,
                    })
            });
            if added && filled {
                let hit = Hit::at(
                    change,
                    format!(
                        "rows inserted into {table} between the filling and the default keep a null in {column}"
                    ),
                    "Set the default before the rows are filled.",
                );
                hits.push((Some(index), hit.on(table).whatever_size()));
            }
        }
    }
}

/// Whether an UPDATE assigns the column.
fn sets(text: &str, column: &str) -> bool {
    let mut words = text.split(|character: char| !(character.is_alphanumeric() || "_=".contains(character)));
    let mut previous = "";
    words.any(|word| {
        let assigned = word.split_once('=').map(|(name, _)| if name.is_empty() { previous } else { name });
        if !word.is_empty() {
            previous = word;
        }
        assigned.is_some_and(|name| name.eq_ignore_ascii_case(column))
    })
}
