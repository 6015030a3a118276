//! The version table as SQL, as Alembic 1.20 has SQLAlchemy 2.0 write it for each server.

use super::{Change, reserved};
use crate::model::{Dialect, HistoryQueries, Server};

/// Where the rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionTable {
    /// `version_table`.
    pub name: String,
    /// `version_table_schema`.
    pub schema: Option<String>,
    /// `version_table_pk`: whether the table has a primary key.
    pub has_primary_key: bool,
}

impl Default for VersionTable {
    fn default() -> VersionTable {
        VersionTable { name: "alembic_version".to_owned(), schema: None, has_primary_key: true }
    }
}

impl VersionTable {
    /// The name as SQL; it is quoted only where it must be, and names no schema that is not configured.
    pub fn quoted(&self, dialect: Dialect) -> String {
        let name = quote(&self.name, dialect);
        match &self.schema {
            Some(schema) => format!("{}.{name}", quote(schema, dialect)),
            None => name,
        }
    }

    /// Makes the table.
    pub fn create(&self, dialect: Dialect) -> String {
        let key = if self.has_primary_key {
            let name = quote(&format!("{}_pkc", self.name), dialect);
            format!(", \n\tCONSTRAINT {name} PRIMARY KEY (version_num)")
        } else {
            String::new()
        };
        format!("CREATE TABLE {} (\n\tversion_num VARCHAR(32) NOT NULL{key}\n)", self.quoted(dialect))
    }

    /// Deletes every row.
    pub fn purge(&self, dialect: Dialect) -> String {
        format!("DELETE FROM {}", self.quoted(dialect))
    }

    /// A change of the rows.
    pub fn change(&self, change: &Change, server: &Server) -> String {
        let table = self.quoted(server.dialect);
        let literal = |id: &str| server.dialect.quote_literal(id);
        match change {
            Change::Insert(id) => {
                let returning = if self.returns_inserted(server) {
                    match server.dialect {
                        Dialect::Sqlite => " RETURNING version_num".to_owned(),
                        _ => format!(" RETURNING {table}.version_num"),
                    }
                } else {
                    String::new()
                };
                format!("INSERT INTO {table} (version_num) VALUES ({}){returning}", literal(id))
            }
            Change::Delete(id) => {
                format!("DELETE FROM {table} WHERE {table}.version_num = {}", literal(id))
            }
            Change::Update { from, to } => format!(
                "UPDATE {table} SET version_num={} WHERE {table}.version_num = {}",
                literal(to),
                literal(from)
            ),
        }
    }

    /// What Alembic says when one of its statements ([`VersionTable::change`]) met another number of rows than one.
    pub fn expected_one_row(&self, statement: &str, found: u64) -> Option<String> {
        let quoted: Vec<&str> = statement.split('\'').skip(1).step_by(2).collect();
        let what = match quoted.as_slice() {
            [to, from] if statement.starts_with("UPDATE") => format!("updating '{from}' to '{to}'"),
            [id] if statement.starts_with("DELETE") => format!("deleting '{id}'"),
            _ => return None,
        };
        let table = &self.name;
        Some(format!("Online migration expected to match one row when {what} in '{table}'; {found} found"))
    }

    /// SQLAlchemy asks for the primary key of what it inserts wherever the server can tell.
    fn returns_inserted(&self, server: &Server) -> bool {
        self.has_primary_key
            && match server.dialect {
                Dialect::Postgres => true,
                Dialect::Mariadb => server.version >= (10, 5, 0),
                Dialect::Sqlite => server.version >= (3, 35, 0),
                Dialect::Mysql => false,
            }
    }

    /// How the rows are read. Without ordering, as Alembic reads them: `downgrade -1` goes by the first.
    pub fn queries(&self, server: &Server) -> HistoryQueries {
        let table = self.quoted(server.dialect);
        HistoryQueries {
            exists: self.exists(server),
            rows: format!("SELECT {table}.version_num FROM {table}"),
        }
    }

    fn exists(&self, server: &Server) -> String {
        let literal = |text: &str| server.dialect.quote_literal(text);
        let name = literal(&self.name);
        match server.dialect {
            Dialect::Postgres => {
                let schema = match &self.schema {
                    Some(schema) => format!("n.nspname = {}", literal(schema)),
                    None => "pg_catalog.pg_table_is_visible(c.oid) AND n.nspname <> 'pg_catalog'".to_owned(),
                };
                format!(
                    "SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
                     WHERE c.relname = {name} AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND {schema}"
                )
            }
            Dialect::Mysql | Dialect::Mariadb => {
                let schema = self.schema.as_deref().unwrap_or(&server.schema);
                format!(
                    "SELECT 1 FROM information_schema.tables WHERE table_schema = {} AND table_name = {name}",
                    literal(schema)
                )
            }
            Dialect::Sqlite => {
                let schemas: Vec<&str> = match &self.schema {
                    Some(schema) => vec![schema.as_str()],
                    None => vec!["main", "temp"],
                };
                let each: Vec<String> = schemas
                    .iter()
                    .map(|schema| {
                        format!(
                            "SELECT 1 FROM {}.sqlite_master WHERE type IN ('table', 'view') AND name = {name} \
                             COLLATE NOCASE",
                            server.dialect.quote_identifier(schema)
                        )
                    })
                    .collect();
                each.join(" UNION ALL ")
            }
        }
    }
}

/// Quotes a name as SQLAlchemy does: if it is reserved, not all lower case, or has odd characters.
fn quote(name: &str, dialect: Dialect) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '$');
    let begins_oddly = name.starts_with(|character: char| character.is_ascii_digit() || character == '$');
    let lower = name.to_lowercase();
    if name.is_empty()
        || begins_oddly
        || lower != name
        || !name.chars().all(is_plain)
        || is_reserved(&lower, dialect)
    {
        dialect.quote_identifier(name)
    } else {
        name.to_owned()
    }
}

fn is_reserved(word: &str, dialect: Dialect) -> bool {
    let lists: &[&str] = match dialect {
        Dialect::Postgres => &[reserved::POSTGRES],
        Dialect::Sqlite => &[reserved::SQLITE],
        Dialect::Mysql => &[reserved::MYSQL_AND_MARIADB, reserved::MYSQL],
        Dialect::Mariadb => &[reserved::MYSQL_AND_MARIADB, reserved::MARIADB],
    };
    lists.iter().any(|list| list.split(' ').any(|reserved| reserved == word))
}
