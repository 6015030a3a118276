//! SQLite: the statements that it keeps, and rows in between.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_compat::model::Dialect;

use super::SquashError;
use super::order::sorted;
use super::values::{hexadecimal, inserts};
use crate::db::{Cell, Connection, DbError};
use crate::schema::Scope;

const OBJECTS: &str =
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid";

/// Tables with what they are: `table`, `virtual`, `shadow`.
const TABLES: &str = "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Columns that take values: neither generated ones nor those that a virtual table hides.
const COLUMNS: &str = "SELECT l.name, c.name FROM pragma_table_list l JOIN pragma_table_xinfo(l.name) c \
     WHERE l.schema = 'main' AND c.hidden = 0 ORDER BY l.name, c.cid";

const KEYS: &str = "SELECT l.name, f.\"table\" FROM pragma_table_list l JOIN pragma_foreign_key_list(l.name) f \
     WHERE l.schema = 'main'";

/// Statements that make everything, and those that drop it.
pub(super) fn read(
    connection: &mut dyn Connection,
    scope: &Scope,
) -> Result<(Vec<String>, Vec<String>), SquashError> {
    read_all(connection, scope).map_err(SquashError::Read)
}

struct Object {
    kind: String,
    name: String,
    sql: String,
}

fn read_all(connection: &mut dyn Connection, scope: &Scope) -> Result<(Vec<String>, Vec<String>), DbError> {
    let kinds: BTreeMap<String, String> = pairs(connection, TABLES)?.into_iter().collect();
    let is_shadow = |name: &str| kinds.get(name).is_some_and(|kind| kind == "shadow");
    let mut objects = Vec::new();
    for row in connection.execute(OBJECTS)?.rows {
        let mut row = row.into_iter().map(Option::unwrap_or_default);
        let (Some(kind), Some(name), Some(table), Some(sql)) =
            (row.next(), row.next(), row.next(), row.next())
        else {
            continue;
        };
        let is_own = [&name, &table].iter().any(|name| name.starts_with("sqlite_") || is_shadow(name));
        if !is_own && !scope.leaves_out(&table) {
            objects.push(Object { kind, name, sql });
        }
    }
    let of = |kind: &'static str| objects.iter().filter(move |object| object.kind == kind);
    let names: Vec<String> = of("table").map(|object| object.name.clone()).collect();
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (table, needed) in pairs(connection, KEYS)? {
        let needed = names.iter().find(|name| name.eq_ignore_ascii_case(&needed)).cloned().unwrap_or(needed);
        needs.entry(table).or_default().insert(needed);
    }
    let ordered = sorted(&names, &needs);
    // A circle of keys, or a row before the one that it refers to, is only looked at when the transaction ends.
    let late = "PRAGMA defer_foreign_keys = ON".to_owned();
    let has_keys = !needs.is_empty();

    let mut up: Vec<String> = of("table").map(|object| object.sql.clone()).collect();
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, column) in pairs(connection, COLUMNS)? {
        columns.entry(table).or_default().push(Dialect::Sqlite.quote_identifier(&column));
    }
    let mut rows = Vec::new();
    for name in &ordered {
        let is_virtual = kinds.get(name).is_some_and(|kind| kind == "virtual");
        let sql = of("table").find(|object| object.name == *name).map_or("", |object| &object.sql);
        let columns = columns.remove(name).unwrap_or_default();
        rows.extend(rows_of(connection, name, columns, is_virtual.then_some(sql))?);
    }
    if has_keys && !rows.is_empty() {
        up.push(late.clone());
    }
    up.extend(rows);
    up.extend(counters(connection, &names)?);
    for kind in ["index", "view", "trigger"] {
        up.extend(of(kind).map(|object| object.sql.clone()));
    }

    let quoted = |name: &String| Dialect::Sqlite.quote_identifier(name);
    let mut down: Vec<String> = Vec::new();
    let views: Vec<String> = of("view").map(|object| object.name.clone()).collect();
    down.extend(views.iter().rev().map(|name| format!("DROP VIEW {}", quoted(name))));
    if has_keys {
        down.push(late);
    }
    down.extend(ordered.iter().rev().map(|name| format!("DROP TABLE {}", quoted(name))));
    for pragma in ["user_version", "application_id"] {
        let value =
            connection.execute(&format!("PRAGMA {pragma}"))?.rows.into_iter().flatten().flatten().next();
        if let Some(value) = value.filter(|value| value != "0") {
            up.push(format!("PRAGMA {pragma} = {value}"));
            down.push(format!("PRAGMA {pragma} = 0"));
        }
    }
    Ok((up, down))
}

fn rows_of(
    connection: &mut dyn Connection,
    table: &str,
    mut columns: Vec<String>,
    virtual_sql: Option<&str>,
) -> Result<Vec<String>, DbError> {
    let quoted = Dialect::Sqlite.quote_identifier(table);
    if let Some(sql) = virtual_sql {
        let words: String = sql.to_ascii_lowercase().split_whitespace().collect();
        if words.contains("usingfts5(") && words.contains("content=") {
            // Its text is in another table, or nowhere.
            let is_elsewhere = !words.contains("content=''") && !words.contains("content=\"\"");
            let rebuild = format!("INSERT INTO {quoted} ({quoted}) VALUES ('rebuild')");
            return Ok(if is_elsewhere { vec![rebuild] } else { Vec::new() });
        }
        if words.contains("usingfts") {
            // What refers to a row of it does so by this.
            columns.insert(0, "rowid".to_owned());
        }
    }
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!("SELECT {} FROM {quoted}", columns.join(", "));
    let outcome = connection.execute_typed(&query, &[], true)?;
    let rows: Vec<Vec<String>> = outcome.rows.iter().map(|row| row.iter().map(literal).collect()).collect();
    Ok(inserts(&quoted, &columns, &rows))
}

/// What `AUTOINCREMENT` has given out.
fn counters(connection: &mut dyn Connection, tables: &[String]) -> Result<Vec<String>, DbError> {
    let rows = match pairs(connection, "SELECT name, seq FROM sqlite_sequence ORDER BY rowid") {
        Ok(rows) => rows,
        // The first table that needs it makes it.
        Err(error) if error.is_missing_table() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut statements = Vec::new();
    for (table, number) in rows.into_iter().filter(|(table, _)| tables.contains(table)) {
        let literal = Dialect::Sqlite.quote_literal(&table);
        statements.push(format!("DELETE FROM sqlite_sequence WHERE name = {literal}"));
        statements.push(format!("INSERT INTO sqlite_sequence (name, seq) VALUES ({literal}, {number})"));
    }
    Ok(statements)
}

fn literal(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) if number.is_infinite() => {
            if *number > 0.0 { "9e999" } else { "-9e999" }.to_owned()
        }
        // The shortest digits that give the number again, always with a point or an exponent.
        Cell::Real(number) => format!("{number:?}"),
        Cell::Bytes(bytes) => format!("X'{}'", hexadecimal(bytes)),
        // A line end that an editor may change, and what a file of migrations would take for its own.
        Cell::Text(text) if text.contains(['\0', '\r']) || text.contains("migrate:") => {
            format!("CAST(X'{}' AS TEXT)", hexadecimal(text.as_bytes()))
        }
        Cell::Text(text) => Dialect::Sqlite.quote_literal(text),
    }
}

fn pairs(connection: &mut dyn Connection, query: &str) -> Result<Vec<(String, String)>, DbError> {
    let rows = connection.execute(query)?.rows.into_iter();
    Ok(rows
        .filter_map(|row| {
            let mut row = row.into_iter();
            Some((row.next()??, row.next()??))
        })
        .collect())
}
