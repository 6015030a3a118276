//! What earlier statements of a migration mean for the next one.

use std::collections::{BTreeMap, BTreeSet};

use super::Statement;
use crate::ddl::{self, ChangeKind, RowChange, TableName};

/// The state before a statement.
#[derive(Debug, Clone, Default)]
pub struct Situation {
    /// Tables that the migration made: nobody else uses them yet.
    pub created: BTreeSet<TableName>,
    /// Of these, those into which it has put rows.
    pub filled: BTreeSet<TableName>,
    /// Enum values added in the transaction that is open, with their types.
    pub new_enum_values: BTreeMap<TableName, Vec<String>>,
    /// Constraints added `NOT VALID` by the migration, with whether that was in the transaction that is open.
    pub unvalidated: BTreeMap<(TableName, String), bool>,
    /// Tables whose schema the open transaction changed, by the migration's own account, and which were there before.
    pub altered: Vec<TableName>,
    /// Tables whose schema the migration changed, in any transaction.
    pub altered_before: Vec<TableName>,
    /// Whether the migration set a lock time-out for what follows.
    pub lock_timeout: bool,
    /// Whether it set a statement time-out.
    pub statement_timeout: bool,
    /// PostgreSQL: whether it had a backslash escape in plain strings.
    pub backslash_escapes: bool,
    /// Whether a transaction of the script's own is open.
    pub in_own_transaction: bool,
    transaction: Option<usize>,
}

impl Situation {
    /// Whether the migration made the table, so that no lock on it matters.
    pub fn is_new(&self, table: &TableName) -> bool {
        self.created.iter().any(|created| {
            created.name == table.name
                && (created.schema == table.schema || created.schema.is_none() || table.schema.is_none())
        })
    }

    /// Before a statement.
    pub(super) fn enter(&mut self, statement: &Statement) {
        let goes_on = self.in_own_transaction && self.transaction == statement.transaction;
        if !goes_on && (self.transaction != statement.transaction || statement.transaction.is_none()) {
            self.transaction = statement.transaction;
            self.end_transaction();
        }
    }

    fn end_transaction(&mut self) {
        self.new_enum_values.clear();
        self.altered.clear();
        self.unvalidated.values_mut().for_each(|in_transaction| *in_transaction = false);
    }

    /// After a statement.
    pub(super) fn leave(&mut self, statement: &Statement, parsed: &ddl::Statement) {
        for change in &parsed.changes {
            self.note(&change.kind);
        }
        let _ = statement;
    }

    fn note(&mut self, kind: &ChangeKind) {
        match kind {
            ChangeKind::CreateTable { table, from_query, .. } => {
                self.created.insert(table.clone());
                if *from_query {
                    self.filled.insert(table.clone());
                }
            }
            ChangeKind::CreateView { view, materialized: true, .. } => {
                self.created.insert(view.clone());
            }
            ChangeKind::DropTable { tables, .. } => {
                for table in tables {
                    self.created.remove(table);
                }
            }
            ChangeKind::RenameTable { table, to } if self.created.remove(table) => {
                let schema = to.schema.clone().or(table.schema.clone());
                self.created.insert(TableName { schema, ..to.clone() });
            }
            ChangeKind::Rows(RowChange::Insert { table, .. } | RowChange::Load { table }) => {
                self.filled.insert(table.clone());
            }
            ChangeKind::AddEnumValue { name, value, .. } => {
                self.new_enum_values.entry(name.clone()).or_default().push(value.clone());
            }
            ChangeKind::AddConstraint { table, constraint, .. } if constraint.not_valid => {
                if let Some(name) = &constraint.name {
                    self.unvalidated.insert((table.clone(), name.clone()), true);
                }
            }
            ChangeKind::Transaction { verb } => {
                self.in_own_transaction = *verb == "BEGIN";
                self.end_transaction();
            }
            ChangeKind::SetSetting { name, value, .. } => {
                let set = value != "0" && !value.eq_ignore_ascii_case("default");
                match name.as_str() {
                    "lock_timeout" | "lock_wait_timeout" | "busy_timeout" => self.lock_timeout = set,
                    "statement_timeout" | "max_statement_time" => self.statement_timeout = set,
                    "standard_conforming_strings" => {
                        self.backslash_escapes = value.eq_ignore_ascii_case("off")
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        if let Some(table) = kind.altered_table()
            && !self.is_new(table)
        {
            self.altered.push(table.clone());
            self.altered_before.push(table.clone());
        }
    }
}
