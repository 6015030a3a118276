//! The statements that create, read and change the schema history table, per server (methods `getRawCreateScript`,
//! `getInsertStatement` and their relatives of the classes `Database`).

use crate::flyway::history::{AppliedMigration, MigrationType, shorten_description, shorten_script};
use crate::model::{Dialect, HistoryPart, HistoryQueries, HistoryStatement};

/// Where the history lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryTable {
    /// The server's dialect.
    pub dialect: Dialect,
    /// The schema (PostgreSQL), the database (MySQL) or `main` (SQLite).
    pub schema: String,
    /// The table's name, unquoted.
    pub name: String,
    /// The tablespace for table and indexes; SQLite has none.
    pub tablespace: Option<String>,
}

/// A row to write. Its moment is left to the column's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRow {
    /// `installed_rank`.
    pub rank: i64,
    /// The version as the column holds it.
    pub version: Option<String>,
    /// The description, of any length.
    pub description: String,
    /// The type.
    pub kind: MigrationType,
    /// The script, of any length.
    pub script: String,
    /// The checksum.
    pub checksum: Option<i32>,
    /// Who.
    pub installed_by: String,
    /// Whether the time that the migration took is to be written, rather than 0.
    pub timed: bool,
    /// Whether it succeeded.
    pub success: bool,
}

/// Java's `String.hashCode`.
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

impl HistoryTable {
    /// The name, quoted and qualified, as messages and statements have it: `"public"."flyway_schema_history"`.
    pub fn qualified(&self) -> String {
        format!("{}.{}", self.quote(&self.schema), self.quote(&self.name))
    }

    /// How to read the table, in the column order that [`crate::flyway::history::parse_rows`] expects. Rows with
    /// negative ranks are Flyway's lock rows and never read.
    pub fn queries(&self) -> HistoryQueries {
        HistoryQueries { exists: self.exists_query(), rows: self.rows_query() }
    }

    /// The statements that create the table and, with a row, write that row first of all.
    ///
    /// `select_into` says that on MySQL the row may come with the table itself in one CREATE TABLE … AS SELECT, so
    /// that a crash cannot leave the table without it.
    pub fn create_statements(&self, first_row: Option<&NewRow>, select_into: bool) -> Vec<String> {
        let created = match self.dialect {
            Dialect::Postgres => self.postgres_table(),
            Dialect::Mysql | Dialect::Mariadb => self.mysql_table(first_row.filter(|_| select_into)),
            Dialect::Sqlite => self.sqlite_table(),
        };
        let inserted = match first_row {
            Some(row) if !(select_into && self.dialect.is_mysql_family()) => {
                Some(self.insert(row).with_elapsed("0"))
            }
            _ => None,
        };
        [created].into_iter().chain(inserted).chain(self.indexes()).collect()
    }

    /// The statement that writes a row.
    pub fn insert(&self, row: &NewRow) -> HistoryStatement {
        self.insert_at(&row.rank.to_string(), row, "VALUES (", ")")
    }

    /// The same with the rank behind all others, but not below the row's own: with a group that is taken back the rows before
    /// it go, too.
    pub fn append(&self, row: &NewRow) -> HistoryStatement {
        let next = format!("COALESCE(MAX({}), 0) + 1", self.quote("installed_rank"));
        let least = row.rank;
        let rank = format!("CASE WHEN {next} < {least} THEN {least} ELSE {next} END");
        self.insert_at(&rank, row, "SELECT ", &format!(" FROM {}", self.qualified()))
    }

    fn insert_at(&self, rank: &str, row: &NewRow, open: &str, close: &str) -> HistoryStatement {
        let columns = self.columns(&[
            "installed_rank",
            "version",
            "description",
            "type",
            "script",
            "checksum",
            "installed_by",
            "execution_time",
            "success",
        ]);
        let head = format!(
            "INSERT INTO {table} ({columns}) {open}{rank}, {version}, {description}, {kind}, {script}, {checksum}, {by}, ",
            table = self.qualified(),
            version = row.version.as_deref().map_or_else(null, |version| self.literal(version)),
            description = self.literal(&shorten_description(&row.description)),
            kind = self.literal(row.kind.name()),
            script = self.literal(&shorten_script(&row.script)),
            checksum = row.checksum.map_or_else(null, |checksum| checksum.to_string()),
            by = self.literal(&row.installed_by),
        );
        let tail = format!(", {}{close}", self.truth(row.success));
        if !row.timed {
            return HistoryStatement::plain(format!("{head}0{tail}"));
        }
        HistoryStatement(vec![
            HistoryPart::Sql(head),
            HistoryPart::ElapsedMilliseconds,
            HistoryPart::Sql(tail),
        ])
    }

    /// Removes the failed rows of a version, or of a description where there is no version.
    pub fn delete_failed(&self, version: Option<&str>, description: &str) -> String {
        let (column, value) = match version {
            Some(version) => ("version", version),
            None => ("description", description),
        };
        format!(
            "DELETE FROM {} WHERE {} = {} AND {} = {}",
            self.qualified(),
            self.quote("success"),
            self.truth(false),
            self.quote(column),
            self.literal(value)
        )
    }

    /// Sets what `repair` aligns with the file: description, type and checksum of one row.
    pub fn align(
        &self,
        row: &AppliedMigration,
        description: &str,
        kind: MigrationType,
        checksum: Option<i32>,
    ) -> String {
        format!(
            "UPDATE {} SET {}={}, {}={}, {}={} WHERE {}={}",
            self.qualified(),
            self.quote("description"),
            self.literal(description),
            self.quote("type"),
            self.literal(kind.name()),
            self.quote("checksum"),
            checksum.map_or_else(null, |checksum| checksum.to_string()),
            self.quote("installed_rank"),
            row.rank
        )
    }

    fn exists_query(&self) -> String {
        let (schema, name) = (self.literal(&self.schema), self.literal(&self.name));
        match self.dialect {
            // Ordinary tables only: Flyway does not see a partitioned table, a view or a foreign table.
            Dialect::Postgres => format!(
                "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = {schema} AND c.relname = {name} AND c.relkind = 'r'"
            ),
            Dialect::Mysql | Dialect::Mariadb => format!(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = {schema} AND table_name = {name}"
            ),
            Dialect::Sqlite => format!(
                "SELECT 1 FROM {}.sqlite_master WHERE type = 'table' AND tbl_name = {name}",
                self.quote(&self.schema)
            ),
        }
    }

    fn rows_query(&self) -> String {
        let columns = self.columns(&[
            "installed_rank",
            "version",
            "description",
            "type",
            "script",
            "checksum",
            "installed_on",
            "installed_by",
            "execution_time",
            "success",
        ]);
        let rank = self.quote("installed_rank");
        format!("SELECT {columns} FROM {} WHERE {rank} > -1 ORDER BY {rank}", self.qualified())
    }

    fn postgres_table(&self) -> String {
        format!(
            "CREATE TABLE {} (\n    \"installed_rank\" INT NOT NULL,\n    \"version\" VARCHAR(50),\n    \
             \"description\" VARCHAR(200) NOT NULL,\n    \"type\" VARCHAR(20) NOT NULL,\n    \
             \"script\" VARCHAR(1000) NOT NULL,\n    \"checksum\" INTEGER,\n    \
             \"installed_by\" VARCHAR(100) NOT NULL,\n    \"installed_on\" TIMESTAMP NOT NULL DEFAULT now(),\n    \
             \"execution_time\" INTEGER NOT NULL,\n    \"success\" BOOLEAN NOT NULL\n){}",
            self.qualified(),
            self.tablespace_clause()
        )
    }

    fn mysql_table(&self, first_row: Option<&NewRow>) -> String {
        // MariaDB ignores a primary key's name, and Flyway gives none there.
        let constraint = match self.dialect {
            Dialect::Mariadb => String::new(),
            _ => format!("{} ", self.quote(&format!("{}_pk", self.name))),
        };
        format!(
            "CREATE TABLE {} (\n    `installed_rank` INT NOT NULL,\n    `version` VARCHAR(50),\n    \
             `description` VARCHAR(200) NOT NULL,\n    `type` VARCHAR(20) NOT NULL,\n    \
             `script` VARCHAR(1000) NOT NULL,\n    `checksum` INT,\n    `installed_by` VARCHAR(100) NOT NULL,\n    \
             `installed_on` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,\n    `execution_time` INT NOT NULL,\n    \
             `success` BOOL NOT NULL,\n    CONSTRAINT {constraint}PRIMARY KEY (`installed_rank`)\n){}{}",
            self.qualified(),
            self.tablespace_clause(),
            first_row.map_or_else(String::new, |row| self.as_select(row))
        )
    }

    fn as_select(&self, row: &NewRow) -> String {
        format!(
            " AS SELECT {} AS `installed_rank`, {} AS `version`, {} AS `description`, {} AS `type`, {} AS `script`, \
             {} AS `checksum`, {} AS `installed_by`, CURRENT_TIMESTAMP AS `installed_on`, 0 AS `execution_time`, \
             {} AS `success`",
            row.rank,
            row.version.as_deref().map_or_else(null, |version| self.literal(version)),
            self.literal(&shorten_description(&row.description)),
            self.literal(row.kind.name()),
            self.literal(&shorten_script(&row.script)),
            row.checksum.map_or_else(null, |checksum| checksum.to_string()),
            self.literal(&row.installed_by),
            if row.success { "TRUE" } else { "FALSE" }
        )
    }

    fn sqlite_table(&self) -> String {
        format!(
            "CREATE TABLE {} (\n    \"installed_rank\" INT NOT NULL PRIMARY KEY,\n    \"version\" VARCHAR(50),\n    \
             \"description\" VARCHAR(200) NOT NULL,\n    \"type\" VARCHAR(20) NOT NULL,\n    \
             \"script\" VARCHAR(1000) NOT NULL,\n    \"checksum\" INT,\n    \
             \"installed_by\" VARCHAR(100) NOT NULL,\n    \
             \"installed_on\" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),\n    \
             \"execution_time\" INT NOT NULL,\n    \"success\" BOOLEAN NOT NULL\n)",
            self.qualified()
        )
    }

    fn indexes(&self) -> Vec<String> {
        let table = self.qualified();
        let tablespace = self.tablespace_clause();
        let index = self.quote(&format!("{}_s_idx", self.name));
        match self.dialect {
            Dialect::Postgres => {
                let using = if self.tablespace.is_some() {
                    format!(" USING INDEX{tablespace}")
                } else {
                    String::new()
                };
                let key = self.quote(&format!("{}_pk", self.name));
                vec![
                    format!(
                        "ALTER TABLE {table} ADD CONSTRAINT {key} PRIMARY KEY (\"installed_rank\"){using}"
                    ),
                    format!("CREATE INDEX {index} ON {table} (\"success\"){tablespace}"),
                ]
            }
            Dialect::Mysql | Dialect::Mariadb => vec![format!("CREATE INDEX {index} ON {table} (`success`)")],
            Dialect::Sqlite => vec![format!(
                "CREATE INDEX {}.{index} ON {} (\"success\")",
                self.quote(&self.schema),
                self.quote(&self.name)
            )],
        }
    }

    /// Flyway writes the tablespace in double quotes even on MySQL, where only ANSI_QUOTES would accept that.
    fn tablespace_clause(&self) -> String {
        match &self.tablespace {
            Some(tablespace) if self.dialect != Dialect::Sqlite => {
                format!(" TABLESPACE {}", self.quote(tablespace))
            }
            _ => String::new(),
        }
    }

    fn columns(&self, names: &[&str]) -> String {
        names.iter().map(|name| self.quote(name)).collect::<Vec<_>>().join(", ")
    }

    fn quote(&self, name: &str) -> String {
        self.dialect.quote_identifier(name)
    }

    fn literal(&self, text: &str) -> String {
        self.dialect.quote_literal(text)
    }

    fn truth(&self, value: bool) -> &'static str {
        match (self.dialect, value) {
            (Dialect::Postgres, true) => "TRUE",
            (Dialect::Postgres, false) => "FALSE",
            (_, true) => "1",
            (_, false) => "0",
        }
    }
}

fn null() -> String {
    "NULL".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(dialect: Dialect) -> HistoryTable {
        HistoryTable {
            dialect,
            schema: "shop".to_owned(),
            name: "flyway_schema_history".to_owned(),
            tablespace: None,
        }
    }

    fn marker() -> NewRow {
        NewRow {
            rank: 1,
            version: Some("1".to_owned()),
            description: "Bob's start".to_owned(),
            kind: MigrationType::Baseline,
            script: "Bob's start".to_owned(),
            checksum: None,
            installed_by: "ann".to_owned(),
            timed: false,
            success: true,
        }
    }

    #[test]
    fn hash_is_java_s() {
        assert_eq!(java_string_hash(""), 0);
        assert_eq!(java_string_hash("\"public\".\"flyway_schema_history\""), 2_125_624_436);
    }

    #[test]
    fn postgres_creates_table_key_and_index_in_the_tablespace() {
        let mut table = table(Dialect::Postgres);
        table.tablespace = Some("fast".to_owned());
        let statements = table.create_statements(None, true);
        assert!(statements[0].starts_with("CREATE TABLE \"shop\".\"flyway_schema_history\" ("));
        assert!(statements[0].ends_with(") TABLESPACE \"fast\""));
        assert_eq!(
            statements[1..],
            [
                "ALTER TABLE \"shop\".\"flyway_schema_history\" ADD CONSTRAINT \"flyway_schema_history_pk\" \
                 PRIMARY KEY (\"installed_rank\") USING INDEX TABLESPACE \"fast\"",
                "CREATE INDEX \"flyway_schema_history_s_idx\" ON \"shop\".\"flyway_schema_history\" (\"success\") \
                 TABLESPACE \"fast\"",
            ]
        );
    }

    #[test]
    fn the_first_row_comes_before_the_index() {
        let statements = table(Dialect::Sqlite).create_statements(Some(&marker()), true);
        assert_eq!(statements.len(), 3);
        assert_eq!(
            statements[1],
            "INSERT INTO \"shop\".\"flyway_schema_history\" (\"installed_rank\", \"version\", \"description\", \
             \"type\", \"script\", \"checksum\", \"installed_by\", \"execution_time\", \"success\") VALUES \
             (1, '1', 'Bob''s start', 'BASELINE', 'Bob''s start', NULL, 'ann', 0, 1)"
        );
        assert_eq!(
            statements[2],
            "CREATE INDEX \"shop\".\"flyway_schema_history_s_idx\" ON \"flyway_schema_history\" (\"success\")"
        );
    }

    #[test]
    fn mysql_writes_the_first_row_with_the_table_where_it_may() {
        let together = table(Dialect::Mysql).create_statements(Some(&marker()), true);
        assert_eq!(together.len(), 2);
        assert!(together[0].contains("CONSTRAINT `flyway_schema_history_pk` PRIMARY KEY"));
        assert!(together[0].contains(") AS SELECT 1 AS `installed_rank`, '1' AS `version`, 'Bob''s start'"));
        let apart = table(Dialect::Mysql).create_statements(Some(&marker()), false);
        assert_eq!(apart.len(), 3);
        assert!(apart[1].starts_with("INSERT INTO `shop`.`flyway_schema_history` ("));
        let mariadb = table(Dialect::Mariadb).create_statements(None, true);
        assert!(mariadb[0].contains("CONSTRAINT PRIMARY KEY"));
    }

    #[test]
    fn a_migration_s_row_takes_its_time() {
        let row = NewRow { timed: true, success: false, checksum: Some(-7), ..marker() };
        let statement = table(Dialect::Postgres).insert(&row).with_elapsed("42");
        assert!(statement.ends_with("'Bob''s start', -7, 'ann', 42, FALSE)"), "{statement}");
    }

    #[test]
    fn repair_s_statements_name_their_rows() {
        let postgres = table(Dialect::Postgres);
        assert_eq!(
            postgres.delete_failed(Some("1.2"), "ignored"),
            "DELETE FROM \"shop\".\"flyway_schema_history\" WHERE \"success\" = FALSE AND \"version\" = '1.2'"
        );
        assert_eq!(
            table(Dialect::Mysql).delete_failed(None, "views"),
            "DELETE FROM `shop`.`flyway_schema_history` WHERE `success` = 0 AND `description` = 'views'"
        );
        let row =
            crate::flyway::history::parse_rows(&[["4", "1", "a", "SQL", "V1.sql", "1", "", "", "0", "t"]
                .map(|cell| Some(cell.to_owned()))
                .to_vec()]);
        assert_eq!(
            postgres.align(&row.unwrap()[0], "new", MigrationType::Sql, Some(5)),
            "UPDATE \"shop\".\"flyway_schema_history\" SET \"description\"='new', \"type\"='SQL', \"checksum\"=5 \
             WHERE \"installed_rank\"=4"
        );
    }
}
