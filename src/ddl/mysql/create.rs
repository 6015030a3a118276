//! `CREATE TABLE`.

use super::super::ChangeKind;
use super::super::clause::{self, Reading};
use super::alter::option;
use super::column::{self, Part};

/// What follows `CREATE … TABLE`.
pub(super) fn create_table(
    reading: &mut Reading<'_>,
    start: usize,
    temporary: bool,
    replaces: bool,
) -> Option<()> {
    let if_not_exists = column::if_not_exists(&mut reading.at);
    let table = clause::table(&mut reading.at)?;
    if replaces {
        let tables = vec![table.clone()];
        reading.push(start, ChangeKind::DropTable { tables, if_exists: true, cascade: false });
    }
    let (mut columns, mut constraints, mut indexes, mut options) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let like = reading.at.eat("LIKE") || {
        let mut ahead = reading.at.clone();
        ahead.eat_symbol("(") && ahead.is("LIKE")
    };
    if like {
        reading.at.skip_all();
    }
    let query = {
        let mut ahead = reading.at.clone();
        ahead.eat_symbol("(") && ahead.is_any(&["SELECT", "WITH", "VALUES", "TABLE"])
    };
    if !query && reading.at.eat_symbol("(") {
        while !reading.at.at_end() && !reading.at.eat_symbol(")") {
            if reading.at.eat_all(&["PERIOD", "FOR"]) {
                reading.at.identifier();
                reading.at.skip_parentheses();
            } else {
                match column::part(&mut reading.at, &table) {
                    Some((Part::Constraint(constraint), _)) => constraints.push(constraint),
                    Some((Part::Index(index), _)) => indexes.push(index),
                    None => match column::column(reading) {
                        Some((column, _)) => columns.push(column),
                        None => reading.resynchronise(),
                    },
                }
            }
            if !reading.at.eat_symbol(",") && !reading.at.is_symbol(")") {
                reading.resynchronise();
                reading.at.eat_symbol(",");
            }
        }
    }
    while !reading.at.at_end()
        && !reading.at.is_any(&["PARTITION", "AS", "SELECT", "WITH", "IGNORE", "REPLACE", "VALUES"])
        && !reading.at.is_symbol("(")
    {
        options.extend(option(reading));
        if !reading.at.eat_symbol(",")
            && reading.at.kind().is_some_and(|kind| kind == crate::sql::TokenKind::Symbol)
        {
            break;
        }
    }
    let versioned = reading.at.eat_all(&["WITH", "SYSTEM", "VERSIONING"]);
    if versioned {
        options.push(("SYSTEM VERSIONING".to_owned(), String::new()));
    }
    let from_query = clause::has_any(&reading.at, &["SELECT", "VALUES", "TABLE"])
        || reading.at.is_symbol("(") && reading.at.mentions(&["SELECT", "VALUES", "TABLE"]);
    if reading.at.has("PARTITION") && reading.at.is("PARTITION") {
        options.push(("PARTITION BY".to_owned(), String::new()));
    }
    let kind = ChangeKind::CreateTable {
        table,
        columns,
        constraints,
        indexes,
        temporary,
        unlogged: false,
        if_not_exists,
        from_query,
        partition_of: None,
        options,
    };
    reading.push_whole(start, kind);
    Some(())
}
