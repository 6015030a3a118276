//! Looking in the catalog whether a statement that cannot share a transaction with the journal took effect.

use dunlin_compat::model::{Dialect, Row};
use sha2::{Digest, Sha256};

use super::prepare::Statement;
use crate::db::{Connection, DbError};
use crate::sql::{ObjectKind as Kind, QualifiedName, Target, TargetAction as Action};

/// What is known of a statement that was in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It took effect.
    Done,
    /// It did not, or running it again is harmless; these statements clean up first.
    NotDone {
        /// Run before it is run again.
        cleanup: Vec<String>,
    },
    /// The catalog does not tell.
    Unknown {
        /// Why, for a message; begins with `: ` or is empty.
        because: String,
    },
}

impl Settled {
    fn not_done() -> Settled {
        Settled::NotDone { cleanup: Vec::new() }
    }

    fn unknown() -> Settled {
        Settled::Unknown { because: String::new() }
    }
}

/// The state of what a statement is about to change, to compare with later; `None` where no state would tell.
pub fn fingerprint(
    connection: &mut dyn Connection,
    statement: &Statement<'_>,
) -> Result<Option<String>, DbError> {
    let Some(target) = &statement.facts.target else { return Ok(None) };
    match connection.server().dialect {
        Dialect::Postgres => postgres_fingerprint(connection, target),
        Dialect::Mysql | Dialect::Mariadb => mysql_fingerprint(connection, target),
        Dialect::Sqlite => Ok(None),
    }
}

/// Decides whether a statement took effect, by comparing with its [`fingerprint`] from before.
pub fn settle(
    connection: &mut dyn Connection,
    statement: &Statement<'_>,
    before: Option<&str>,
) -> Result<Settled, DbError> {
    if is_repeatable(statement, connection.server().dialect) {
        return Ok(Settled::not_done());
    }
    let reindexes = |target: &Target| target.action == Action::Reindex;
    let (Some(before), Some(target)) = (before, &statement.facts.target) else {
        // To build an index again does no harm.
        return Ok(match &statement.facts.target {
            Some(target) if reindexes(target) => Settled::not_done(),
            _ => Settled::unknown(),
        });
    };
    let Some(now) = fingerprint(connection, statement)? else { return Ok(Settled::unknown()) };
    if connection.server().dialect == Dialect::Postgres {
        return Ok(settle_postgres(target, before, &now));
    }
    if now == before {
        return Ok(match unseen_change(statement, target, before) {
            Some(because) => Settled::Unknown { because: because.to_owned() },
            None => Settled::not_done(),
        });
    }
    // MariaDB drops several objects one after the other, so some can be gone and others not.
    if target.action == Action::Drop && target.names.len() > 1 {
        let left = now.split(' ').filter(|part| *part != ABSENT).count();
        if left > 0 {
            return Ok(Settled::Unknown {
                because: format!(": {left} of the {} objects it drops are still there", target.names.len()),
            });
        }
    }
    Ok(Settled::Done)
}

/// MySQL: whether [`settle`] is to find out of a statement, if that succeeds, that it did, or that it may be run again.
pub fn tells(statement: &Statement<'_>, before: Option<&str>) -> bool {
    let (Some(target), Some(before)) = (&statement.facts.target, before) else { return false };
    !statement.facts.temporary_object && unseen_change(statement, target, before).is_none()
}

/// MySQL: why a statement may have changed something although all definitions are as before.
fn unseen_change(statement: &Statement<'_>, target: &Target, before: &str) -> Option<&'static str> {
    if target.action == Action::Truncate {
        return Some(": rows may have been written since a TRUNCATE");
    }
    if target.action == Action::Rename && !before.split(' ').any(|part| part == ABSENT) {
        return Some(": tables of one definition may have changed places");
    }
    let moves_rows = ["EXCHANGE", "TRUNCATE", "DISCARD", "IMPORT"];
    let altered = target.action == Action::Alter && target.kind == Kind::Table;
    let words = if altered { crate::sql::words(&statement.text, Dialect::Mysql) } else { Vec::new() };
    words
        .iter()
        .any(|word| moves_rows.contains(&word.as_str()))
        .then_some(": it moves rows, which the definition of a table does not show")
}

/// Indexes that a failed or interrupted `CREATE INDEX CONCURRENTLY` or `REINDEX CONCURRENTLY` left invalid, as statements that
/// drop them.
pub fn drop_invalid_indexes(
    connection: &mut dyn Connection,
    statement: &Statement<'_>,
    before: Option<&str>,
) -> Result<Vec<String>, DbError> {
    let Some(before) = before else { return Ok(Vec::new()) };
    Ok(match settle(connection, statement, Some(before))? {
        Settled::NotDone { cleanup } => cleanup,
        Settled::Done | Settled::Unknown { .. } => Vec::new(),
    })
}

/// Statements that do the same when run twice.
fn is_repeatable(statement: &Statement<'_>, dialect: Dialect) -> bool {
    const WORDS: [&str; 20] = [
        "ANALYZE",
        "OPTIMIZE",
        "CHECK",
        "CHECKSUM",
        "REPAIR",
        "FLUSH",
        "RESET",
        "GRANT",
        "SET",
        "USE",
        "LOCK",
        "UNLOCK",
        "VACUUM",
        "REINDEX",
        "CLUSTER",
        "DISCARD",
        "PRAGMA",
        "DEALLOCATE",
        "ATTACH",
        "DETACH",
    ];
    if statement.facts.session || statement.facts.control.is_some() {
        return true;
    }
    if let Some(target) = &statement.facts.target {
        // An index that is there but invalid would be kept by IF NOT EXISTS.
        return (target.if_exists || target.if_not_exists || target.or_replace)
            && !(target.concurrently && target.action == Action::Create);
    }
    let first = crate::sql::first_word(&statement.text, dialect);
    WORDS.contains(&first.as_str())
}

/// In a MySQL fingerprint, an object that is not there.
const ABSENT: &str = "-";

fn mysql_fingerprint(connection: &mut dyn Connection, target: &Target) -> Result<Option<String>, DbError> {
    let dialect = connection.server().dialect;
    let mut names: Vec<&QualifiedName> = target.names.iter().chain(&target.new_names).collect();
    let mut kind = target.kind;
    if let (Kind::Index, Some(table)) = (kind, &target.on_table) {
        names = vec![table];
        kind = Kind::Table;
    }
    let shown = match kind {
        Kind::Table => "TABLE",
        Kind::View => "VIEW",
        Kind::Trigger => "TRIGGER",
        Kind::Procedure => "PROCEDURE",
        Kind::Function => "FUNCTION",
        Kind::Event => "EVENT",
        Kind::Schema | Kind::Database => "DATABASE",
        Kind::Sequence => "SEQUENCE",
        Kind::User => "USER",
        _ => return Ok(None),
    };
    let mut states = Vec::with_capacity(names.len());
    for name in names {
        let query = format!("SHOW CREATE {shown} {}", quoted(name, dialect));
        states.push(match connection.execute(&query) {
            Ok(outcome) => digest(&outcome.rows),
            Err(error) if error.kind == crate::db::DbErrorKind::Connection => return Err(error),
            Err(_) => ABSENT.to_owned(),
        });
    }
    Ok(Some(states.join(" ")))
}

/// A digest of a `SHOW CREATE` result without the counter that ordinary inserts move.
fn digest(rows: &[Row]) -> String {
    let mut hasher = Sha256::new();
    for value in rows.iter().flatten() {
        let text = value.as_deref().unwrap_or("\0");
        let mut rest = text;
        while let Some(found) = rest.find(" AUTO_INCREMENT=") {
            hasher.update(&rest[..found]);
            rest = rest[found + " AUTO_INCREMENT=".len()..]
                .trim_start_matches(|character: char| character.is_ascii_digit());
        }
        hasher.update(rest);
        hasher.update([0]);
    }
    hasher.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn postgres_fingerprint(connection: &mut dyn Connection, target: &Target) -> Result<Option<String>, DbError> {
    let dialect = Dialect::Postgres;
    let regclass = |name: &QualifiedName| {
        format!("pg_catalog.to_regclass({})", dialect.quote_literal(&quoted(name, dialect)))
    };
    let query = match (target.kind, &target.on_table) {
        _ if target.action == Action::Reindex => match reindexed(target, &regclass) {
            Some(tables) => indexes(&tables, connection.server().version),
            None => return Ok(None),
        },
        (Kind::Index, Some(table)) => {
            indexes(&format!("x.indrelid = {}", regclass(table)), connection.server().version)
        }
        (Kind::Index, None) => {
            let checks: Vec<String> = target
                .names
                .iter()
                .map(|name| format!("CASE WHEN {} IS NULL THEN '-' ELSE 'x' END", regclass(name)))
                .collect();
            if checks.is_empty() {
                return Ok(None);
            }
            format!("SELECT {}", checks.join(" || "))
        }
        (Kind::Database, _) => existence("pg_database", "datname", target),
        _ => return Ok(None),
    };
    let outcome = connection.execute(&query)?;
    Ok(Some(outcome.rows.into_iter().flatten().next().flatten().unwrap_or_default()))
}

/// The indexes of some tables, a line each, with whether they are valid. Those that another session is building are left out.
fn indexes(of_tables: &str, server_version: (u32, u32, u32)) -> String {
    let built_by_others = if server_version >= (12, 0, 0) {
        " AND (x.indisvalid OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p \
         WHERE p.relid = x.indrelid AND p.pid <> pg_catalog.pg_backend_pid()))"
    } else {
        ""
    };
    format!(
        "SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname) || CASE WHEN x.indisvalid THEN \
         ' valid' ELSE ' invalid' END, E'\\n' ORDER BY x.indexrelid) FROM pg_catalog.pg_index x \
         JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE ({of_tables}){built_by_others}"
    )
}

/// The tables of which a `REINDEX` builds indexes, with the tables of their long values; `None` if it names none that is there.
fn reindexed(target: &Target, regclass: &dyn Fn(&QualifiedName) -> String) -> Option<String> {
    let name = target.names.first();
    let tables = match (target.kind, name) {
        (Kind::Table, Some(name)) => format!("t.oid = {}", regclass(name)),
        (Kind::Index, Some(name)) => format!(
            "t.oid = (SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = {})",
            regclass(name)
        ),
        (Kind::Schema, Some(name)) => format!(
            "t.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = {})",
            Dialect::Postgres.quote_literal(&name.name)
        ),
        (Kind::Database, _) => "true".to_owned(),
        _ => return None,
    };
    // A partitioned table or index stands for those below it.
    Some(format!(
        "x.indrelid IN (WITH RECURSIVE whole AS (SELECT t.oid, t.reltoastrelid FROM pg_catalog.pg_class t WHERE {tables} \
         UNION SELECT t.oid, t.reltoastrelid FROM whole JOIN pg_catalog.pg_inherits h ON h.inhparent = whole.oid \
         JOIN pg_catalog.pg_class t ON t.oid = h.inhrelid) \
         SELECT oid FROM whole UNION SELECT reltoastrelid FROM whole)"
    ))
}

fn existence(catalog: &str, column: &str, target: &Target) -> String {
    let names: Vec<String> =
        target.names.iter().map(|name| Dialect::Postgres.quote_literal(&name.name)).collect();
    format!(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.{catalog} WHERE {column} IN ({})) THEN 'x' ELSE '-' END",
        names.join(", ")
    )
}

fn settle_postgres(target: &Target, before: &str, now: &str) -> Settled {
    let old: Vec<&str> = before.split('\n').collect();
    let new: Vec<&str> = now.split('\n').filter(|line| !line.is_empty() && !old.contains(line)).collect();
    match (target.action, target.kind) {
        // It may be run again in any case; what it was building is invalid and has a name of its own.
        (Action::Reindex, _) => {
            let left = new.iter().filter_map(|line| line.strip_suffix(" invalid"));
            let cleanup = left
                .filter(|name| is_of_reindex(name))
                .map(|name| format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"))
                .collect();
            Settled::NotDone { cleanup }
        }
        (Action::Create, Kind::Index) => {
            if new.iter().any(|line| line.ends_with(" valid")) {
                return Settled::Done;
            }
            let cleanup = new
                .iter()
                .filter_map(|line| line.strip_suffix(" invalid"))
                .map(|name| format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"))
                .collect();
            Settled::NotDone { cleanup }
        }
        (Action::Drop, _) if !now.contains('x') => Settled::Done,
        (Action::Drop, _) if now == before => Settled::not_done(),
        (Action::Create, _) => {
            if now == before {
                Settled::not_done()
            } else {
                Settled::Done
            }
        }
        _ => Settled::unknown(),
    }
}

/// Whether an index has a name that PostgreSQL gives the second copy while it builds one anew: `orders_pkey_ccnew1`.
fn is_of_reindex(name: &str) -> bool {
    let name = name.trim_end_matches('"').trim_end_matches(|character: char| character.is_ascii_digit());
    name.ends_with("_ccnew") || name.ends_with("_ccold")
}

fn quoted(name: &QualifiedName, dialect: Dialect) -> String {
    match &name.schema {
        Some(schema) => {
            format!("{}.{}", dialect.quote_identifier(schema), dialect.quote_identifier(&name.name))
        }
        None => dialect.quote_identifier(&name.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn what_moves_rows_without_changing_a_definition_is_not_taken_for_undone() {
        for (text, before, seen) in [
            ("RENAME TABLE a TO b", "11 -", true),
            // Three tables of one definition, two of which changed places.
            ("RENAME TABLE a TO c, b TO a, c TO b", "11 11 11", false),
            ("TRUNCATE TABLE a", "11", false),
            ("ALTER TABLE a ADD COLUMN b int", "11", true),
            ("ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b", "11", false),
            ("ALTER TABLE a TRUNCATE PARTITION p", "11", false),
        ] {
            let facts = crate::sql::classify(text, Dialect::Mysql, (8, 0, 0));
            let statement = Statement {
                text: text.to_owned(),
                path: Path::new("1_a.sql"),
                line: 1,
                facts,
                copy_data: None,
                plugin: None,
                is_of_body: true,
            };
            let target = statement.facts.target.as_ref().unwrap();
            assert_eq!(unseen_change(&statement, target, before).is_none(), seen, "{text}");
        }
    }
}
