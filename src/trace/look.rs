//! Looking at what a session holds, from within it.

use std::collections::BTreeMap;

use dunlin_compat::model::Dialect;

use super::TableLock;
use crate::db::Connection;

const POSTGRES_LOCKS: &str = "SELECT DISTINCT quote_ident(n.nspname) || '.' || quote_ident(c.relname), l.mode \
     FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND c.relkind IN ('r', 'p', 'm') \
     AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2";

const POSTGRES_FILES: &str = "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.oid, c.relfilenode \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' \
     AND n.nspname <> 'information_schema'";

const MYSQL_LOCKS: &str = "SELECT DISTINCT m.object_name, m.lock_type FROM performance_schema.metadata_locks m \
     JOIN performance_schema.threads t ON t.thread_id = m.owner_thread_id \
     WHERE t.processlist_id = CONNECTION_ID() AND m.object_type = 'TABLE' AND m.object_schema = DATABASE() \
     AND m.lock_status = 'GRANTED' ORDER BY 1, 2";

/// A table that is built anew has another id.
const MYSQL_FILES: &str = "SELECT SUBSTRING_INDEX(SUBSTRING_INDEX(name, '/', -1), '#', 1), \
     SUBSTRING_INDEX(name, '/', -1), table_id FROM information_schema.{tables} WHERE name LIKE CONCAT(DATABASE(), '/%')";

/// What is known from the last look.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Table, what it is recognised by, and where its rows are.
    files: Option<BTreeMap<String, (String, String)>>,
    /// Whether the server refuses to tell.
    blind: bool,
}

impl Look {
    /// Sees where rows are before the first statement.
    pub(super) fn before(&mut self, connection: &mut dyn Connection) {
        if self.files.is_none() && !self.blind {
            self.files = files(connection);
            self.blind = self.files.is_none();
        }
    }

    /// The locks on tables that the open transaction holds.
    pub(super) fn locks(&self, connection: &mut dyn Connection) -> Vec<TableLock> {
        let query = match connection.server().dialect {
            Dialect::Postgres => POSTGRES_LOCKS,
            Dialect::Mysql | Dialect::Mariadb => MYSQL_LOCKS,
            Dialect::Sqlite => return Vec::new(),
        };
        // MariaDB has no such table unless its performance schema is on.
        let Ok(outcome) = connection.execute(query) else { return Vec::new() };
        let lock = |row: Vec<Option<String>>| {
            let mut values = row.into_iter().flatten();
            Some(TableLock { table: values.next()?, mode: values.next()? })
        };
        outcome.rows.into_iter().filter_map(lock).collect()
    }

    /// The tables whose rows are elsewhere than at the last look.
    pub(super) fn rewritten(&mut self, connection: &mut dyn Connection) -> Vec<String> {
        if self.blind {
            return Vec::new();
        }
        let Some(now) = files(connection) else { return Vec::new() };
        let before = self.files.replace(now.clone()).unwrap_or_default();
        let changed = |(key, (table, file)): (&String, &(String, String))| {
            let moved = before.get(key).is_some_and(|(_, before)| before != file);
            moved.then(|| table.clone())
        };
        let mut changed: Vec<String> = now.iter().filter_map(changed).collect();
        changed.sort();
        changed.dedup();
        changed
    }
}

fn files(connection: &mut dyn Connection) -> Option<BTreeMap<String, (String, String)>> {
    let query = match connection.server().dialect {
        Dialect::Postgres => POSTGRES_FILES.to_owned(),
        Dialect::Mysql => MYSQL_FILES.replace("{tables}", "innodb_tables"),
        Dialect::Mariadb => MYSQL_FILES.replace("{tables}", "innodb_sys_tables"),
        Dialect::Sqlite => return None,
    };
    let outcome = connection.execute(&query).ok()?;
    let file = |row: Vec<Option<String>>| {
        let mut values = row.into_iter().flatten();
        let table = values.next()?;
        Some((values.next()?, (table, values.next()?)))
    };
    Some(outcome.rows.into_iter().filter_map(file).collect())
}
