//! What PostgreSQL tells.

use super::{CatalogFacts, is_true, number, qualified, text};
use crate::ddl::{Known, KnownColumn, TableName};
use crate::lint::TableFacts;
use dunlin_compat::model::Row;

impl CatalogFacts<'_> {
    pub(super) fn read_postgres(&self, table: &TableName) -> Option<TableFacts> {
        let quoted = self.quoted(table);
        // What the statistics say costs no lock; only a table that was never analysed is measured. They are kept when the server
        // starts anew, so that writes are counted from when the statistics of the cluster begin.
        let facts = self.rows(&format!(
            "SELECT c.oid, \
             (SELECT sum(greatest(p.reltuples, coalesce(s.n_live_tup, 0), 0))::bigint FROM pg_class p \
              LEFT JOIN pg_stat_user_tables s ON s.relid = p.oid WHERE p.oid = c.oid OR p.oid IN \
              (SELECT relid FROM pg_partition_tree(c.oid))), \
             (SELECT sum(CASE WHEN p.relpages > 0 THEN p.relpages::bigint * current_setting('block_size')::bigint \
              ELSE coalesce(pg_relation_size(p.oid), 0) END)::bigint FROM pg_class p WHERE p.relkind IN ('r', 'm') AND (p.oid = c.oid \
              OR p.oid IN (SELECT relid FROM pg_partition_tree(c.oid)))), \
             (SELECT coalesce(sum(x.relpages::bigint * current_setting('block_size')::bigint), 0)::bigint FROM pg_index i \
              JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid), \
             (SELECT sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del) / greatest(extract(epoch FROM clock_timestamp() - coalesce( \
              (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()), \
              (SELECT stats_reset FROM pg_stat_bgwriter), pg_postmaster_start_time())), 1) FROM pg_stat_user_tables s \
              WHERE s.relid = c.oid OR s.relid IN (SELECT relid FROM pg_partition_tree(c.oid))) \
             FROM pg_class c WHERE c.oid = to_regclass({})",
            self.literal(&quoted)
        ));
        let row = facts.first()?;
        let oid = text(row, 0);
        let columns = self.rows(&format!(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
             CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END, \
             EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND a.attnum = ANY (i.indkey)), \
             EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)), \
             a.attidentity <> '', a.attgenerated <> '' \
             FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        ));
        let checks = self.rows(&format!(
            "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conrelid = {oid} AND contype = 'c' AND convalidated"
        ));
        let indexes = self.rows(&format!(
            "SELECT i.indisprimary, array_to_string(ARRAY(SELECT coalesce(a.attname::text, '') FROM unnest(i.indkey) WITH ORDINALITY \
             AS k (attnum, place) LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0 \
             WHERE k.place <= i.indnkeyatts ORDER BY k.place), E'\\x01', '') \
             FROM pg_index i WHERE i.indrelid = {oid} AND i.indisvalid AND i.indpred IS NULL"
        ));
        let referring = self.rows(&format!(
            "SELECT n.nspname, c.relname FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON \
             n.oid = c.relnamespace WHERE f.confrelid = {oid} AND f.contype = 'f' GROUP BY 1, 2 ORDER BY 1, 2"
        ));
        let columns = columns.iter().map(|row| KnownColumn {
            name: text(row, 0),
            data_type: text(row, 1),
            not_null: is_true(row, 2),
            default: row.get(3).cloned().flatten(),
            indexed: is_true(row, 4),
            is_key: is_true(row, 5),
            auto_increment: is_true(row, 6),
            generated: is_true(row, 7),
            ..KnownColumn::default()
        });
        let split = |row: &Row| text(row, 1).split('\u{1}').map(str::to_owned).collect::<Vec<String>>();
        Some(TableFacts {
            rows: number(row, 1),
            bytes: number(row, 2),
            index_bytes: number(row, 3),
            writes_per_second: text(row, 4).parse().ok(),
            referenced_by: referring.iter().map(qualified).collect(),
            known: Known {
                columns: Some(columns.collect()),
                checks: checks.iter().map(|row| text(row, 0)).collect(),
                has_primary_key: Some(indexes.iter().any(|row| is_true(row, 0))),
                ..Known::default()
            },
            primary_key: indexes.iter().find(|row| is_true(row, 0)).map(split).unwrap_or_default(),
            indexes: indexes.iter().map(split).collect(),
        })
    }
}
