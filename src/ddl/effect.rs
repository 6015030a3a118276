//! What a server does for a change.

use std::fmt;

use super::TableName;

/// What a server does to one table for one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The table.
    pub table: TableName,
    /// The lock that is taken on it.
    pub lock: TableLock,
    /// Whether every row is written anew.
    pub rewrites: bool,
    /// Whether every row is read (or an index built) while the lock is held.
    pub scans: bool,
}

/// What is known of a table before a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Columns with their types as the catalog spells them, where the database was asked.
    pub columns: Option<Vec<KnownColumn>>,
    /// Expressions of validated checks, as the catalog spells them.
    pub checks: Vec<String>,
    /// MySQL and MariaDB: the storage engine.
    pub engine: Option<String>,
    /// MySQL and MariaDB: the row format, as `information_schema.tables` spells it.
    pub row_format: Option<String>,
    /// MySQL and MariaDB: whether it has a full-text index.
    pub has_fulltext: bool,
    /// Whether it has a primary key, where that is known.
    pub has_primary_key: Option<bool>,
    /// SQLite: `STRICT`
    pub is_strict: bool,
    /// Names of its triggers.
    pub triggers: Vec<String>,
    /// SQLite: names of the indexes that a `CREATE INDEX` made.
    pub index_names: Vec<String>,
}

/// What is known of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "plain facts")]
pub struct KnownColumn {
    pub name: String,
    /// As the catalog spells it: `character varying(20)`, `varchar(20)`.
    pub data_type: String,
    pub not_null: bool,
    pub character_set: Option<String>,
    pub collation: Option<String>,
    pub indexed: bool,
    /// Part of the primary key.
    pub is_key: bool,
    /// As the catalog spells it; `None`: there is none.
    pub default: Option<String>,
    pub auto_increment: bool,
    pub generated: bool,
    /// MySQL: `ON UPDATE CURRENT_TIMESTAMP`
    pub on_update: bool,
    /// MySQL: its `COMMENT`, empty where there is none.
    pub comment: String,
}

/// The lock that a statement holds on a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableLock {
    /// A lock of PostgreSQL, kept until the transaction ends.
    Postgres(PostgresLock),
    /// How MySQL or MariaDB carries the change out.
    Mysql(MysqlAlgorithm),
    /// SQLite: nobody else writes to the database until the transaction ends.
    Sqlite,
    /// None that others notice.
    None,
}

/// PostgreSQL's table locks, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "named as PostgreSQL names them")]
pub enum PostgresLock {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

impl PostgresLock {
    /// As `pg_locks` spells it.
    pub fn mode(self) -> &'static str {
        match self {
            PostgresLock::AccessShare => "AccessShareLock",
            PostgresLock::RowShare => "RowShareLock",
            PostgresLock::RowExclusive => "RowExclusiveLock",
            PostgresLock::ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            PostgresLock::Share => "ShareLock",
            PostgresLock::ShareRowExclusive => "ShareRowExclusiveLock",
            PostgresLock::Exclusive => "ExclusiveLock",
            PostgresLock::AccessExclusive => "AccessExclusiveLock",
        }
    }

    /// The lock that `pg_locks` spells so.
    pub fn of_mode(mode: &str) -> Option<PostgresLock> {
        use PostgresLock as L;
        [
            L::AccessShare,
            L::RowShare,
            L::RowExclusive,
            L::ShareUpdateExclusive,
            L::Share,
            L::ShareRowExclusive,
            L::Exclusive,
            L::AccessExclusive,
        ]
        .into_iter()
        .find(|lock| lock.mode() == mode)
    }
}

/// How MySQL and MariaDB carry an `ALTER TABLE` out, gentlest first. All take an exclusive metadata lock for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MysqlAlgorithm {
    /// `ALGORITHM=INSTANT`: only the dictionary changes.
    Instant,
    /// `ALGORITHM=NOCOPY` or `INPLACE`, `LOCK=NONE`: others read and write meanwhile.
    InPlace,
    /// `ALGORITHM=INPLACE`, `LOCK=SHARED`: others read.
    InPlaceShared,
    /// `ALGORITHM=COPY`, `LOCK=NONE` (MariaDB 11.2 and later): the table is copied while others read and write.
    CopyOnline,
    /// `ALGORITHM=COPY`, `LOCK=SHARED`: the table is copied while others read.
    Copy,
    /// The metadata lock is exclusive as long as it takes.
    Exclusive,
}

/// What others cannot do meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blocks {
    /// Nothing but other changes of the schema.
    Nothing,
    /// Writing.
    Writes,
    /// Reading and writing.
    ReadsAndWrites,
}

impl TableLock {
    /// What others cannot do while it is held.
    pub fn blocks(self) -> Blocks {
        match self {
            TableLock::Postgres(PostgresLock::AccessExclusive) => Blocks::ReadsAndWrites,
            TableLock::Postgres(
                PostgresLock::Exclusive | PostgresLock::ShareRowExclusive | PostgresLock::Share,
            ) => Blocks::Writes,
            TableLock::Postgres(_) | TableLock::None => Blocks::Nothing,
            TableLock::Mysql(
                MysqlAlgorithm::Instant | MysqlAlgorithm::InPlace | MysqlAlgorithm::CopyOnline,
            ) => Blocks::Nothing,
            TableLock::Mysql(MysqlAlgorithm::InPlaceShared | MysqlAlgorithm::Copy) => Blocks::Writes,
            TableLock::Mysql(MysqlAlgorithm::Exclusive) => Blocks::ReadsAndWrites,
            TableLock::Sqlite => Blocks::Writes,
        }
    }
}

impl fmt::Display for TableLock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            TableLock::Postgres(lock) => match lock {
                PostgresLock::AccessShare => "ACCESS SHARE",
                PostgresLock::RowShare => "ROW SHARE",
                PostgresLock::RowExclusive => "ROW EXCLUSIVE",
                PostgresLock::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
                PostgresLock::Share => "SHARE",
                PostgresLock::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
                PostgresLock::Exclusive => "EXCLUSIVE",
                PostgresLock::AccessExclusive => "ACCESS EXCLUSIVE",
            },
            TableLock::Mysql(algorithm) => match algorithm {
                MysqlAlgorithm::Instant => "ALGORITHM=INSTANT",
                MysqlAlgorithm::InPlace => "ALGORITHM=INPLACE, LOCK=NONE",
                MysqlAlgorithm::InPlaceShared => "ALGORITHM=INPLACE, LOCK=SHARED",
                MysqlAlgorithm::CopyOnline => "ALGORITHM=COPY, LOCK=NONE",
                MysqlAlgorithm::Copy => "ALGORITHM=COPY, LOCK=SHARED",
                MysqlAlgorithm::Exclusive => "LOCK=EXCLUSIVE",
            },
            TableLock::Sqlite => "the database's write lock",
            TableLock::None => "none",
        })
    }
}
