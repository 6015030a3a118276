//! What SQLite tells.

use dunlin_compat::model::Dialect;

use super::{CatalogFacts, is_true, number, qualified, text};
use crate::ddl::{self, ChangeKind, Known, KnownColumn, ServerVersion, TableName};
use crate::lint::TableFacts;

impl CatalogFacts<'_> {
    pub(super) fn read_sqlite(&self, table: &TableName) -> Option<TableFacts> {
        let quoted = self.dialect.quote_identifier(&table.name);
        let name = self.literal(&table.name);
        let found = self.rows(&format!(
            "SELECT name, (SELECT page_count FROM pragma_page_count()), (SELECT page_size FROM pragma_page_size()), sql FROM sqlite_master \
             WHERE type = 'table' AND lower(name) = lower({name})"
        ));
        let file = found.first()?;
        // The highest row number is there at once; counting reads the whole table.
        let highest = self.rows(&format!("SELECT max(_rowid_) FROM {quoted}"));
        let rows = highest.first().map(|row| number(row, 0)).unwrap_or(0);
        let bytes = number(file, 1).saturating_mul(number(file, 2));
        let columns = self.rows(&format!(
            "SELECT name, type, \"notnull\", dflt_value, pk, hidden = 2 FROM pragma_table_xinfo({name}) WHERE hidden <> 1 ORDER BY cid"
        ));
        let strict =
            self.rows(&format!("SELECT strict FROM pragma_table_list({name}) WHERE schema = 'main'"));
        let attached = self.rows(&format!(
            "SELECT type, name FROM sqlite_master WHERE lower(tbl_name) = lower({name}) AND type IN ('index', 'trigger') AND sql IS NOT \
             NULL ORDER BY name"
        ));
        let named = |kind: &str| -> Vec<String> {
            attached.iter().filter(|row| text(row, 0) == kind).map(|row| text(row, 1)).collect()
        };
        let parts = self.rows(&format!(
            "SELECT l.name, i.name FROM pragma_index_list({name}) l, pragma_index_info(l.name) i WHERE l.partial = 0 ORDER BY l.seq, \
             i.seqno"
        ));
        let mut indexes: Vec<(String, Vec<String>)> = Vec::new();
        for part in &parts {
            let (index, column) = (text(part, 0), text(part, 1));
            match indexes.last_mut().filter(|(last, _)| *last == index) {
                Some((_, columns)) => columns.push(column),
                None => indexes.push((index, vec![column])),
            }
        }
        let mut key: Vec<(u64, String)> = columns
            .iter()
            .filter(|row| number(row, 4) > 0)
            .map(|row| (number(row, 4), text(row, 0)))
            .collect();
        key.sort();
        let key: Vec<String> = key.into_iter().map(|(_, name)| name).collect();
        let referring = self.rows(&format!(
            "SELECT 'main', m.name FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND \
             lower(f.\"table\") = lower({name}) GROUP BY m.name ORDER BY m.name"
        ));
        let mut all: Vec<Vec<String>> = indexes.into_iter().map(|(_, columns)| columns).collect();
        if !key.is_empty() {
            all.push(key.clone());
        }
        let columns = columns
            .iter()
            .map(|row| KnownColumn {
                name: text(row, 0),
                data_type: text(row, 1),
                not_null: is_true(row, 2),
                default: row.get(3).cloned().flatten(),
                is_key: number(row, 4) > 0,
                // Only a virtual one: a stored one is like any other, once it is there.
                generated: is_true(row, 5),
                ..KnownColumn::default()
            })
            .map(|column| KnownColumn {
                indexed: all.iter().flatten().any(|other| *other == column.name),
                ..column
            });
        Some(TableFacts {
            rows,
            // Of the whole file, at most: which pages are whose is not told without reading them.
            bytes: if rows == 0 { 0 } else { bytes },
            index_bytes: 0,
            writes_per_second: None,
            referenced_by: referring.iter().map(qualified).collect(),
            known: Known {
                columns: Some(columns.collect()),
                has_primary_key: Some(!key.is_empty()),
                is_strict: strict.first().is_some_and(|row| is_true(row, 0)),
                triggers: named("trigger"),
                index_names: named("index"),
                checks: sqlite_checks(&text(file, 3)),
                ..Known::default()
            },
            primary_key: key,
            indexes: all,
        })
    }
}

/// The checks of a table of SQLite, which lists only its statement.
fn sqlite_checks(statement: &str) -> Vec<String> {
    let server = ServerVersion { dialect: Dialect::Sqlite, version: (3, 0, 0) };
    let read = ddl::read(statement, server);
    let Some(ChangeKind::CreateTable { columns, constraints, .. }) =
        read.changes.first().map(|change| &change.kind)
    else {
        return Vec::new();
    };
    let all = columns.iter().flat_map(|column| &column.constraints).chain(constraints);
    all.filter_map(|constraint| constraint.expression.clone()).collect()
}
