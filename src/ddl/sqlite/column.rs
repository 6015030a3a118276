//! Columns and constraints as SQLite defines them.

use super::super::clause::{self, Reading};
use super::super::{Column, Constraint, ConstraintKind};
use crate::sql::{Reader, TokenKind};

const CONSTRAINTS: [&str; 10] = [
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
];

fn at_constraint(reader: &Reader<'_>) -> bool {
    reader.is_any(&CONSTRAINTS) || reader.is_any(&["AS", "ON", "DEFERRABLE"])
}

/// A column's name, type and constraints.
pub(super) fn column(reading: &mut Reading<'_>) -> Option<Column> {
    let name = reading.at.identifier()?;
    let mut column = Column { name, ..Column::default() };
    let mut words = Vec::new();
    while matches!(reading.at.kind(), Some(TokenKind::Word | TokenKind::QuotedName | TokenKind::Literal))
        && !at_constraint(&reading.at)
    {
        words.extend(
            reading.at.peek().map(|word| word.trim_matches(['"', '\'', '`', '[', ']']).to_ascii_lowercase()),
        );
        reading.at.skip();
    }
    column.data_type = words.join(" ");
    let from = reading.at.start();
    if !column.data_type.is_empty() && reading.at.skip_parentheses() {
        let length: String =
            reading.at.text_from(from).chars().filter(|character| !character.is_whitespace()).collect();
        column.data_type.push_str(&length);
    }
    loop {
        let reader = &mut reading.at;
        if reader.at_end() || reader.is_symbol(",") || reader.is_symbol(")") {
            break;
        }
        if !attribute(reader, &mut column) {
            reading.resynchronise();
            break;
        }
    }
    Some(column)
}

fn attribute(reader: &mut Reader<'_>, column: &mut Column) -> bool {
    let mut name = None;
    if reader.eat("CONSTRAINT") {
        name = reader.identifier();
    }
    if reader.eat_all(&["PRIMARY", "KEY"]) {
        reader.eat_any(&["ASC", "DESC"]);
        conflict(reader);
        column.auto_increment = reader.eat("AUTOINCREMENT");
        column.constraints.push(Constraint { name, ..Constraint::of(ConstraintKind::PrimaryKey) });
    } else if reader.eat_all(&["NOT", "NULL"]) {
        conflict(reader);
        column.not_null = true;
    } else if reader.eat("NULL") {
        conflict(reader);
        column.says_null = true;
    } else if reader.eat("UNIQUE") {
        conflict(reader);
        column.constraints.push(Constraint { name, ..Constraint::of(ConstraintKind::Unique) });
    } else if reader.eat("CHECK") {
        let expression = clause::parenthesised(reader);
        conflict(reader);
        column.constraints.push(Constraint { name, expression, ..Constraint::of(ConstraintKind::Check) });
    } else if reader.eat("DEFAULT") {
        column.default = Some(clause::default(reader, at_constraint));
    } else if reader.eat("COLLATE") {
        column.collation = reader.identifier();
    } else if reader.eat("REFERENCES") {
        let references = clause::references(reader);
        deferrable(reader);
        column.constraints.push(Constraint {
            name,
            references,
            ..Constraint::of(ConstraintKind::ForeignKey)
        });
    } else if reader.eat_all(&["GENERATED", "ALWAYS", "AS"]) || reader.eat("AS") {
        if !reader.skip_parentheses() {
            return false;
        }
        column.generated_stored = reader.eat("STORED");
        if !column.generated_stored {
            reader.eat("VIRTUAL");
            column.generated_virtual = true;
        }
    } else {
        return name.is_some() || deferrable(reader);
    }
    true
}

fn conflict(reader: &mut Reader<'_>) {
    if reader.eat_all(&["ON", "CONFLICT"]) {
        reader.skip();
    }
}

fn deferrable(reader: &mut Reader<'_>) -> bool {
    let start = reader.start();
    reader.eat("NOT");
    if reader.eat("DEFERRABLE") && reader.eat("INITIALLY") {
        reader.skip();
    }
    reader.start() > start
}

/// A constraint of a table, if one is next.
pub(super) fn table_constraint(reader: &mut Reader<'_>) -> Option<Constraint> {
    let mut name = None;
    if reader.eat("CONSTRAINT") {
        name = reader.identifier();
    }
    if reader.eat_all(&["PRIMARY", "KEY"]) || reader.is("UNIQUE") {
        let kind = if reader.eat("UNIQUE") { ConstraintKind::Unique } else { ConstraintKind::PrimaryKey };
        let columns = clause::column_names(reader);
        reader.eat("AUTOINCREMENT");
        conflict(reader);
        return Some(Constraint { name, columns, ..Constraint::of(kind) });
    }
    if reader.eat("CHECK") {
        let expression = clause::parenthesised(reader);
        conflict(reader);
        return Some(Constraint { name, expression, ..Constraint::of(ConstraintKind::Check) });
    }
    if reader.eat_all(&["FOREIGN", "KEY"]) {
        let columns = clause::column_names(reader);
        let references = if reader.eat("REFERENCES") { clause::references(reader) } else { None };
        deferrable(reader);
        return Some(Constraint { name, columns, references, ..Constraint::of(ConstraintKind::ForeignKey) });
    }
    None
}

/// The affinity that a declared type gives (<https://sqlite.org/datatype3.html>, 3.1).
pub fn affinity(data_type: &str) -> &'static str {
    let lower = data_type.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["int"]) {
        "INTEGER"
    } else if has(&["char", "clob", "text"]) {
        "TEXT"
    } else if lower.is_empty() || has(&["blob"]) {
        "BLOB"
    } else if has(&["real", "floa", "doub"]) {
        "REAL"
    } else {
        "NUMERIC"
    }
}
