//! What MySQL and MariaDB tell.

use super::{CatalogFacts, is_true, number, qualified, text};
use crate::ddl::{Known, KnownColumn, TableName};
use crate::lint::TableFacts;

impl CatalogFacts<'_> {
    pub(super) fn read_mysql(&self, table: &TableName) -> Option<TableFacts> {
        let schema = self.literal(table.schema.as_deref().unwrap_or(&self.schema));
        let name = self.literal(&table.name);
        let facts = self.rows(&format!(
            "SELECT table_rows, data_length, index_length, engine, row_format FROM information_schema.tables WHERE table_schema = {schema} AND \
             table_name = {name} AND table_type = 'BASE TABLE'"
        ));
        let row = facts.first()?;
        let columns = self.rows(&format!(
            "SELECT column_name, column_type, is_nullable, column_default, column_key <> '', character_set_name, \
             column_key = 'PRI', extra, column_comment, collation_name FROM \
             information_schema.columns WHERE table_schema = {schema} AND table_name = {name} ORDER BY ordinal_position"
        ));
        let parts = self.rows(&format!(
            "SELECT index_name, coalesce(column_name, ''), index_type FROM information_schema.statistics WHERE table_schema = {schema} AND table_name = {name} \
             ORDER BY index_name, seq_in_index"
        ));
        let referring = self.rows(&format!(
            "SELECT DISTINCT table_schema, table_name FROM information_schema.key_column_usage WHERE referenced_table_schema = {schema} \
             AND referenced_table_name = {name} ORDER BY 1, 2"
        ));
        // Over an hour at least: soon after a start a single load would look like many writers.
        let written = self.rows(&format!(
            "SELECT (count_insert + count_update + count_delete) / greatest((SELECT variable_value FROM \
             performance_schema.global_status WHERE variable_name = 'Uptime'), 3600) FROM \
             performance_schema.table_io_waits_summary_by_table WHERE object_schema = {schema} AND object_name = {name}"
        ));
        let triggers = self.rows(&format!(
            "SELECT trigger_name FROM information_schema.triggers WHERE event_object_schema = {schema} AND event_object_table = {name}"
        ));
        let mut indexes: Vec<(String, Vec<String>)> = Vec::new();
        for part in &parts {
            let (index, column) = (text(part, 0), text(part, 1));
            match indexes.last_mut().filter(|(last, _)| *last == index) {
                Some((_, columns)) => columns.push(column),
                None => indexes.push((index, vec![column])),
            }
        }
        let columns = columns.iter().map(|row| KnownColumn {
            name: text(row, 0),
            data_type: text(row, 1),
            not_null: text(row, 2) == "NO",
            default: row.get(3).cloned().flatten().filter(|default| default != "NULL"),
            indexed: indexes.iter().any(|(_, columns)| columns.contains(&text(row, 0))),
            character_set: row.get(5).cloned().flatten(),
            is_key: is_true(row, 6),
            auto_increment: text(row, 7).to_ascii_lowercase().contains("auto_increment"),
            generated: text(row, 7).to_ascii_uppercase().contains(" GENERATED"),
            on_update: text(row, 7).to_ascii_lowercase().contains("on update"),
            comment: text(row, 8),
            collation: row.get(9).cloned().flatten(),
        });
        Some(TableFacts {
            rows: number(row, 0),
            bytes: number(row, 1),
            index_bytes: number(row, 2),
            writes_per_second: written.first().and_then(|row| text(row, 0).parse().ok()),
            referenced_by: referring.iter().map(qualified).collect(),
            known: Known {
                columns: Some(columns.collect()),
                engine: row.get(3).cloned().flatten(),
                row_format: row.get(4).cloned().flatten(),
                has_fulltext: parts.iter().any(|part| text(part, 2) == "FULLTEXT"),
                has_primary_key: Some(indexes.iter().any(|(name, _)| name == "PRIMARY")),
                triggers: triggers.iter().map(|row| text(row, 0)).collect(),
                ..Known::default()
            },
            primary_key: indexes
                .iter()
                .find(|(name, _)| name == "PRIMARY")
                .map(|(_, columns)| columns.clone())
                .unwrap_or_default(),
            indexes: indexes.into_iter().map(|(_, columns)| columns).collect(),
        })
    }
}
