//! The server and its session, and what a tool locks there.

use std::fmt;

/// The SQL dialect of a server. MySQL and MariaDB differ in quoting of comments, locks and catalogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL (Oracle's).
    Mysql,
    /// MariaDB.
    Mariadb,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// Whether the server is MySQL or MariaDB.
    pub fn is_mysql_family(self) -> bool {
        matches!(self, Dialect::Mysql | Dialect::Mariadb)
    }

    /// Whether DDL can be rolled back: PostgreSQL and SQLite yes, MySQL and MariaDB no.
    pub fn has_transactional_ddl(self) -> bool {
        !self.is_mysql_family()
    }

    /// Quotes an identifier: `"a"` or `` `a` ``, the quote character doubled inside.
    pub fn quote_identifier(self, name: &str) -> String {
        let quote = if self.is_mysql_family() { '`' } else { '"' };
        let mut quoted = String::with_capacity(name.len() + 2);
        quoted.push(quote);
        for character in name.chars() {
            if character == quote {
                quoted.push(quote);
            }
            quoted.push(character);
        }
        quoted.push(quote);
        quoted
    }

    /// Quotes a string as a literal that means the same under every session setting: `'it''s'`. A backslash is
    /// written so that neither `standard_conforming_strings=off` nor `NO_BACKSLASH_ESCAPES` changes it.
    pub fn quote_literal(self, text: &str) -> String {
        let doubled = text.replace('\'', "''");
        if !text.contains('\\') {
            return format!("'{doubled}'");
        }
        match self {
            Dialect::Sqlite => format!("'{doubled}'"),
            Dialect::Postgres => format!("E'{}'", doubled.replace('\\', "\\\\")),
            // A hexadecimal literal does not depend on sql_mode.
            Dialect::Mysql | Dialect::Mariadb => {
                let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
                format!("CONVERT(X'{hex}' USING utf8mb4)")
            }
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Dialect::Postgres => "PostgreSQL",
            Dialect::Mysql => "MySQL",
            Dialect::Mariadb => "MariaDB",
            Dialect::Sqlite => "SQLite",
        })
    }
}

/// What is known of the server and session right after connecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The dialect spoken.
    pub dialect: Dialect,
    /// Version as three numbers, for comparisons: PostgreSQL 15.18 is `(15, 18, 0)`.
    pub version: (u32, u32, u32),
    /// Version as the server prints it.
    pub version_text: String,
    /// The current database (PostgreSQL, MySQL) or the file's path (SQLite).
    pub database: String,
    /// The current schema: PostgreSQL's `current_schema()` (empty when there is none), MySQL's database, SQLite's `main`.
    pub schema: String,
    /// The session's user: `current_user`, MySQL's `user()` before `@`, empty on SQLite.
    pub user: String,
    /// PostgreSQL's `search_path` as text at connect; empty elsewhere.
    pub search_path: String,
    /// The session's identity on the server, to find it again after a crash: backend process id or connection id.
    pub session_id: i64,
    /// How the session reads strings and names.
    pub quoting: SessionQuoting,
    /// MySQL and MariaDB: what the database's URL sets in every session, names and values as SQL; empty elsewhere.
    pub session_settings: Vec<(String, String)>,
    /// Statements that the session began with, before anything was asked of it.
    pub beginning: Vec<String>,
    /// What drivers know of a session without asking, because the server says it: names and values as at connect.
    pub reported_settings: Vec<(String, String)>,
}

impl Server {
    /// The statement that sets what `session_settings` names; there must be some.
    pub fn setting(session_settings: &[(String, String)]) -> String {
        let all: Vec<String> =
            session_settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!("SET {}", all.join(", "))
    }
}

/// How a session reads strings and names at connect, and again after `SET … = DEFAULT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionQuoting {
    /// At connect.
    pub initial: Quoting,
    /// What the server gives a session that asks for its default.
    pub default: Quoting,
}

impl From<Quoting> for SessionQuoting {
    fn from(quoting: Quoting) -> SessionQuoting {
        SessionQuoting { initial: quoting, default: quoting }
    }
}

/// How a session reads strings and names, where the server has a setting for it. Scripts are cut by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoting {
    /// A backslash escapes in a plain `'…'`: MySQL without `NO_BACKSLASH_ESCAPES`, PostgreSQL with
    /// `standard_conforming_strings = off`.
    pub backslash_escapes: bool,
    /// `"…"` is a name; MySQL only with `ANSI_QUOTES`.
    pub ansi_quotes: bool,
    /// MariaDB speaks PL/SQL: `sql_mode = ORACLE`.
    pub oracle: bool,
}

impl Quoting {
    /// What a server does unless it is told otherwise.
    pub fn of(dialect: Dialect) -> Quoting {
        let mysql = dialect.is_mysql_family();
        Quoting { backslash_escapes: mysql, ansi_quotes: !mysql, oracle: false }
    }

    /// What a `sql_mode` of MySQL or MariaDB makes of it: the value as the server prints it.
    pub fn of_sql_mode(sql_mode: &str) -> Quoting {
        let has = |name: &str| sql_mode.split(',').any(|mode| mode.trim().eq_ignore_ascii_case(name));
        Quoting {
            backslash_escapes: !has("NO_BACKSLASH_ESCAPES"),
            ansi_quotes: has("ANSI_QUOTES"),
            oracle: has("ORACLE"),
        }
    }
}

/// One value as the server's own text; `None` is NULL.
pub type Value = Option<String>;

/// One row of a result.
pub type Row = Vec<Value>;

/// A lock that a tool takes on the server, in neutral terms. All are held by a session and end with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// PostgreSQL: `pg_try_advisory_lock(key)`.
    Advisory(i64),
    /// MySQL and MariaDB: `GET_LOCK(name, 0)`.
    Named(String),
    /// SQLite: an operating system lock on the database file.
    DatabaseFile,
}

impl fmt::Display for Lock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lock::Advisory(key) => write!(formatter, "advisory lock {key}"),
            Lock::Named(name) => write!(formatter, "named lock '{name}'"),
            Lock::DatabaseFile => formatter.write_str("lock on the database file"),
        }
    }
}

/// A lock that a tool keeps as a row of a table of its own. It outlives its holder, so what we put there tells that it is ours:
/// whoever holds our own lock and finds it knows that the run that left it is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockRow {
    /// The table, quoted and qualified, for messages.
    pub table: String,
    /// Returns a row if the table is there.
    pub exists: String,
    /// Makes it.
    pub create: String,
    /// Puts the row into it, unless there is one.
    pub fill: String,
    /// The state of each row: 0 is free, more is the tool's own, less is ours.
    pub states: String,
    /// Takes what is free or ours; it has to change exactly one row.
    pub take: String,
    /// Gives it back.
    pub free: String,
    /// How a user frees one that nobody holds: a command of the tool.
    pub way_out: String,
}
