//! Rules of SQLite.

use dunlin_compat::model::Dialect;

use crate::ddl::{self, ChangeKind, TableName};
use crate::lint::Rule;

mod affinity_changed;
mod column_not_dropped;
mod double_quoted_string;
mod index_holds_writers;
mod journal_mode;
mod not_strict;
mod pragma_in_transaction;
mod rebuild_forgets;
mod references_kept;
mod rows_cascade;
mod rows_rewritten;
mod unsupported_alter;
mod vacuum;

const SQLITE: &[Dialect] = &[Dialect::Sqlite];

pub(super) const RULES: &[&Rule] = &[
    &affinity_changed::RULE,
    &column_not_dropped::RULE,
    &double_quoted_string::RULE,
    &index_holds_writers::RULE,
    &journal_mode::RULE,
    &not_strict::RULE,
    &pragma_in_transaction::RULE,
    &rebuild_forgets::RULE,
    &references_kept::RULE,
    &rows_cascade::RULE,
    &rows_rewritten::RULE,
    &unsupported_alter::RULE,
    &vacuum::RULE,
];

/// A table that a migration builds anew under another name and puts in the place of the old one.
struct Rebuild {
    /// The statement that drops the old one.
    dropped: usize,
    /// The statement that gives the new one its name, if it was made under another.
    named: usize,
    /// The table's name.
    table: TableName,
    /// The name under which the new one was made.
    made_as: TableName,
}

fn same(one: &TableName, other: &TableName) -> bool {
    one.name.eq_ignore_ascii_case(&other.name)
}

/// The rebuilds of a migration: what is dropped, and then a table made in it takes the name.
fn rebuilds(read: &[ddl::Statement]) -> Vec<Rebuild> {
    let mut found = Vec::new();
    let mut dropped: Vec<(usize, TableName)> = Vec::new();
    let mut made: Vec<TableName> = Vec::new();
    for (index, change) in
        read.iter().enumerate().flat_map(|(index, one)| one.changes.iter().map(move |change| (index, change)))
    {
        match &change.kind {
            ChangeKind::CreateTable { table, .. } => {
                made.push(table.clone());
                if let Some((at, _)) = dropped.iter().find(|(_, name)| same(name, table)) {
                    let (table, made_as) = (table.clone(), table.clone());
                    found.push(Rebuild { dropped: *at, named: index, table, made_as });
                }
            }
            ChangeKind::DropTable { tables, if_exists, .. } => {
                let gone = tables.iter().filter(|name| !made.iter().any(|other| same(other, name)));
                // `DROP … IF EXISTS` followed by `CREATE` begins a script on an empty database.
                dropped.extend(
                    gone.filter(|_| !if_exists || !made.is_empty()).map(|name| (index, name.clone())),
                );
            }
            ChangeKind::RenameTable { table, to } => {
                if let Some((at, _)) = dropped.iter().find(|(_, name)| same(name, to))
                    && made.iter().any(|name| same(name, table))
                {
                    let (made_as, table) = (table.clone(), to.clone());
                    found.push(Rebuild { dropped: *at, named: index, table, made_as });
                } else if !made.iter().any(|name| same(name, table)) {
                    // Renamed away, so that a new one can take its name.
                    dropped.push((index, table.clone()));
                }
            }
            _ => {}
        }
    }
    found
}
