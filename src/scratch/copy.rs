//! Copying a schema of MySQL or MariaDB with its rows to another on the same server.

use dunlin_compat::model::Dialect;

use crate::db::{Connection, DbError, Outcome};

/// Copies everything: tables with rows, then what hangs on them. Rows are read without locks.
pub(super) fn copy_schema(live: &mut dyn Connection, target: &mut dyn Connection) -> Result<(), DbError> {
    let database = live.server().database.clone();
    let quote = |name: &str| Dialect::Mysql.quote_identifier(name);
    let source = quote(&database);
    for statement in [
        "SET SESSION foreign_key_checks = 0, unique_checks = 0",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    ] {
        target.execute(statement)?;
    }
    let tables = names(
        live,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
         AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY table_name",
    )?;
    for table in &tables {
        let shown = live.execute(&format!("SHOW CREATE TABLE {}", quote(table)))?;
        target.execute(&statement_of(&shown))?;
        let columns = names(
            live,
            &format!(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = {} \
                 AND COALESCE(generation_expression, '') = '' ORDER BY ordinal_position",
                Dialect::Mysql.quote_literal(table)
            ),
        )?;
        let columns: Vec<String> = columns.iter().map(|column| quote(column)).collect();
        let columns = columns.join(", ");
        target.execute(&format!(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM {source}.{table}",
            table = quote(table)
        ))?;
    }
    let mut left = Vec::new();
    for (kind, query) in [
        (
            "PROCEDURE",
            "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'PROCEDURE'",
        ),
        (
            "FUNCTION",
            "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'FUNCTION'",
        ),
        ("VIEW", "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()"),
        (
            "TRIGGER",
            "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY action_order",
        ),
        ("EVENT", "SELECT event_name FROM information_schema.events WHERE event_schema = DATABASE()"),
    ] {
        for name in names(live, query)? {
            let shown = live.execute(&format!("SHOW CREATE {kind} {}", quote(&name)))?;
            left.push((kind, name, shown));
        }
    }
    // A view may stand on another: those that fail are tried again for as long as any succeeds.
    while !left.is_empty() {
        let before = left.len();
        let mut failed = Vec::new();
        let mut first = None;
        for (kind, name, shown) in left {
            match create(target, (kind, &name), &shown, &source) {
                Ok(()) => {}
                Err(error) => {
                    first = first.or(Some(error));
                    failed.push((kind, name, shown));
                }
            }
        }
        left = failed;
        if let Some(error) = first.filter(|_| left.len() == before) {
            return Err(error);
        }
    }
    Ok(())
}

fn create(
    target: &mut dyn Connection,
    (kind, name): (&str, &str),
    shown: &Outcome,
    source: &str,
) -> Result<(), DbError> {
    if let Some(mode) = column(shown, |name| name == "sql_mode") {
        target.execute(&format!("SET SESSION sql_mode = {}", Dialect::Mysql.quote_literal(&mode)))?;
    }
    target.execute(&statement_of(shown).replace(&format!("{source}."), ""))?;
    if kind == "EVENT" {
        // What happens by itself would come between.
        target.execute(&format!("ALTER EVENT {} DISABLE", Dialect::Mysql.quote_identifier(name)))?;
    }
    Ok(())
}

fn names(connection: &mut dyn Connection, query: &str) -> Result<Vec<String>, DbError> {
    Ok(connection.execute(query)?.rows.into_iter().flatten().flatten().collect())
}

fn statement_of(shown: &Outcome) -> String {
    column(shown, |name| name.starts_with("create ") || name == "sql original statement").unwrap_or_default()
}

fn column(shown: &Outcome, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let index = shown.columns.iter().position(|column| wanted(&column.name.to_ascii_lowercase()))?;
    shown.rows.first()?.get(index)?.clone()
}
