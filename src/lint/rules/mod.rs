//! The rules, one file each: those of several servers here, those of one in its folder.

use super::Rule;

mod changed_default;
mod delete_without_where;
mod drop_column;
mod drop_schema;
mod drop_table;
mod foreign_key_type;
mod foreign_key_without_index;
mod missing_down;
mod mysql;
mod naming_policy;
mod opaque_statement;
mod own_transaction;
mod postgres;
mod rename_column;
mod rename_table;
mod required_column;
mod rows_changed_at_once;
mod rows_changed_under_lock;
mod several_alters;
mod sqlite;
pub(super) mod stale_suppression;
mod truncate;
mod unnamed_constraint;
mod unread_statement;
mod wide_index;

const SHARED: &[&Rule] = &[
    &rows_changed_at_once::RULE,
    &changed_default::RULE,
    &delete_without_where::RULE,
    &drop_column::RULE,
    &drop_schema::RULE,
    &drop_table::RULE,
    &foreign_key_type::RULE,
    &foreign_key_without_index::RULE,
    &missing_down::RULE,
    &naming_policy::RULE,
    &opaque_statement::RULE,
    &own_transaction::RULE,
    &rename_column::RULE,
    &rename_table::RULE,
    &required_column::RULE,
    &rows_changed_under_lock::RULE,
    &several_alters::RULE,
    &stale_suppression::RULE,
    &truncate::RULE,
    &unnamed_constraint::RULE,
    &unread_statement::RULE,
    &wide_index::RULE,
];

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [SHARED, postgres::RULES, mysql::RULES, sqlite::RULES].into_iter().flatten().copied()
}
