//! What the catalog and the statistics tell of tables, for the safety rules. Asked once for each table, and writes nothing.

use std::cell::RefCell;
use std::collections::HashMap;

use dunlin_compat::model::{Dialect, Row};

use crate::db::Connection;
use crate::ddl::{self, ChangeKind, Known, KnownColumn, ServerVersion, TableName};
use crate::lint::{Facts, TableFacts};

/// Facts of tables over a session. A query that fails leaves its facts out: rules then judge as without a database.
pub struct CatalogFacts<'c> {
    connection: RefCell<&'c mut dyn Connection>,
    dialect: Dialect,
    schema: String,
    tables: RefCell<HashMap<TableName, Option<TableFacts>>>,
    indexes: RefCell<HashMap<TableName, Option<TableName>>>,
}

impl<'c> CatalogFacts<'c> {
    /// Over a session.
    pub fn new(connection: &'c mut dyn Connection) -> CatalogFacts<'c> {
        let server = connection.server();
        let (dialect, schema) = (server.dialect, server.schema.clone());
        CatalogFacts {
            connection: RefCell::new(connection),
            dialect,
            schema,
            tables: RefCell::default(),
            indexes: RefCell::default(),
        }
    }

    /// Has something else asked in the same session.
    pub fn with_connection<T>(&self, ask: impl FnOnce(&mut dyn Connection) -> T) -> T {
        ask(&mut **self.connection.borrow_mut())
    }

    fn rows(&self, query: &str) -> Vec<Row> {
        self.connection.borrow_mut().execute(query).map(|outcome| outcome.rows).unwrap_or_default()
    }

    fn quoted(&self, name: &TableName) -> String {
        let quote = |text: &str| self.dialect.quote_identifier(text);
        match &name.schema {
            Some(schema) => format!("{}.{}", quote(schema), quote(&name.name)),
            None => quote(&name.name),
        }
    }

    fn literal(&self, text: &str) -> String {
        self.dialect.quote_literal(text)
    }

    fn read(&self, table: &TableName) -> Option<TableFacts> {
        match self.dialect {
            Dialect::Postgres => self.read_postgres(table),
            Dialect::Mysql | Dialect::Mariadb => self.read_mysql(table),
            Dialect::Sqlite => self.read_sqlite(table),
        }
    }

    fn read_postgres(&self, table: &TableName) -> Option<TableFacts> {
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

    fn read_mysql(&self, table: &TableName) -> Option<TableFacts> {
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
        let written = self.rows(&format!(
            "SELECT (count_insert + count_update + count_delete) / greatest((SELECT variable_value FROM \
             performance_schema.global_status WHERE variable_name = 'Uptime'), 1) FROM \
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

    fn read_sqlite(&self, table: &TableName) -> Option<TableFacts> {
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

    fn read_index(&self, index: &TableName) -> Option<TableName> {
        let rows = match self.dialect {
            Dialect::Postgres => {
                let quoted = self.quoted(index);
                self.rows(&format!(
                    "SELECT n.nspname, t.relname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = \
                     t.relnamespace WHERE i.indexrelid = to_regclass({})",
                    self.literal(&quoted)
                ))
            }
            Dialect::Sqlite => self.rows(&format!(
                "SELECT 'main', tbl_name FROM sqlite_master WHERE type = 'index' AND lower(name) = lower({})",
                self.literal(&index.name)
            )),
            // Indexes belong to their tables there.
            Dialect::Mysql | Dialect::Mariadb => Vec::new(),
        };
        rows.first().map(qualified)
    }
}

impl Facts for CatalogFacts<'_> {
    fn table(&self, table: &TableName) -> Option<TableFacts> {
        if let Some(known) = self.tables.borrow().get(table) {
            return known.clone();
        }
        let mut facts = self.read(table);
        // An estimate may be of yesterday.
        if let Some(facts) = facts.as_mut().filter(|facts| facts.rows == 0)
            && !self.rows(&format!("SELECT 1 FROM {} LIMIT 1", self.quoted(table))).is_empty()
        {
            facts.rows = 1;
        }
        self.tables.borrow_mut().insert(table.clone(), facts.clone());
        facts
    }

    fn table_of_index(&self, index: &TableName) -> Option<TableName> {
        if let Some(known) = self.indexes.borrow().get(index) {
            return known.clone();
        }
        let table = self.read_index(index);
        self.indexes.borrow_mut().insert(index.clone(), table.clone());
        table
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

fn text(row: &Row, index: usize) -> String {
    row.get(index).cloned().flatten().unwrap_or_default()
}

fn number(row: &Row, index: usize) -> u64 {
    text(row, index).parse().unwrap_or(0)
}

fn is_true(row: &Row, index: usize) -> bool {
    matches!(text(row, index).as_str(), "t" | "1" | "true")
}

fn qualified(row: &Row) -> TableName {
    TableName { schema: row.first().cloned().flatten(), name: text(row, 1) }
}
