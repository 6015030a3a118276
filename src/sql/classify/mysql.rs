//! MySQL and MariaDB statements. What commits implicitly follows their manuals' pages on implicit commits.

use super::reader::Reader;
use super::{Facts, TransactionNeed};
use dunlin_compat::model::Dialect;

/// First words of statements that always commit.
const COMMITTING: [&str; 13] = [
    "ALTER",
    "ANALYZE",
    "BACKUP",
    "CHECK",
    "FLUSH",
    "GRANT",
    "INSTALL",
    "OPTIMIZE",
    "RENAME",
    "REPAIR",
    "REVOKE",
    "TRUNCATE",
    "UNINSTALL",
];

/// Variables that say how text is read.
const PARSING_VARIABLES: [&str; 5] =
    ["sql_mode", "character_set_client", "character_set_connection", "collation_connection", "old_mode"];

pub(super) fn facts(reader: &Reader<'_>) -> Facts {
    let set = reader.is("SET");
    let autocommit = set && reader.assigns("autocommit");
    Facts {
        control: None,
        // Nothing is refused inside a transaction; much of it ends the transaction instead.
        transaction: TransactionNeed::Any,
        implicit_commit: autocommit || commits(reader.clone()),
        session: changes_session(reader.clone()),
        temporary_object: is_temporary_creation(reader.clone()),
        controls_transaction: autocommit || controls_transaction(reader.clone()),
        ddl: reader.is_any(&["CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME", "GRANT", "REVOKE"])
            && !reader.clone().eat_all(&["DROP", "PREPARE"]),
        changes_parsing: set && sets_parsing(reader.clone()),
        changes_role: reader.clone().eat_all(&["SET", "ROLE"]),
        drops_locks: reader.calls().any(|(name, _)| name.eq_ignore_ascii_case("RELEASE_ALL_LOCKS")),
        copy_from_stdin: false,
        target: None,
    }
}

fn commits(mut reader: Reader<'_>) -> bool {
    if reader.is_any(&COMMITTING) {
        return true;
    }
    if reader.eat("CREATE") {
        // A loadable function, unlike a stored one, does not commit.
        let loadable = reader.has("SONAME");
        reader.eat_all(&["OR", "REPLACE"]);
        let temporary = reader.eat("TEMPORARY") && reader.is_any(&["TABLE", "SEQUENCE"]);
        return !temporary && !loadable;
    }
    if reader.eat("DROP") {
        return !reader.is_any(&["TEMPORARY", "PREPARE"]);
    }
    if reader.is("BEGIN") {
        reader.skip();
        return !reader.is("NOT");
    }
    if reader.eat("START") {
        return true;
    }
    if reader.eat_any(&["LOCK", "UNLOCK"]) {
        return reader.is_any(&["TABLES", "TABLE"]);
    }
    if reader.eat("RESET") {
        return !reader.is("PERSIST");
    }
    if reader.eat("SET") {
        return reader.is("PASSWORD") || reader.clone().eat_all(&["DEFAULT", "ROLE"]);
    }
    // MariaDB's manual lists these as well, but 10.11 does not commit for them.
    if reader.dialect() == Dialect::Mysql
        && (reader.is_any(&["CACHE", "CHANGE"]) || reader.clone().eat_all(&["LOAD", "INDEX"]))
    {
        return true;
    }
    reader.clone().eat_all(&["IMPORT", "TABLE"])
        || reader.eat("STOP") && reader.is_any(&["SLAVE", "REPLICA", "ALL", "GROUP_REPLICATION"])
}

/// Settings, the current database, prepared statements, table locks, and queries that fill user variables.
fn changes_session(mut reader: Reader<'_>) -> bool {
    if reader.eat("SET") {
        let only_server = reader.is_any(&["PASSWORD", "GLOBAL", "PERSIST", "PERSIST_ONLY"])
            || reader.clone().eat_all(&["DEFAULT", "ROLE"])
            || reader.clone().eat_all(&["RESOURCE", "GROUP"]);
        // `SET GLOBAL a = 1, SESSION b = 2`
        return !only_server || reader.mentions(&["SESSION", "LOCAL"]);
    }
    if reader.is("SELECT") {
        return fills_variables(reader);
    }
    if reader.eat_any(&["LOCK", "UNLOCK"]) {
        return reader.is_any(&["TABLES", "TABLE"]);
    }
    reader.is_any(&["USE", "PREPARE", "DEALLOCATE"]) || reader.eat_all(&["DROP", "PREPARE"])
}

/// `SELECT … INTO @total` and `SELECT @total := …`.
fn fills_variables(mut reader: Reader<'_>) -> bool {
    let mut into = reader.clone();
    while into.find("INTO") {
        if into.eat_symbol("@") {
            return true;
        }
    }
    while !reader.at_end() {
        if !reader.eat_symbol("@") {
            reader.skip();
            continue;
        }
        reader.skip();
        if reader.eat_symbol(":") && reader.eat_symbol("=") {
            return true;
        }
    }
    false
}

fn controls_transaction(mut reader: Reader<'_>) -> bool {
    if reader.eat("BEGIN") {
        return !reader.is("NOT");
    }
    if reader.eat("START") {
        return reader.is("TRANSACTION");
    }
    if reader.eat("XA") {
        // Lists prepared transactions and does nothing with them.
        return !reader.is("RECOVER");
    }
    reader.is_any(&["COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"])
}

fn sets_parsing(mut reader: Reader<'_>) -> bool {
    reader.skip();
    reader.is_any(&["NAMES", "CHARSET"])
        || reader.clone().eat_all(&["CHARACTER", "SET"])
        || PARSING_VARIABLES.iter().any(|variable| reader.assigns(variable))
}

fn is_temporary_creation(mut reader: Reader<'_>) -> bool {
    if !reader.eat("CREATE") {
        return false;
    }
    reader.eat_all(&["OR", "REPLACE"]);
    reader.is("TEMPORARY")
}
