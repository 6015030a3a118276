use dunlin_compat::model::Dialect;

use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "required-column",
    title: "A NOT NULL column is added without a default",
    dialects: &[Dialect::Postgres, Dialect::Sqlite],
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "A table that has rows refuses it: they would have no value. SQLite refuses it always.\n\nAdd the column with a default, or in steps: nullable first, filled in batches, then NOT NULL.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status text); INSERT INTO orders VALUES (1, 'new')",
        flagged: "ALTER TABLE orders ADD COLUMN paid boolean NOT NULL",
        flagged_does: ("refused", false),
        safe: "ALTER TABLE orders ADD COLUMN paid boolean NOT NULL DEFAULT false",
        safe_does: ("AccessExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::AddColumn { table, column, .. } = &change.kind else { continue };
        let filled = column.default.as_ref().is_some_and(|default| !default.is_null)
            || column.generated_stored
            || column.generated_virtual
            || column.identity
            || column.auto_increment;
        let is_empty = site.is_new(table) && !site.situation.filled.contains(table);
        if !column.not_null || filled || (is_empty && site.dialect() != Dialect::Sqlite) {
            continue;
        }
        let message = if site.dialect() == Dialect::Sqlite {
            format!("SQLite refuses to add {table}.{} without a default", column.name)
        } else {
            format!("if {table} has rows, this fails: they have no value for {}", column.name)
        };
        let advice = "Give it a default; or add it nullable, fill it in batches, and set NOT NULL behind a validated CHECK.";
        hits.push(Hit::at(change, message, advice).on(table).whatever_size());
    }
}
