//! The tables `knex_migrations` and `knex_migrations_lock`: how they are made, read and changed.
//!
//! After `lib/migrations/migrate/table-creator.js` and `Migrator.js`. The statements that make the tables are those that
//! Knex 3.3.0 sends.

use super::client::Family;
use super::config::Migrations;
use crate::model::{AdapterError, Context, Dialect, HistoryQueries, HistoryStatement, LockRow, Row, Server};

/// Where the history is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryTable {
    /// `migrations.tableName`.
    pub name: String,
    /// `migrations.schemaName`.
    pub schema: Option<String>,
}

/// A row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The file's name.
    pub name: String,
    /// The batch; rows that others wrote may have none.
    pub batch: Option<i64>,
    /// When, as the server tells it.
    pub time: Option<String>,
}

impl HistoryTable {
    /// The table that a configuration names.
    pub fn of(migrations: &Migrations) -> HistoryTable {
        HistoryTable { name: migrations.table_name.clone(), schema: migrations.schema_name.clone() }
    }

    /// Its name, quoted and qualified.
    pub fn quoted(&self, dialect: Dialect) -> String {
        self.qualified(&self.name, dialect)
    }

    /// The name of the lock's table, quoted and qualified.
    pub fn quoted_lock(&self, dialect: Dialect) -> String {
        self.qualified(&self.lock_name(), dialect)
    }

    fn lock_name(&self) -> String {
        format!("{}_lock", self.name)
    }

    /// Knex writes backticks on SQLite too.
    fn qualified(&self, name: &str, dialect: Dialect) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", quote(schema, dialect), quote(name, dialect)),
            None => quote(name, dialect),
        }
    }

    /// How to read the rows: id, name, batch, time; by id.
    pub fn queries(&self, server: &Server) -> HistoryQueries {
        let dialect = server.dialect;
        let time = quote("migration_time", dialect);
        HistoryQueries {
            exists: self.exists(&self.name, dialect),
            rows: format!(
                "select {}, {}, {}, {time} from {} order by {}",
                quote("id", dialect),
                quote("name", dialect),
                quote("batch", dialect),
                self.quoted(dialect),
                quote("id", dialect)
            ),
        }
    }

    /// Knex' `hasTable`; on PostgreSQL what `information_schema.tables` is made of, which is much quicker to plan.
    fn exists(&self, name: &str, dialect: Dialect) -> String {
        let literal = |text: &str| dialect.quote_literal(text);
        let name = literal(name);
        match Family::of(dialect) {
            Family::Postgres => {
                let schema = self.schema.as_deref().map_or("current_schema()".to_owned(), literal);
                format!(
                    "select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
                     where c.relname = {name} and n.nspname = {schema} and c.relkind in ('r', 'v', 'f', 'p') and \
                     (pg_catalog.pg_has_role(c.relowner, 'USAGE') or pg_catalog.has_table_privilege(c.oid, \
                     'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') or \
                     pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))"
                )
            }
            Family::Mysql => {
                let schema = self.schema.as_deref().map_or("database()".to_owned(), literal);
                format!(
                    "select 1 from information_schema.tables where table_name = {name} and table_schema = {schema}"
                )
            }
            Family::Sqlite => format!("select 1 from sqlite_master where type='table' and name = {name}"),
        }
    }

    /// Makes the history's table.
    pub fn create(&self, dialect: Dialect) -> String {
        let table = self.quoted(dialect);
        let name = |name: &str| quote(name, dialect);
        let (id, batch, time) = match Family::of(dialect) {
            Family::Postgres => ("serial primary key", "integer", "timestamptz"),
            Family::Mysql => ("int unsigned not null auto_increment primary key", "int", "timestamp"),
            Family::Sqlite => ("integer not null primary key autoincrement", "integer", "datetime"),
        };
        format!(
            "create table {table} ({} {id}, {} varchar(255), {} {batch}, {} {time})",
            name("id"),
            name("name"),
            name("batch"),
            name("migration_time")
        )
    }

    /// Makes the lock's table.
    pub fn create_lock(&self, dialect: Dialect) -> String {
        let (index, locked) = match Family::of(dialect) {
            Family::Postgres => ("serial primary key", "integer"),
            Family::Mysql => ("int unsigned not null auto_increment primary key", "int"),
            Family::Sqlite => ("integer not null primary key autoincrement", "integer"),
        };
        format!(
            "create table {} ({} {index}, {} {locked})",
            self.quoted_lock(dialect),
            quote("index", dialect),
            quote("is_locked", dialect)
        )
    }

    /// Puts the one row into the lock's table, unless there is one.
    pub fn insert_lock(&self, dialect: Dialect) -> String {
        let (table, locked) = (self.quoted_lock(dialect), quote("is_locked", dialect));
        format!("insert into {table} ({locked}) select 0 where not exists (select * from {table})")
    }

    /// The lock as the engine takes it.
    pub fn lock_row(&self, dialect: Dialect) -> LockRow {
        let (table, locked) = (self.quoted_lock(dialect), quote("is_locked", dialect));
        LockRow {
            exists: self.exists(&self.lock_name(), dialect),
            create: self.create_lock(dialect),
            fill: self.insert_lock(dialect),
            states: format!("select {locked} from {table}"),
            // Knex takes whatever is not 0 for locked.
            take: format!("update {table} set {locked} = -1 where {locked} <= 0"),
            free: format!("update {table} set {locked} = 0"),
            way_out: "knex migrate:unlock".to_owned(),
            table,
        }
    }

    /// What `migrate:unlock` does.
    pub fn unlock(&self, dialect: Dialect) -> [String; 2] {
        let (table, locked) = (self.quoted_lock(dialect), quote("is_locked", dialect));
        [format!("delete from {table}"), format!("insert into {table} ({locked}) values (0)")]
    }

    /// Records a migration. The time is the server's: milliseconds on PostgreSQL, seconds on MySQL, and on SQLite an
    /// integer, milliseconds since 1970, because that is what Knex' driver makes of a date.
    pub fn insert(&self, name: &str, batch: i64, dialect: Dialect) -> HistoryStatement {
        let now = match Family::of(dialect) {
            Family::Postgres => "date_trunc('milliseconds', clock_timestamp())",
            Family::Mysql => "current_timestamp",
            Family::Sqlite => {
                "cast(strftime('%s', 'now') as integer) * 1000 + cast(substr(strftime('%f', 'now'), 4) as integer)"
            }
        };
        HistoryStatement::plain(format!(
            "insert into {} ({}, {}, {}) values ({batch}, {now}, {})",
            self.quoted(dialect),
            quote("batch", dialect),
            quote("migration_time", dialect),
            quote("name", dialect),
            dialect.quote_literal(name)
        ))
    }

    /// Forgets a migration.
    pub fn delete(&self, name: &str, dialect: Dialect) -> HistoryStatement {
        HistoryStatement::plain(format!(
            "delete from {} where {} = {}",
            self.quoted(dialect),
            quote("name", dialect),
            dialect.quote_literal(name)
        ))
    }
}

/// The rows, by id.
///
/// # Errors
/// A row is not what Knex writes.
pub fn applied(context: &Context<'_>) -> Result<Vec<Applied>, AdapterError> {
    context.history.rows.iter().map(row).collect()
}

fn row(row: &Row) -> Result<Applied, AdapterError> {
    let [_, name, batch, time] = row.as_slice() else {
        return Err(AdapterError::refused("HISTORY", "a row of the history has not four columns"));
    };
    let Some(name) = name.clone() else {
        return Err(AdapterError::refused("HISTORY", "a row of the history has no name")
            .advise("Knex' own commands cannot go on with it either; delete the row."));
    };
    let batch = match batch {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            AdapterError::refused(
                "HISTORY",
                format!("the batch of {name} in the history is no number: {text}"),
            )
        })?),
    };
    Ok(Applied { name, batch, time: time.clone() })
}

/// As Knex quotes: backticks on SQLite, where the rest of dunlin takes double quotes.
fn quote(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => format!("`{}`", name.replace('`', "``")),
        _ => dialect.quote_identifier(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(schema: Option<&str>) -> HistoryTable {
        HistoryTable { name: "knex_migrations".to_owned(), schema: schema.map(str::to_owned) }
    }

    /// As captured from Knex 3.3.0 with pg, mysql2 and sqlite3.
    #[test]
    fn tables_are_made_as_knex_makes_them() {
        for (dialect, history, lock) in [
            (
                Dialect::Postgres,
                r#"create table "knex_migrations" ("id" serial primary key, "name" varchar(255), "batch" integer, "migration_time" timestamptz)"#,
                r#"create table "knex_migrations_lock" ("index" serial primary key, "is_locked" integer)"#,
            ),
            (
                Dialect::Mariadb,
                "create table `knex_migrations` (`id` int unsigned not null auto_increment primary key, `name` varchar(255), `batch` int, `migration_time` timestamp)",
                "create table `knex_migrations_lock` (`index` int unsigned not null auto_increment primary key, `is_locked` int)",
            ),
            (
                Dialect::Sqlite,
                "create table `knex_migrations` (`id` integer not null primary key autoincrement, `name` varchar(255), `batch` integer, `migration_time` datetime)",
                "create table `knex_migrations_lock` (`index` integer not null primary key autoincrement, `is_locked` integer)",
            ),
        ] {
            assert_eq!(table(None).create(dialect), history);
            assert_eq!(table(None).create_lock(dialect), lock);
        }
    }

    #[test]
    fn a_schema_stands_before_both_tables() {
        let table = table(Some("admin"));
        assert!(table.create(Dialect::Postgres).starts_with(r#"create table "admin"."knex_migrations" ("#));
        assert!(
            table
                .create_lock(Dialect::Postgres)
                .starts_with(r#"create table "admin"."knex_migrations_lock" ("#)
        );
        assert!(
            table
                .lock_row(Dialect::Postgres)
                .exists
                .contains("c.relname = 'knex_migrations_lock' and n.nspname = 'admin'")
        );
    }

    #[test]
    fn names_are_quoted() {
        let HistoryStatement(parts) = table(None).delete("it's.js", Dialect::Postgres);
        assert_eq!(
            parts,
            HistoryStatement::plain(r#"delete from "knex_migrations" where "name" = 'it''s.js'"#).0
        );
    }
}
