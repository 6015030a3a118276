//! Columns, constraints and indexes as MySQL and MariaDB define them.

use super::super::clause::{self, Reading};
use super::super::{Column, ColumnDefault, Constraint, ConstraintKind, Index, TableName};
use crate::sql::{Reader, TokenKind};

/// Words with which an attribute of a column begins.
const ATTRIBUTES: [&str; 33] = [
    "NOT",
    "NULL",
    "DEFAULT",
    "ON",
    "AUTO_INCREMENT",
    "UNIQUE",
    "PRIMARY",
    "KEY",
    "COMMENT",
    "COLLATE",
    "CHARACTER",
    "CHARSET",
    "COLUMN_FORMAT",
    "STORAGE",
    "ENGINE_ATTRIBUTE",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "VISIBLE",
    "INVISIBLE",
    "GENERATED",
    "AS",
    "VIRTUAL",
    "STORED",
    "PERSISTENT",
    "REFERENCES",
    "CONSTRAINT",
    "CHECK",
    "SERIAL",
    "SRID",
    "REF_SYSTEM_ID",
    "COMPRESSED",
    "FIRST",
    "AFTER",
    "WITH",
];

fn at_attribute(reader: &Reader<'_>) -> bool {
    reader.is_any(&ATTRIBUTES) || reader.is_any(&["WITHOUT", "ALGORITHM", "LOCK"])
}

/// A column's name, type and attributes; and whether it says `FIRST` or `AFTER`.
pub(super) fn column(reading: &mut Reading<'_>) -> Option<(Column, bool)> {
    let name = reading.at.identifier()?;
    let mut column = typed(&mut reading.at, name);
    let mut positioned = false;
    loop {
        let reader = &mut reading.at;
        // Partitions follow the last clause without a comma.
        let ends = reader.is_symbol(",") || reader.is_symbol(")") || reader.is_any(&["PARTITION", "REMOVE"]);
        if reader.at_end() || ends {
            return Some((column, positioned));
        }
        if reader.eat("FIRST") {
            positioned = true;
        } else if reader.eat("AFTER") {
            reader.identifier();
            positioned = true;
        } else if !attribute(reader, &mut column) {
            reading.resynchronise();
            return Some((column, positioned));
        }
    }
}

fn typed(reader: &mut Reader<'_>, name: String) -> Column {
    let mut column = Column { name, ..Column::default() };
    if reader.at_end()
        || reader.is_symbol(",")
        || reader.is_symbol(")")
        || at_attribute(reader) && !reader.is("SERIAL")
    {
        return column;
    }
    const MORE: [&str; 7] =
        ["PRECISION", "VARYING", "VARCHAR", "VARCHARACTER", "CHARACTER", "CHAR", "VARBINARY"];
    let is_several_words = reader.is_any(&["LONG", "NATIONAL", "DOUBLE", "CHARACTER", "CHAR", "NCHAR"]);
    column.data_type = clause::data_type(
        reader,
        if is_several_words { &MORE } else { &[] },
        &["UNSIGNED", "SIGNED", "ZEROFILL"],
    );
    if column.data_type == "serial" {
        column.not_null = true;
        column.auto_increment = true;
        column.constraints.push(Constraint::of(ConstraintKind::Unique));
    }
    // `CHAR(5) ASCII`, `UNICODE`, `BYTE`, `BINARY`
    if reader.eat("ASCII") {
        column.collation = Some("latin1".to_owned());
    } else if reader.eat("UNICODE") {
        column.collation = Some("ucs2".to_owned());
    } else {
        reader.eat_any(&["BYTE", "BINARY"]);
    }
    column
}

/// One attribute; false at what is none.
fn attribute(reader: &mut Reader<'_>, column: &mut Column) -> bool {
    if reader.eat_all(&["NOT", "NULL"]) {
        column.not_null = true;
    } else if reader.eat("NULL") {
        column.says_null = true;
    } else if reader.eat("DEFAULT") {
        column.default = Some(default(reader));
    } else if reader.eat_all(&["ON", "UPDATE"]) {
        column.on_update = true;
        reader.skip();
        reader.skip_parentheses();
    } else if reader.eat("AUTO_INCREMENT") {
        column.auto_increment = true;
        column.not_null = true;
    } else if reader.eat_all(&["SERIAL", "DEFAULT", "VALUE"]) {
        column.auto_increment = true;
        column.not_null = true;
        column.constraints.push(Constraint::of(ConstraintKind::Unique));
    } else if reader.eat("UNIQUE") {
        reader.eat("KEY");
        column.constraints.push(Constraint::of(ConstraintKind::Unique));
    } else if reader.eat("PRIMARY") || reader.is("KEY") {
        reader.eat("KEY");
        column.not_null = true;
        column.constraints.push(Constraint::of(ConstraintKind::PrimaryKey));
    } else if reader.eat("COMMENT") {
        column.comment = true;
        reader.skip();
    } else if reader.eat("COLLATE") || reader.eat("CHARSET") || reader.eat_all(&["CHARACTER", "SET"]) {
        reader.eat_symbol("=");
        let set = reader.peek().map(|word| word.trim_matches(['\'', '"', '`']).to_ascii_lowercase());
        column.collation = set.or(column.collation.take());
        reader.skip();
    } else if reader.eat_any(&[
        "COLUMN_FORMAT",
        "STORAGE",
        "ENGINE_ATTRIBUTE",
        "SECONDARY_ENGINE_ATTRIBUTE",
        "SRID",
        "REF_SYSTEM_ID",
    ]) {
        reader.eat_symbol("=");
        reader.skip();
    } else if reader.eat_all(&["GENERATED", "ALWAYS"]) || reader.is("AS") {
        reader.eat("AS");
        if reader.eat("ROW") {
            // A period's column of MariaDB.
            column.identity = false;
            return reader.eat_any(&["START", "END"]);
        }
        if !reader.skip_parentheses() {
            return false;
        }
        column.generated_stored = reader.eat_any(&["STORED", "PERSISTENT"]);
        if !column.generated_stored {
            reader.eat("VIRTUAL");
            column.generated_virtual = true;
        }
    } else if reader.eat("REFERENCES") {
        let mut found = Constraint::of(ConstraintKind::ForeignKey);
        found.references = clause::references(reader);
        column.constraints.push(found);
    } else if reader.is_any(&["CONSTRAINT", "CHECK"]) {
        let name = if reader.eat("CONSTRAINT") && !reader.is("CHECK") { reader.identifier() } else { None };
        if !reader.eat("CHECK") {
            return false;
        }
        column.constraints.push(check(reader, name));
    } else if reader.eat_any(&["WITH", "WITHOUT"]) {
        return reader.eat_all(&["SYSTEM", "VERSIONING"]);
    } else if reader.eat("COMPRESSED") {
        reader.eat_symbol("=");
        if reader.kind() == Some(TokenKind::Word) && !at_attribute(reader) {
            reader.skip();
        }
    } else {
        return reader.eat_any(&["VISIBLE", "INVISIBLE"]);
    }
    true
}

/// What follows `DEFAULT`.
pub(super) fn default(reader: &mut Reader<'_>) -> ColumnDefault {
    clause::default(reader, at_attribute)
}

fn check(reader: &mut Reader<'_>, name: Option<String>) -> Constraint {
    let expression = clause::parenthesised(reader);
    let not_enforced = reader.eat_all(&["NOT", "ENFORCED"]);
    reader.eat("ENFORCED");
    Constraint { name, expression, not_enforced, ..Constraint::of(ConstraintKind::Check) }
}

/// What a table has beside columns.
pub(super) enum Part {
    Constraint(Constraint),
    Index(Index),
}

/// A constraint or an index of a table, if one is next, and whether it says `IF NOT EXISTS`.
pub(super) fn part(reader: &mut Reader<'_>, table: &TableName) -> Option<(Part, bool)> {
    let mut name = None;
    if reader.eat("CONSTRAINT") {
        if_not_exists(reader);
        if !reader.is_any(&["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"]) {
            name = reader.identifier();
        }
    }
    if reader.eat_all(&["PRIMARY", "KEY"]) {
        let exists = if_not_exists(reader);
        index_type(reader);
        // A name is allowed and ignored.
        if !reader.is_symbol("(") {
            reader.identifier();
            index_type(reader);
        }
        let columns = clause::column_names(reader);
        index_options(reader);
        let found = Constraint { name, columns, ..Constraint::of(ConstraintKind::PrimaryKey) };
        return Some((Part::Constraint(found), exists));
    }
    if reader.eat_all(&["FOREIGN", "KEY"]) {
        let exists = if_not_exists(reader);
        if !reader.is_symbol("(") {
            let index = reader.identifier();
            name = name.or(index);
        }
        let columns = clause::column_names(reader);
        let references = if reader.eat("REFERENCES") { clause::references(reader) } else { None };
        let found = Constraint { name, columns, references, ..Constraint::of(ConstraintKind::ForeignKey) };
        return Some((Part::Constraint(found), exists));
    }
    if reader.eat("CHECK") {
        return Some((Part::Constraint(check(reader, name)), false));
    }
    let unique = reader.eat("UNIQUE");
    let method = ["FULLTEXT", "SPATIAL", "VECTOR"]
        .into_iter()
        .find(|method| reader.is(method) && !unique)
        .map(str::to_ascii_lowercase);
    if method.is_some() {
        reader.skip();
    }
    if !reader.eat_any(&["INDEX", "KEY"]) && !unique && method.is_none() {
        return None;
    }
    let exists = if_not_exists(reader);
    if !reader.is_symbol("(") && !reader.is_any(&["USING", "TYPE"]) {
        name = reader.identifier().or(name);
    }
    index_type(reader);
    let columns = clause::index_columns(reader);
    index_options(reader);
    let index = Index { name, table: table.clone(), columns, unique, method, ..Index::default() };
    Some((Part::Index(index), exists))
}

pub(super) fn if_not_exists(reader: &mut Reader<'_>) -> bool {
    reader.eat_all(&["IF", "NOT", "EXISTS"])
}

/// `USING BTREE`
pub(super) fn index_type(reader: &mut Reader<'_>) {
    if reader.eat_any(&["USING", "TYPE"]) {
        reader.skip();
    }
}

/// What may follow the columns of an index.
pub(super) fn index_options(reader: &mut Reader<'_>) {
    loop {
        if reader.eat_any(&["USING", "TYPE", "COMMENT"]) || reader.eat_all(&["WITH", "PARSER"]) {
            reader.skip();
        } else if reader.eat_any(&[
            "KEY_BLOCK_SIZE",
            "ENGINE_ATTRIBUTE",
            "SECONDARY_ENGINE_ATTRIBUTE",
            "CLUSTERING",
            "M",
            "DISTANCE",
        ]) {
            reader.eat_symbol("=");
            reader.skip();
        } else if !reader.eat_any(&["VISIBLE", "INVISIBLE", "IGNORED"])
            && !reader.eat_all(&["NOT", "IGNORED"])
        {
            return;
        }
    }
}
