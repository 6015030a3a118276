//! The table `dunlin_migrations`: how it is created, read and changed on each server.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::model::{
    AdapterError, Dialect, History, HistoryPart, HistoryQueries, HistoryStatement, PluginFact, Server, Setup,
};

use super::layout::MigrationFile;
use super::version::Version;

/// As many characters as `plugin_name` takes on MySQL.
const LONGEST_NAME: usize = 255;

/// The name of the history table, with its schema when one was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    /// PostgreSQL's schema, MySQL's database, SQLite's attached database.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
}

impl Default for TableName {
    fn default() -> TableName {
        TableName { schema: None, table: "dunlin_migrations".to_owned() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(formatter, "{schema}.{}", self.table),
            None => formatter.write_str(&self.table),
        }
    }
}

/// A table name that is not `table` or `schema.table`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not the name of a table: write `table` or `schema.table`, without quotes")]
pub struct BadTableName(String);

impl FromStr for TableName {
    type Err = BadTableName;

    fn from_str(text: &str) -> Result<TableName, BadTableName> {
        let bad = || BadTableName(text.to_owned());
        let parts: Vec<&str> = text.split('.').collect();
        let fits = |part: &&str| {
            !part.is_empty()
                && part.chars().all(|character| !character.is_control() && !"\"'`[] ".contains(character))
        };
        if !parts.iter().all(fits) {
            return Err(bad());
        }
        match parts.as_slice() {
            [table] => Ok(TableName { schema: None, table: (*table).to_owned() }),
            [schema, table] => {
                Ok(TableName { schema: Some((*schema).to_owned()), table: (*table).to_owned() })
            }
            _ => Err(bad()),
        }
    }
}

impl TableName {
    /// The schema it lives in: the one given, else the session's. `None` when there is neither.
    fn schema<'a>(&'a self, server: &'a Server) -> Option<&'a str> {
        let fallback = match server.dialect {
            Dialect::Sqlite => "main",
            _ => server.schema.as_str(),
        };
        Some(self.schema.as_deref().unwrap_or(fallback)).filter(|schema| !schema.is_empty())
    }

    /// The name as SQL. It always names the schema when there is one, since a migration may change the search path.
    pub fn quoted(&self, server: &Server) -> String {
        let table = server.dialect.quote_identifier(&self.table);
        match self.schema(server) {
            Some(schema) => format!("{}.{table}", server.dialect.quote_identifier(schema)),
            None => table,
        }
    }
}

/// Whether a row stands for a migration that ran or for everything up to its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It ran.
    Migration,
    /// Everything up to it was there before; with a checksum, a baseline file made it.
    Baseline,
}

/// A row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedRow {
    /// The version as the row writes it.
    pub version: Version,
    /// The name at the time.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// [`MigrationFile::checksum`] at the time; `None` for a baseline that no file made.
    pub checksum: Option<String>,
    /// The number of the run; all migrations of one run share it.
    pub batch: u64,
    /// When, in UTC as `2024-01-02T03:04:05Z`.
    pub applied_at: String,
    /// [`digest_of_plugins`](crate::backfill::digest_of_plugins) of the plugins that ran, if any did.
    pub plugin_sha256: Option<String>,
}

/// How to read the table.
pub(super) fn queries(table: &TableName, server: &Server) -> HistoryQueries {
    let name = server.dialect.quote_literal(&table.table);
    let schema = table.schema(server).unwrap_or_default();
    let schema_literal = server.dialect.quote_literal(schema);
    let exists = match server.dialect {
        Dialect::Postgres => format!(
            "SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE n.nspname = {schema_literal} AND c.relname = {name} AND c.relkind IN ('r', 'p', 'v', 'f')"
        ),
        Dialect::Mysql | Dialect::Mariadb => format!(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = {schema_literal} AND table_name = {name}"
        ),
        Dialect::Sqlite => format!(
            "SELECT 1 FROM {}.sqlite_master WHERE type IN ('table', 'view') AND name = {name} COLLATE NOCASE",
            server.dialect.quote_identifier(schema)
        ),
    };
    let applied_at = match server.dialect {
        Dialect::Postgres => {
            "pg_catalog.to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        }
        Dialect::Mysql | Dialect::Mariadb => "DATE_FORMAT(applied_at, '%Y-%m-%dT%H:%i:%sZ')",
        Dialect::Sqlite => "applied_at",
    };
    let rows = format!(
        "SELECT version, name, kind, checksum, batch, {applied_at}, plugin_sha256 FROM {}",
        table.quoted(server)
    );
    HistoryQueries { exists, rows }
}

/// Reads the rows of [`queries`], in the order of their versions.
pub(super) fn read(history: &History) -> Result<Vec<AppliedRow>, AdapterError> {
    let mut rows = Vec::with_capacity(history.rows.len());
    let mut seen = BTreeSet::new();
    for row in &history.rows {
        let row = read_row(row).ok_or_else(|| {
            let shown: Vec<&str> =
                row.iter().take(3).map(|value| value.as_deref().unwrap_or("NULL")).collect();
            corrupt(format!("the history has a row that dunlin did not write: {}", shown.join(", ")))
        })?;
        if !seen.insert(row.version.clone()) {
            return Err(corrupt(format!("the history has version {} twice", row.version)));
        }
        rows.push(row);
    }
    rows.sort_by(|left, right| left.version.cmp(&right.version));
    Ok(rows)
}

fn corrupt(message: String) -> AdapterError {
    AdapterError::refused("HISTORY", message)
        .advise("Correct or delete the row, or name another history table with `table` in dunlin.toml.")
}

fn read_row(row: &[Option<String>]) -> Option<AppliedRow> {
    let [Some(version), Some(name), Some(kind), checksum, Some(batch), applied_at, plugin_sha256] = row
    else {
        return None;
    };
    Some(AppliedRow {
        version: Version::parse(version)?,
        name: name.clone(),
        kind: match kind.as_str() {
            "migration" => Kind::Migration,
            "baseline" => Kind::Baseline,
            _ => return None,
        },
        checksum: checksum.clone(),
        batch: batch.parse().ok()?,
        applied_at: applied_at.clone().unwrap_or_default(),
        plugin_sha256: plugin_sha256.clone(),
    })
}

/// Creates the table. Sent under the lock, and harmless when the table is there.
pub(super) fn create(table: &TableName, server: &Server) -> Result<Setup, AdapterError> {
    if table.schema(server).is_none() {
        return Err(AdapterError::refused(
            "NO_SCHEMA",
            "there is no current schema to create the history table in: the session's search path names no \
             schema that exists, or no database is selected",
        )
        .advise(format!(
            "Name the database in the URL, create the schema, or set `table = \"<schema>.{}\"` in dunlin.toml.",
            table.table
        )));
    }
    let quoted = table.quoted(server);
    let columns = match server.dialect {
        Dialect::Postgres => {
            "version text NOT NULL PRIMARY KEY, name text NOT NULL, kind text NOT NULL, checksum text, \
             batch bigint NOT NULL, applied_at timestamp with time zone NOT NULL, execution_ms bigint NOT NULL, \
             applied_by text, dunlin_version text NOT NULL, \
             plugin_name text, plugin_version text, plugin_sha256 text"
        }
        Dialect::Mysql | Dialect::Mariadb => {
            "version varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, \
             name varchar(255) NOT NULL, kind varchar(16) NOT NULL, checksum varchar(64), \
             batch bigint NOT NULL, applied_at datetime(3) NOT NULL, execution_ms bigint NOT NULL, \
             applied_by varchar(255), dunlin_version varchar(64) NOT NULL, \
             plugin_name varchar(255), plugin_version varchar(64), plugin_sha256 varchar(64)"
        }
        Dialect::Sqlite => {
            "version TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, checksum TEXT, \
             batch INTEGER NOT NULL, applied_at TEXT NOT NULL, execution_ms INTEGER NOT NULL, \
             applied_by TEXT, dunlin_version TEXT NOT NULL, \
             plugin_name TEXT, plugin_version TEXT, plugin_sha256 TEXT"
        }
    };
    // MyISAM as the server's default would keep rows of a transaction that was rolled back.
    let options =
        if server.dialect.is_mysql_family() { " ENGINE = InnoDB CHARACTER SET utf8mb4" } else { "" };
    Ok(Setup {
        message: format!("Creating history table {quoted}"),
        statements: vec![format!("CREATE TABLE IF NOT EXISTS {quoted} ({columns}){options}")],
    })
}

/// Records a migration that ran.
pub(super) fn insert(
    table: &TableName,
    server: &Server,
    file: &MigrationFile,
    batch: u64,
) -> HistoryStatement {
    let (before, after) = insert_parts(
        table,
        server,
        &InsertedRow {
            version: &file.version,
            name: &file.name,
            kind: if file.is_baseline() { "baseline" } else { "migration" },
            checksum: Some(&file.checksum()),
            batch,
            plugins: &file.plugins(),
        },
    );
    let mut parts = vec![HistoryPart::Sql(before), HistoryPart::ElapsedMilliseconds, HistoryPart::Sql(after)];
    if !file.plugins().is_empty() {
        parts.extend([
            HistoryPart::Sql(", ".to_owned()),
            HistoryPart::Plugins(PluginFact::Version),
            HistoryPart::Sql(", ".to_owned()),
            HistoryPart::Plugins(PluginFact::Sha256),
        ]);
    }
    parts.push(HistoryPart::Sql(")".to_owned()));
    HistoryStatement(parts)
}

/// Records that everything up to a version was there before.
pub(super) fn insert_baseline(table: &TableName, server: &Server, version: &Version, name: &str) -> String {
    let row = InsertedRow { version, name, kind: "baseline", checksum: None, batch: 0, plugins: &[] };
    let (before, after) = insert_parts(table, server, &row);
    format!("{before}0{after})")
}

struct InsertedRow<'a> {
    version: &'a Version,
    name: &'a str,
    kind: &'a str,
    checksum: Option<&'a str>,
    batch: u64,
    plugins: &'a [&'a str],
}

/// The insert before and after its number of milliseconds; versions and digest of plugins are still to come, and `)`.
fn insert_parts(table: &TableName, server: &Server, row: &InsertedRow<'_>) -> (String, String) {
    let literal = |text: &str| server.dialect.quote_literal(text);
    let or_null = |text: Option<&str>| text.map_or("NULL".to_owned(), literal);
    let now = match server.dialect {
        Dialect::Postgres => "pg_catalog.clock_timestamp()",
        Dialect::Mysql | Dialect::Mariadb => "UTC_TIMESTAMP(3)",
        Dialect::Sqlite => "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
    };
    let user = Some(server.user.as_str()).filter(|user| !user.is_empty());
    let (columns, plugins) = match row.plugins {
        [] => ("", String::new()),
        names => {
            let names: String = names.join(", ").chars().take(LONGEST_NAME).collect();
            (", plugin_name, plugin_version, plugin_sha256", format!(", {}", literal(&names)))
        }
    };
    let before = format!(
        "INSERT INTO {} (version, name, kind, checksum, batch, execution_ms, applied_at, applied_by, dunlin_version{columns}) \
         VALUES ({}, {}, {}, {}, {}, ",
        table.quoted(server),
        literal(row.version.as_str()),
        literal(row.name),
        literal(row.kind),
        or_null(row.checksum),
        row.batch,
    );
    let after = format!(", {now}, {}, {}{plugins}", or_null(user), literal(env!("CARGO_PKG_VERSION")));
    (before, after)
}

/// Forgets a migration.
pub(super) fn delete(table: &TableName, server: &Server, version: &Version) -> String {
    let literal = server.dialect.quote_literal(version.as_str());
    format!("DELETE FROM {} WHERE version = {literal}", table.quoted(server))
}

/// Makes a row say what the file says now, and the plugins' files if `digest` is theirs.
pub(super) fn update(
    table: &TableName,
    server: &Server,
    version: &Version,
    file: &MigrationFile,
    digest: Option<&str>,
) -> String {
    let literal = |text: &str| server.dialect.quote_literal(text);
    let plugins = digest.map(|digest| format!(", plugin_sha256 = {}", literal(digest))).unwrap_or_default();
    format!(
        "UPDATE {} SET name = {}, checksum = {}{plugins} WHERE version = {}",
        table.quoted(server),
        literal(&file.name),
        literal(&file.checksum()),
        literal(version.as_str()),
    )
}
