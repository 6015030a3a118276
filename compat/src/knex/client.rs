//! The clients of Knex: a driver and a dialect under one name.

use std::fmt;

use crate::model::Dialect;

/// A client that dunlin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Client {
    /// `pg`, with its other names `postgres` and `postgresql`.
    Pg,
    /// `pgnative`.
    PgNative,
    /// `mysql`.
    Mysql,
    /// `mysql2`.
    Mysql2,
    /// `mariadb`, new in Knex 3.3.
    Mariadb,
    /// `sqlite3`, with its other name `sqlite`.
    Sqlite3,
    /// `better-sqlite3`.
    BetterSqlite3,
}

/// The SQL that a client makes Knex write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB, which Knex does not tell apart.
    Mysql,
    /// SQLite.
    Sqlite,
}

/// Why a client is not of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoClient {
    /// Knex knows it; dunlin does not run it.
    NotBuilt(String),
    /// Knex does not know it either.
    Unknown(String),
}

/// What Knex knows and dunlin does not run.
const OTHERS: [&str; 4] = ["mssql", "oracledb", "redshift", "cockroachdb"];

impl Client {
    /// A client by one of its names; they are case-sensitive.
    ///
    /// # Errors
    /// There is none of this name, or none that dunlin runs.
    pub fn named(name: &str) -> Result<Client, NoClient> {
        Ok(match name {
            "pg" | "postgres" | "postgresql" => Client::Pg,
            "pgnative" => Client::PgNative,
            "mysql" => Client::Mysql,
            "mysql2" => Client::Mysql2,
            "mariadb" => Client::Mariadb,
            "sqlite3" | "sqlite" => Client::Sqlite3,
            "better-sqlite3" => Client::BetterSqlite3,
            other if OTHERS.contains(&other) => return Err(NoClient::NotBuilt(other.to_owned())),
            other => return Err(NoClient::Unknown(other.to_owned())),
        })
    }

    /// Its SQL.
    pub fn family(self) -> Family {
        match self {
            Client::Pg | Client::PgNative => Family::Postgres,
            Client::Mysql | Client::Mysql2 | Client::Mariadb => Family::Mysql,
            Client::Sqlite3 | Client::BetterSqlite3 => Family::Sqlite,
        }
    }

    /// Whether its driver turns foreign keys on: `better-sqlite3` does, `sqlite3` leaves them off.
    pub fn enforces_foreign_keys(self) -> bool {
        self == Client::BetterSqlite3
    }

    /// Whether its SQLite takes text in double quotes for a string where it names no column: that of `better-sqlite3` is built
    /// with `SQLITE_DQS=0`.
    pub fn takes_double_quoted_strings(self) -> bool {
        self != Client::BetterSqlite3
    }
}

impl Family {
    /// The family of a server.
    pub fn of(dialect: Dialect) -> Family {
        match dialect {
            Dialect::Postgres => Family::Postgres,
            Dialect::Mysql | Dialect::Mariadb => Family::Mysql,
            Dialect::Sqlite => Family::Sqlite,
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Client::Pg => "pg",
            Client::PgNative => "pgnative",
            Client::Mysql => "mysql",
            Client::Mysql2 => "mysql2",
            Client::Mariadb => "mariadb",
            Client::Sqlite3 => "sqlite3",
            Client::BetterSqlite3 => "better-sqlite3",
        })
    }
}

impl fmt::Display for NoClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoClient::NotBuilt(name) => write!(
                formatter,
                "the client {name} is not run by dunlin, which speaks to PostgreSQL, MySQL, MariaDB and SQLite"
            ),
            // Knex' own words.
            NoClient::Unknown(name) => write!(
                formatter,
                "knex: Unknown configuration option 'client' value {name}. Note that it is case-sensitive, check \
                 documentation for supported values."
            ),
        }
    }
}
