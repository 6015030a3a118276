//! Statements that change rows.

use super::super::clause::{self, Reading};
use super::super::{ChangeKind, RowChange, TableName};
use crate::sql::Reader;

/// A statement that changes rows, if it is one.
pub(super) fn rows(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let mut reader = reading.at.clone();
    if reader.eat("WITH") && !behind_with(&mut reader) {
        return None;
    }
    let change = if reader.eat("UPDATE") {
        update(reader)?
    } else if reader.eat("DELETE") {
        delete(reader)?
    } else if reader.is_any(&["INSERT", "REPLACE"]) {
        insert(reader)?
    } else if reader.eat("LOAD") {
        if !reader.eat_any(&["DATA", "XML"]) || !reader.find("INTO") || !reader.eat("TABLE") {
            return None;
        }
        RowChange::Load { table: clause::table(&mut reader)? }
    } else {
        return None;
    };
    reading.push_whole(start, ChangeKind::Rows(change));
    Some(())
}

/// Passes the queries of a `WITH` up to a statement that changes rows.
pub(super) fn behind_with(reader: &mut Reader<'_>) -> bool {
    while !reader.at_end() {
        if reader.is_any(&["UPDATE", "DELETE", "INSERT", "REPLACE"]) {
            return true;
        }
        if reader.is("SELECT") {
            return false;
        }
        clause::skip_one(reader);
    }
    false
}

fn insert(mut reader: Reader<'_>) -> Option<RowChange> {
    reader.skip();
    while reader.eat_any(&["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"]) {}
    let table = clause::table(&mut reader)?;
    if reader.eat("PARTITION") {
        reader.skip_parentheses();
    }
    let mut inside = reader.clone();
    let in_parentheses = inside.eat_symbol("(") && {
        while inside.eat_symbol("(") {}
        inside.is_any(&["SELECT", "WITH"])
    };
    reader.skip_parentheses();
    while reader.eat_symbol("(") {}
    let from_query = in_parentheses || reader.is_any(&["SELECT", "WITH", "TABLE"]);
    Some(RowChange::Insert { table, from_query })
}

/// A table of a list, with the name by which the statement calls it.
struct Listed {
    table: TableName,
    alias: Option<String>,
}

/// `a, b AS x JOIN c ON …`, up to a word of `ends`; and whether a join restricts the rows.
fn listed(reader: &mut Reader<'_>, ends: &[&str]) -> (Vec<Listed>, bool) {
    let (mut found, mut joined) = (Vec::new(), false);
    let mut expects_table = true;
    while !reader.at_end() && !reader.is_any(ends) {
        if expects_table {
            expects_table = false;
            while reader.eat_symbol("(") || reader.eat("LATERAL") {}
            if reader.is("SELECT") {
                while !reader.at_end() && !reader.eat_symbol(")") {
                    clause::skip_one(reader);
                }
                continue;
            }
            if let Some(table) = clause::table(reader) {
                if reader.eat("PARTITION") {
                    reader.skip_parentheses();
                }
                let says_as = reader.eat("AS");
                let joins =
                    ["JOIN", "INNER", "LEFT", "RIGHT", "CROSS", "STRAIGHT_JOIN", "NATURAL", "ON", "USING"];
                let alias = if says_as || !(reader.is_any(&joins) || reader.is_any(ends)) {
                    reader.identifier()
                } else {
                    None
                };
                found.push(Listed { table, alias });
            }
            continue;
        }
        if reader.eat_any(&["JOIN", "STRAIGHT_JOIN"]) || reader.eat_symbol(",") {
            expects_table = true;
        } else {
            joined |= reader.is_any(&["ON", "USING"]);
            clause::skip_one(reader);
        }
    }
    (found, joined)
}

/// The table that a name of the list means.
fn resolve(listed: &[Listed], name: &TableName) -> TableName {
    listed
        .iter()
        .find(|one| one.alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(&name.name)))
        .or_else(|| listed.iter().find(|one| one.table.name == name.name))
        .map_or_else(|| name.clone(), |one| one.table.clone())
}

fn update(mut reader: Reader<'_>) -> Option<RowChange> {
    while reader.eat_any(&["LOW_PRIORITY", "IGNORE"]) {}
    let (tables, joined) = listed(&mut reader, &["SET"]);
    if !reader.eat("SET") {
        return None;
    }
    let first = tables.first()?.table.clone();
    let mut ahead = reader.clone();
    let table = match ahead.name() {
        Some(name) => match name.schema {
            Some(owner) if tables.len() > 1 => resolve(&tables, &TableName::plain(owner)),
            _ => first,
        },
        None => first,
    };
    let filtered = joined || reader.has("WHERE");
    Some(RowChange::Update { table, filtered, limited: reader.has("LIMIT") })
}

fn delete(mut reader: Reader<'_>) -> Option<RowChange> {
    while reader.eat_any(&["LOW_PRIORITY", "QUICK", "IGNORE"]) {}
    if reader.eat("HISTORY") {
        reader.eat("FROM");
        let table = clause::table(&mut reader)?;
        return Some(RowChange::Delete { table, filtered: true, limited: false });
    }
    let single_or_using = reader.eat("FROM");
    let target = {
        let table = clause::table(&mut reader)?;
        // `t.*`
        if reader.eat_symbol(".") {
            reader.eat_symbol("*");
        }
        table
    };
    let has_from = !single_or_using && reader.find("FROM");
    let has_using = single_or_using && ahead_using(&reader) && reader.find("USING");
    if has_from || has_using {
        let (tables, joined) = listed(&mut reader, &["WHERE"]);
        let filtered = joined || reader.has("WHERE");
        return Some(RowChange::Delete { table: resolve(&tables, &target), filtered, limited: false });
    }
    Some(RowChange::Delete { table: target, filtered: reader.has("WHERE"), limited: reader.has("LIMIT") })
}

/// Whether `USING` comes before any `WHERE`.
fn ahead_using(reader: &Reader<'_>) -> bool {
    let mut ahead = reader.clone();
    while !ahead.at_end() && !ahead.is("WHERE") {
        if ahead.is("USING") {
            return true;
        }
        clause::skip_one(&mut ahead);
    }
    false
}
