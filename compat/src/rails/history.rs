//! The tables `schema_migrations` and `ar_internal_metadata`: how they are made, read and changed; and the lock.
//!
//! The statements are those that Active Record 8.2 sends, except that the server tells the time. Older releases add
//! `RETURNING` to them.

use super::release::Release;
use crate::model::{Dialect, HistoryQueries, HistoryStatement, Lock, Row, Server};

/// Where the history is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryTables {
    /// The name of `schema_migrations`, with the project's prefix and suffix; it may begin with a schema.
    pub migrations: String,
    /// The name of `ar_internal_metadata`, likewise.
    pub metadata: String,
    /// Whether there is `ar_internal_metadata` at all.
    pub uses_metadata: bool,
}

impl Default for HistoryTables {
    fn default() -> HistoryTables {
        HistoryTables {
            migrations: "schema_migrations".to_owned(),
            metadata: "ar_internal_metadata".to_owned(),
            uses_metadata: true,
        }
    }
}

/// The rows of `ar_internal_metadata`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataKey {
    /// The environment that migrated last.
    Environment,
    /// The SHA-1 of the schema file that was loaded.
    SchemaSha1,
}

impl MetadataKey {
    fn name(self) -> &'static str {
        match self {
            MetadataKey::Environment => "environment",
            MetadataKey::SchemaSha1 => "schema_sha1",
        }
    }
}

/// `quote_table_name`: a dot stands between a schema and a name.
pub fn quote_table(name: &str, dialect: Dialect) -> String {
    name.split('.').map(|part| dialect.quote_identifier(part)).collect::<Vec<_>>().join(".")
}

impl HistoryTables {
    /// `schema_migrations`, quoted.
    pub fn quoted(&self, dialect: Dialect) -> String {
        quote_table(&self.migrations, dialect)
    }

    /// `ar_internal_metadata`, quoted.
    pub fn quoted_metadata(&self, dialect: Dialect) -> String {
        quote_table(&self.metadata, dialect)
    }

    /// The schema that the tables are in, if their names say one.
    pub fn schema(&self) -> Option<&str> {
        self.migrations.split_once('.').map(|(schema, _)| schema)
    }

    /// How to read the applied versions.
    pub fn queries(&self, dialect: Dialect) -> HistoryQueries {
        let (table, version) = (self.quoted(dialect), dialect.quote_identifier("version"));
        HistoryQueries {
            exists: exists(&self.migrations, dialect),
            rows: format!("SELECT {table}.{version} FROM {table} ORDER BY {table}.{version} ASC"),
        }
    }

    /// Returns a row if `ar_internal_metadata` is there.
    pub fn metadata_exists(&self, dialect: Dialect) -> String {
        exists(&self.metadata, dialect)
    }

    /// Reads a value of `ar_internal_metadata`, which has to be there.
    pub fn metadata_value(&self, key: MetadataKey, dialect: Dialect) -> String {
        let (table, name) = (self.quoted_metadata(dialect), |name: &str| dialect.quote_identifier(name));
        format!(
            "SELECT {} FROM {table} WHERE {table}.{1} = '{2}' ORDER BY {table}.{1} ASC LIMIT 1",
            name("value"),
            name("key"),
            key.name()
        )
    }

    /// Makes `schema_migrations`.
    pub fn create(&self, dialect: Dialect) -> String {
        format!(
            "CREATE TABLE {} ({} {} NOT NULL PRIMARY KEY)",
            self.quoted(dialect),
            dialect.quote_identifier("version"),
            string_type(dialect)
        )
    }

    /// Makes `ar_internal_metadata`.
    pub fn create_metadata(&self, dialect: Dialect) -> String {
        let time = if dialect == Dialect::Postgres { "timestamp(6)" } else { "datetime(6)" };
        let (name, string) = (|name: &str| dialect.quote_identifier(name), string_type(dialect));
        format!(
            "CREATE TABLE {} ({} {string} NOT NULL PRIMARY KEY, {} {string}, {} {time} NOT NULL, {} {time} NOT NULL)",
            self.quoted_metadata(dialect),
            name("key"),
            name("value"),
            name("created_at"),
            name("updated_at")
        )
    }

    /// Records a version.
    pub fn insert(&self, version: u128, dialect: Dialect) -> HistoryStatement {
        HistoryStatement::plain(format!(
            "INSERT INTO {} ({}) VALUES ('{version}')",
            self.quoted(dialect),
            dialect.quote_identifier("version")
        ))
    }

    /// Forgets a version.
    pub fn delete(&self, version: u128, dialect: Dialect) -> HistoryStatement {
        let table = self.quoted(dialect);
        HistoryStatement::plain(format!(
            "DELETE FROM {table} WHERE {table}.{} = '{version}'",
            dialect.quote_identifier("version")
        ))
    }

    /// Sets a value of `ar_internal_metadata`: its row is made if there is none, and touched only if the value is another.
    pub fn set(&self, key: MetadataKey, value: &str, dialect: Dialect) -> [String; 2] {
        let table = self.quoted_metadata(dialect);
        let name = |name: &str| dialect.quote_identifier(name);
        let (value, now, key) = (dialect.quote_literal(value), now(dialect), key.name());
        let same = format!("{table}.{} = '{key}'", name("key"));
        let update = format!(
            "UPDATE {table} SET {} = {value}, {} = {now} WHERE {same} AND ({value_column} <> {value} OR {value_column} IS NULL)",
            name("value"),
            name("updated_at"),
            value_column = name("value"),
        );
        let insert = format!(
            "INSERT INTO {table} ({}, {}, {}, {}) SELECT '{key}', {value}, {now}, {now}{} WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {same})",
            name("key"),
            name("value"),
            name("created_at"),
            name("updated_at"),
            // MySQL 5.7 wants a table before WHERE.
            if dialect.is_mysql_family() { " FROM DUAL" } else { "" },
        );
        [update, insert]
    }

    /// What `Schema.define(version: …)` records: the version, and each file's that is lower and not recorded.
    ///
    /// # Errors
    /// Two files have one version: that version.
    pub fn assume_migrated(
        &self,
        version: u128,
        files: &[u128],
        applied: &[u128],
        release: Release,
        dialect: Dialect,
    ) -> Result<Vec<String>, u128> {
        let table = self.quoted(dialect);
        let mut statements = Vec::new();
        if !applied.contains(&version) {
            statements.push(format!("INSERT INTO {table} (version) VALUES ({version})"));
        }
        let lower: Vec<u128> =
            files.iter().copied().filter(|file| *file < version && !applied.contains(file)).collect();
        if let Some(twice) = lower.iter().find(|file| lower.iter().filter(|other| other == file).count() > 1)
        {
            return Err(*twice);
        }
        if !lower.is_empty() {
            statements.push(if release >= Release(8, 2) {
                let rows: Vec<String> = lower.iter().map(|version| format!("('{version}')")).collect();
                format!(
                    "INSERT INTO {table} ({}) VALUES {}",
                    dialect.quote_identifier("version"),
                    rows.join(", ")
                )
            } else {
                let ordered: Vec<u128> = ordered(&lower, release);
                let rows: Vec<String> = ordered.iter().map(|version| format!("({version})")).collect();
                format!("INSERT INTO {table} (version) VALUES\n{};", rows.join(",\n"))
            });
        }
        Ok(statements)
    }
}

/// `insert_versions_sql` turns the order around since 7.1.
fn ordered(versions: &[u128], release: Release) -> Vec<u128> {
    if release.structure_newest_first() {
        versions.iter().rev().copied().collect()
    } else {
        versions.to_vec()
    }
}

fn string_type(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "character varying",
        Dialect::Mysql | Dialect::Mariadb => "varchar(255)",
        Dialect::Sqlite => "varchar",
    }
}

/// UTC, with six digits of a second.
fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "(clock_timestamp() AT TIME ZONE 'UTC')",
        Dialect::Mysql | Dialect::Mariadb => "UTC_TIMESTAMP(6)",
        Dialect::Sqlite => "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'",
    }
}

/// `table_exists?`
fn exists(name: &str, dialect: Dialect) -> String {
    let (schema, name) = match name.split_once('.') {
        Some((schema, name)) => (Some(dialect.quote_literal(schema)), name),
        None => (None, name),
    };
    let name = dialect.quote_literal(name);
    match dialect {
        Dialect::Postgres => {
            let schema = schema.map_or("ANY (current_schemas(false))".to_owned(), |schema| schema);
            format!(
                "SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {schema} AND c.relname = {name} AND c.relkind IN ('r','p')"
            )
        }
        Dialect::Mysql | Dialect::Mariadb => {
            let schema = schema.unwrap_or_else(|| "database()".to_owned());
            format!(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = {schema} AND table_name = {name} AND table_type = 'BASE TABLE'"
            )
        }
        Dialect::Sqlite => format!(
            "SELECT name FROM sqlite_master WHERE name <> 'sqlite_sequence' AND name = {name} AND type IN ('table')"
        ),
    }
}

/// The versions of the history: `integer_versions`. What is no number is 0 to Rails.
pub fn applied(rows: &[Row]) -> Vec<u128> {
    let number = |row: &Row| {
        let text = row.first().and_then(Option::as_deref).unwrap_or_default().trim_start();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        text.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    rows.iter().map(number).collect()
}

const MIGRATOR_SALT: i64 = 2_053_462_845;

/// Rails' lock on a database: its name decides, not its schema.
pub fn lock(server: &Server) -> Vec<Lock> {
    let id = lock_id(&server.database);
    match server.dialect {
        Dialect::Postgres => vec![Lock::Advisory(id)],
        Dialect::Mysql | Dialect::Mariadb => vec![Lock::Named(id.to_string())],
        Dialect::Sqlite => Vec::new(),
    }
}

/// `generate_migrator_advisory_lock_id`
pub fn lock_id(database: &str) -> i64 {
    // Fits: 31 bits times 32 bits.
    MIGRATOR_SALT * i64::from(crc32fast::hash(database.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_the_one_of_rails() {
        assert_eq!(lock_id("railsdb"), 1_808_146_961_701_977_330);
    }

    /// As captured from Active Record 8.2 with pg, mysql2 and sqlite3.
    #[test]
    fn tables_and_rows_are_as_active_record_writes_them() {
        let tables = HistoryTables::default();
        assert_eq!(
            [
                tables.create(Dialect::Postgres),
                tables.create(Dialect::Mariadb),
                tables.create(Dialect::Sqlite)
            ],
            [
                r#"CREATE TABLE "schema_migrations" ("version" character varying NOT NULL PRIMARY KEY)"#,
                "CREATE TABLE `schema_migrations` (`version` varchar(255) NOT NULL PRIMARY KEY)",
                r#"CREATE TABLE "schema_migrations" ("version" varchar NOT NULL PRIMARY KEY)"#,
            ]
        );
        assert_eq!(
            [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite]
                .map(|dialect| tables.create_metadata(dialect)),
            [
                r#"CREATE TABLE "ar_internal_metadata" ("key" character varying NOT NULL PRIMARY KEY, "value" character varying, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL)"#,
                "CREATE TABLE `ar_internal_metadata` (`key` varchar(255) NOT NULL PRIMARY KEY, `value` varchar(255), `created_at` datetime(6) NOT NULL, `updated_at` datetime(6) NOT NULL)",
                r#"CREATE TABLE "ar_internal_metadata" ("key" varchar NOT NULL PRIMARY KEY, "value" varchar, "created_at" datetime(6) NOT NULL, "updated_at" datetime(6) NOT NULL)"#,
            ]
        );
        assert_eq!(
            tables.queries(Dialect::Postgres).rows,
            r#"SELECT "schema_migrations"."version" FROM "schema_migrations" ORDER BY "schema_migrations"."version" ASC"#
        );
        assert_eq!(
            tables.insert(20250101000000, Dialect::Mysql),
            HistoryStatement::plain("INSERT INTO `schema_migrations` (`version`) VALUES ('20250101000000')")
        );
        assert_eq!(
            tables.delete(1, Dialect::Sqlite),
            HistoryStatement::plain(
                r#"DELETE FROM "schema_migrations" WHERE "schema_migrations"."version" = '1'"#
            )
        );
    }

    #[test]
    fn what_a_loaded_schema_assumes_is_as_in_each_release() {
        let tables = HistoryTables::default();
        let assume =
            |release| tables.assume_migrated(5, &[1, 2, 3, 7], &[2], release, Dialect::Postgres).unwrap();
        let version = r#"INSERT INTO "schema_migrations" (version) VALUES (5)"#;
        assert_eq!(
            assume(Release(6, 1)),
            [version, "INSERT INTO \"schema_migrations\" (version) VALUES\n(1),\n(3);"]
        );
        assert_eq!(
            assume(Release(8, 1)),
            [version, "INSERT INTO \"schema_migrations\" (version) VALUES\n(3),\n(1);"]
        );
        assert_eq!(
            assume(Release(8, 2)),
            [version, r#"INSERT INTO "schema_migrations" ("version") VALUES ('1'), ('3')"#]
        );
        let again = tables.assume_migrated(5, &[1], &[1, 5], Release(8, 1), Dialect::Postgres);
        assert_eq!(again, Ok(Vec::new()));
        assert_eq!(tables.assume_migrated(5, &[1, 1], &[], Release(8, 1), Dialect::Postgres), Err(1));
    }

    #[test]
    fn a_schema_in_a_prefix_stands_apart() {
        let tables =
            HistoryTables { migrations: "app.schema_migrations".to_owned(), ..HistoryTables::default() };
        assert_eq!(tables.quoted(Dialect::Postgres), r#""app"."schema_migrations""#);
        assert!(tables.queries(Dialect::Postgres).exists.contains("n.nspname = 'app'"));
        assert_eq!(tables.schema(), Some("app"));
    }

    #[test]
    fn rows_are_numbers() {
        let row = |text: &str| vec![Some(text.to_owned())];
        assert_eq!(
            applied(&[row("1"), row("020240101"), row("x"), row("3a"), vec![None]]),
            [1, 20_240_101, 0, 3, 0]
        );
    }
}
