//! The lock that Flyway takes while it migrates (classes `PostgreSQLAdvisoryLockTemplate`, `MySQLNamedLockTemplate`).

use crate::flyway::history::{HistoryTable, java_string_hash};
use crate::model::{Dialect, Lock};

/// The bytes of `Flyway`, as a number.
const MAGIC: i64 = 0x466C_7977_6179;

/// The lock for the history in this table.
///
/// On PostgreSQL both of Flyway's forms, per transaction and per session, share the one key. On clusters (Percona in
/// strict mode, Galera) Flyway locks the table's rows instead, which a named lock does not exclude.
pub fn lock(table: &HistoryTable) -> Lock {
    let hash = java_string_hash(&table.qualified());
    match table.dialect {
        Dialect::Postgres => Lock::Advisory(MAGIC + i64::from(hash)),
        Dialect::Mysql | Dialect::Mariadb => Lock::Named(format!("Flyway-{hash}")),
        Dialect::Sqlite => Lock::DatabaseFile,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock_of(dialect: Dialect, schema: &str) -> Lock {
        let name = "flyway_schema_history".to_owned();
        lock(&HistoryTable { dialect, schema: schema.to_owned(), name, tablespace: None })
    }

    #[test]
    fn key_and_name_are_flyway_s() {
        assert_eq!(lock_of(Dialect::Postgres, "public"), Lock::Advisory(77_433_833_903_597));
        let hash = java_string_hash("`shop`.`flyway_schema_history`");
        assert_eq!(lock_of(Dialect::Mariadb, "shop"), Lock::Named(format!("Flyway-{hash}")));
        assert_eq!(lock_of(Dialect::Sqlite, "main"), Lock::DatabaseFile);
    }
}
