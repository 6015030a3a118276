//! Statements of which no rule has anything to say.

use crate::sql::Reader;

/// The first words of statements about something else than tables and their rows, as the manuals of MySQL 9 and MariaDB 12 list them.
const HEADS: &[&[&str]] = &[
    &["ANALYZE"],
    &["BACKUP"],
    &["BINLOG"],
    &["CACHE", "INDEX"],
    &["CHANGE", "MASTER"],
    &["CHANGE", "REPLICATION"],
    &["CLONE"],
    &["DEALLOCATE", "PREPARE"],
    &["FLUSH"],
    &["GET"],
    &["GRANT"],
    &["IMPORT", "TABLE"],
    &["INSTALL"],
    &["KILL"],
    &["LOAD", "INDEX"],
    &["LOCK", "INSTANCE"],
    &["PREPARE"],
    &["PURGE"],
    &["RELEASE", "SAVEPOINT"],
    &["RENAME", "USER"],
    &["RESET"],
    &["RESIGNAL"],
    &["RESTART"],
    &["REVOKE"],
    &["ROLLBACK"],
    &["SAVEPOINT"],
    &["SHUTDOWN"],
    &["SIGNAL"],
    &["START"],
    &["STOP"],
    &["UNINSTALL"],
    &["UNLOCK"],
    &["USE"],
    &["XA"],
    &["SET", "PASSWORD"],
    &["SET", "ROLE"],
    &["SET", "DEFAULT", "ROLE"],
    &["SET", "RESOURCE", "GROUP"],
    &["SET", "TRANSACTION"],
    &["SET", "GLOBAL", "TRANSACTION"],
    &["SET", "SESSION", "TRANSACTION"],
    &["SET", "LOCAL", "TRANSACTION"],
];

/// Compound statements, which MariaDB takes outside of routines too.
const COMPOUND: [&str; 6] = ["IF", "CASE", "FOR", "WHILE", "LOOP", "REPEAT"];

/// What follows `CREATE`, `ALTER` or `DROP`, their attributes left out.
const OBJECTS: [&str; 19] = [
    "USER",
    "ROLE",
    "EVENT",
    "SERVER",
    "TABLESPACE",
    "UNDO",
    "LOGFILE",
    "SEQUENCE",
    "PACKAGE",
    "RESOURCE",
    "SPATIAL",
    "DATABASE",
    "SCHEMA",
    "FUNCTION",
    "PROCEDURE",
    "INSTANCE",
    "LIBRARY",
    "PREPARE",
    "MASKING",
];

/// Whether it is one of them.
pub(super) fn is_statement(reader: &Reader<'_>) -> bool {
    HEADS.iter().any(|words| reader.clone().eat_all(words)) || reader.is_any(&COMPOUND)
}

/// Whether the object behind `CREATE`, `ALTER` or `DROP` is none that a rule looks at. A routine is created with its name.
pub(super) fn is_object(reader: &Reader<'_>) -> bool {
    reader.is_any(&OBJECTS)
}
