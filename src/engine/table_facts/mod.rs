//! What the catalog and the statistics tell of tables, for the safety rules. Asked once for each table, and writes nothing.

mod mysql;
mod postgres;
mod sqlite;

use std::cell::RefCell;
use std::collections::HashMap;

use dunlin_compat::model::{Dialect, Row};

use crate::db::Connection;
use crate::ddl::TableName;
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
