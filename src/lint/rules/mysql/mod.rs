//! Rules of MySQL and MariaDB.

use dunlin_compat::model::Dialect;

use crate::ddl::{
    self, Change, ChangeKind, Column, Effect, Known, KnownColumn, MysqlAlgorithm, TableLock, TableName,
};
use crate::lint::{Rule, Site};

mod algorithm_refused;
mod algorithm_unsaid;
mod attributes_lost;
mod character_set_converted;
mod engine_without_transactions;
mod enum_changed;
mod expression_default;
mod float_money;
mod foreign_key_added;
mod foreign_key_refused;
mod identifier_too_long;
mod implicit_commit;
mod implicit_default;
mod inline_references;
mod int_key;
mod journaled;
mod lock_tables;
mod lock_wait_timeout;
mod partitions_changed;
mod primary_key_dropped;
mod primary_key_missing;
mod repeated_rebuild;
mod table_copied;
mod table_rebuilt;
mod timestamp_type;
mod trigger_added;
mod unique_on_rows;
mod utf8mb3;
mod writes_blocked;

/// Both servers.
pub(super) const MYSQL_FAMILY: &[Dialect] = &[Dialect::Mysql, Dialect::Mariadb];

pub(super) const RULES: &[&Rule] = &[
    &algorithm_refused::RULE,
    &algorithm_unsaid::RULE,
    &attributes_lost::RULE,
    &character_set_converted::RULE,
    &engine_without_transactions::RULE,
    &enum_changed::RULE,
    &expression_default::RULE,
    &float_money::RULE,
    &foreign_key_added::RULE,
    &foreign_key_refused::RULE,
    &identifier_too_long::RULE,
    &implicit_commit::RULE,
    &implicit_default::RULE,
    &inline_references::RULE,
    &int_key::RULE,
    &journaled::RULE,
    &lock_tables::RULE,
    &lock_wait_timeout::RULE,
    &partitions_changed::RULE,
    &primary_key_dropped::RULE,
    &primary_key_missing::RULE,
    &repeated_rebuild::RULE,
    &table_copied::RULE,
    &table_rebuilt::RULE,
    &timestamp_type::RULE,
    &trigger_added::RULE,
    &unique_on_rows::RULE,
    &utf8mb3::RULE,
    &writes_blocked::RULE,
];

/// What is known of a table: by the database, or by what the migration says of it before.
fn known(site: &Site<'_>, table: &TableName) -> Known {
    site.table(table).map_or_else(Known::default, |facts| facts.known)
}

/// What the server would do for a change alone.
fn alone(site: &Site<'_>, change: &Change) -> Option<Effect> {
    ddl::mysql_alone(change, site.server, &|table| known(site, table))
}

fn algorithm(effect: &Effect) -> Option<MysqlAlgorithm> {
    match effect.lock {
        TableLock::Mysql(algorithm) => Some(algorithm),
        _ => None,
    }
}

/// The column as the database has it.
fn known_column(site: &Site<'_>, table: &TableName, name: &str) -> Option<KnownColumn> {
    let columns = known(site, table).columns?;
    columns.into_iter().find(|column| column.name.eq_ignore_ascii_case(name))
}

/// Whether a change says a column anew of which nobody knows what it was.
fn is_unknown(site: &Site<'_>, change: &Change) -> bool {
    match &change.kind {
        ChangeKind::RedefineColumn { table, old_name, .. } => known_column(site, table, old_name).is_none(),
        _ => false,
    }
}

/// Columns that a change defines, with their tables.
fn defined(change: &Change) -> Vec<(&TableName, &Column)> {
    match &change.kind {
        ChangeKind::CreateTable { table, columns, .. } => {
            columns.iter().map(|column| (table, column)).collect()
        }
        ChangeKind::AddColumn { table, column, .. } | ChangeKind::RedefineColumn { table, column, .. } => {
            vec![(table, column)]
        }
        _ => Vec::new(),
    }
}

/// What a change is called in messages: `MODIFY total`.
fn called(change: &Change) -> String {
    match &change.kind {
        ChangeKind::AddColumn { column, .. } => format!("adding {}", column.name),
        ChangeKind::DropColumn { column, .. } => format!("dropping {column}"),
        ChangeKind::RedefineColumn { old_name, column, .. } if column.data_type.is_empty() => {
            format!("changing {old_name}")
        }
        ChangeKind::RedefineColumn { old_name, column, .. } => {
            format!("changing {old_name} to {}", column.data_type)
        }
        ChangeKind::CreateIndex { .. } => "building the index".to_owned(),
        ChangeKind::AddConstraint { .. } => "adding the constraint".to_owned(),
        ChangeKind::ValidateConstraint { name, .. } => format!("enforcing {name}"),
        ChangeKind::TableOptions { .. } => "changing the table's options".to_owned(),
        ChangeKind::RewriteTable { command, .. } => command.clone(),
        ChangeKind::OtherTableChange { clause, .. } => clause.clone(),
        _ => "this".to_owned(),
    }
}
