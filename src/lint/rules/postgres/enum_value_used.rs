use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, TableName};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "enum-value-used-in-transaction",
    title: "A new enum value is used in the transaction that adds it",
    dialects: &[Dialect::Postgres],
    severity: Severity::Error,
    is_opt_in: false,
    explanation: "PostgreSQL refuses a value of an enum that was added in the same transaction: `unsafe use of new \
                 value`. (It takes it if the type was made there too.)\n\nAdd the value in a transaction of its own, \
                 before.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TYPE order_state AS ENUM ('new', 'paid'); CREATE TABLE orders (id bigint PRIMARY KEY, \
                         state order_state); INSERT INTO orders VALUES (1, 'new')",
        flagged: "BEGIN; ALTER TYPE order_state ADD VALUE 'sent'; UPDATE orders SET state = 'sent' WHERE id = \
                         1",
        flagged_does: ("refused", false),
        safe: "ALTER TYPE order_state ADD VALUE 'sent'; UPDATE orders SET state = 'sent' WHERE id = 1",
        safe_does: ("RowExclusiveLock", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    if !site.in_transaction() || site.situation.new_enum_values.is_empty() {
        return;
    }
    let made_here = |name: &TableName| {
        site.read.iter().take(site.index).flat_map(|read| &read.changes).any(|change| match &change.kind {
            ChangeKind::CreateEnum { name: made, .. } => made == name,
            _ => false,
        })
    };
    // A comment may name it, and what a block does cannot be seen.
    if site.changes().any(|change| {
        matches!(
            change.kind,
            ChangeKind::AddEnumValue { .. } | ChangeKind::Other { .. } | ChangeKind::Opaque { .. }
        )
    }) {
        return;
    }
    for (name, values) in &site.situation.new_enum_values {
        let used = values.iter().find_map(|value| Some((value, place(site, value)?)));
        let Some((value, span)) = used else { continue };
        if made_here(name) {
            continue;
        }
        hits.push(
            Hit {
                span,
                message: format!(
                    "the server refuses '{value}', which was added to {name} in the same transaction"
                ),
                advice: "Add the value in a transaction of its own, before.".to_owned(),
                ..Hit::default()
            }
            .whatever_size(),
        );
        return;
    }
}

/// Where the statement says a string.
fn place(site: &Site<'_>, value: &str) -> Option<std::ops::Range<usize>> {
    let written = format!("'{}'", value.replace('\'', "''"));
    let start = site.statement.text.find(&written)?;
    Some(start..start + written.len())
}
