//! The keys of `dunlin.toml`: which are known, and which one a place in the file belongs to.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::alembic::ALEMBIC_KEYS;
use super::flyway::FLYWAY_KEYS;
use super::knex::KNEX_KEYS;
use super::lint::LINT_KEYS;
use super::rails::RAILS_KEYS;
use crate::native::suggest::nearest;

/// The keys at the top of the file.
const KEYS: [&str; 18] = [
    "tool",
    "url",
    "migrations",
    "table",
    "lock-timeout",
    "lock-wait",
    "retries",
    "carrier",
    "carriers",
    "environment",
    "code-time-limit",
    "code-memory-limit",
    "flyway",
    "alembic",
    "knex",
    "rails",
    "lint",
    "plugin",
];

/// The key whose value stands at an offset, with those of the tables around it. What follows a header `[table]` does not
/// belong to the span of that table.
pub(super) fn key_at(table: &DeTable<'_>, offset: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| match value.get_ref() {
        DeValue::Table(inner) => key_at(inner, offset).map(|inside| format!("{}.{inside}", key.get_ref())),
        _ => value.span().contains(&offset).then(|| key.get_ref().to_string()),
    })
}

/// The first key that is not known, with the nearest one that is.
pub(super) fn unknown_key(table: &DeTable<'_>) -> Option<(usize, String)> {
    if let Some(found) = unknown_in(table, "", &KEYS) {
        return Some(found);
    }
    let tables: [(&str, &[&str]); 5] = [
        ("flyway", &FLYWAY_KEYS),
        ("alembic", &ALEMBIC_KEYS),
        ("knex", &KNEX_KEYS),
        ("rails", &RAILS_KEYS),
        ("lint", &LINT_KEYS),
    ];
    tables.into_iter().find_map(|(name, known)| match table.get(name).map(Spanned::get_ref) {
        Some(DeValue::Table(table)) => unknown_in(table, &format!("{name}."), known),
        _ => None,
    })
}

fn unknown_in(table: &DeTable<'_>, prefix: &str, known: &[&str]) -> Option<(usize, String)> {
    let (key, _) = table
        .iter()
        .filter(|(key, _)| !known.contains(&&**key.get_ref()))
        .min_by_key(|(key, _)| key.span().start)?;
    let name: &str = key.get_ref();
    let advice = match nearest(&name.replace('_', "-"), known.iter().copied()) {
        Some(near) => format!("did you mean `{prefix}{near}`?"),
        None => format!("known are {}", known.join(", ")),
    };
    Some((key.span().start, format!("unknown key `{prefix}{name}`; {advice}")))
}
