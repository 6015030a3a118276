//! The clauses of `ALTER TABLE`.

use super::super::clause::{self, Reading};
use super::super::{ChangeKind, ConstraintKind, TableName};
use super::column::{self, Part};

/// What follows `ALTER … TABLE`.
pub(super) fn alter_table(reading: &mut Reading<'_>) -> Option<()> {
    reading.at.eat_all(&["IF", "EXISTS"]);
    let table = clause::table(&mut reading.at)?;
    if reading.at.eat("WAIT") {
        reading.at.skip();
    }
    reading.at.eat("NOWAIT");
    while !reading.at.at_end() {
        let before = reading.at.start();
        if clause_of(reading, &table).is_none() {
            reading.resynchronise();
        }
        if reading.at.eat_symbol(",") || reading.at.at_end() {
            continue;
        }
        // Options need no comma, and neither do partitions behind other clauses.
        if before == reading.at.start() || !at_clause_without_comma(reading) {
            reading.resynchronise();
            if !reading.at.eat_symbol(",") && !reading.at.at_end() {
                // A parenthesis that nothing opened.
                reading.at.skip();
            }
        }
    }
    Some(())
}

fn at_clause_without_comma(reading: &Reading<'_>) -> bool {
    reading.at.is_any(&["PARTITION", "REMOVE", "ALGORITHM", "LOCK"]) || at_option(reading)
}

/// `NAME =`, or one of the options that are written without the sign.
fn at_option(reading: &Reading<'_>) -> bool {
    let mut ahead = reading.at.clone();
    ahead.eat("DEFAULT");
    if ahead.eat_any(&[
        "CHARSET",
        "COLLATE",
        "ENGINE",
        "COMMENT",
        "AUTO_INCREMENT",
        "ROW_FORMAT",
        "TABLESPACE",
    ]) || ahead.eat_all(&["CHARACTER", "SET"])
        || ahead.eat_any(&["DATA", "INDEX"]) && ahead.eat("DIRECTORY")
    {
        return true;
    }
    ahead.identifier().is_some() && ahead.is_symbol("=")
}

/// One clause; `None` at what is not known.
fn clause_of(reading: &mut Reading<'_>, table: &TableName) -> Option<()> {
    let start = reading.at.start();
    let reader = &mut reading.at;
    let named = table.clone();
    if reader.eat("ADD") {
        return add(reading, table, start);
    }
    if reader.eat("DROP") {
        return drop(reading, table, start);
    }
    if reader.is_any(&["MODIFY", "CHANGE"]) {
        let renames = reader.eat("CHANGE");
        reader.eat("MODIFY");
        reader.eat("COLUMN");
        reader.eat_all(&["IF", "EXISTS"]);
        let old_name = if renames { Some(reader.identifier()?) } else { None };
        let (column, positioned) = column::column(reading)?;
        let old_name = old_name.unwrap_or_else(|| column.name.clone());
        let column = Box::new(column);
        reading.push(start, ChangeKind::RedefineColumn { table: named, old_name, column, positioned });
        return Some(());
    }
    if reader.eat("ALTER") {
        return alter(reading, table, start);
    }
    if reader.eat("RENAME") {
        return rename(reading, table, start);
    }
    if reader.eat_all(&["ORDER", "BY"]) {
        while reader.name().is_some() {
            reader.eat_any(&["ASC", "DESC"]);
            let mut ahead = reader.clone();
            // The comma belongs to the list if no clause follows it.
            if !(ahead.eat_symbol(",") && ahead.name().is_some())
                || !(ahead.at_end() || ahead.is_symbol(",") || ahead.is_any(&["ASC", "DESC"]))
            {
                break;
            }
            reader.eat_symbol(",");
        }
        let clause = "ORDER BY".to_owned();
        reading.push(start, ChangeKind::OtherTableChange { table: named, clause });
        return Some(());
    }
    if reader.eat("CONVERT") {
        if reader.eat_any(&["PARTITION", "TABLE"]) {
            let verb = "CONVERT".to_owned();
            reading.push_whole(start, ChangeKind::Repartition { table: named, verb });
            return Some(());
        }
        if !(reader.eat("TO") && (reader.eat("CHARSET") || reader.eat_all(&["CHARACTER", "SET"]))) {
            return None;
        }
        let mut character_set = word(reading)?;
        if reading.at.eat("COLLATE") {
            reading.at.eat_symbol("=");
            character_set = format!("{character_set} collate {}", word(reading)?);
        }
        reading.push(start, ChangeKind::ConvertCharacterSet { table: named, character_set });
        return Some(());
    }
    if reader.eat_any(&["DISCARD", "IMPORT"]) {
        let clause =
            if reader.text_from(start).eq_ignore_ascii_case("DISCARD") { "DISCARD" } else { "IMPORT" };
        if !reader.find("TABLESPACE") {
            return None;
        }
        let clause = format!("{clause} TABLESPACE");
        reading.push(start, ChangeKind::OtherTableChange { table: named, clause });
        return Some(());
    }
    for words in [&["ENABLE", "KEYS"][..], &["DISABLE", "KEYS"], &["SECONDARY_LOAD"], &["SECONDARY_UNLOAD"]] {
        if reader.eat_all(words) {
            let clause = words.join(" ");
            reading.push(start, ChangeKind::OtherTableChange { table: named, clause });
            return Some(());
        }
    }
    if reader.eat_all(&["WITH", "VALIDATION"]) || reader.eat_all(&["WITHOUT", "VALIDATION"]) {
        return Some(());
    }
    if reader.eat("FORCE") {
        let command = "FORCE".to_owned();
        reading.push(start, ChangeKind::RewriteTable { table: Some(named), command });
        return Some(());
    }
    if reader.eat("ALGORITHM") {
        reader.eat_symbol("=");
        reading.found.algorithm = word(reading).map(|word| word.to_ascii_uppercase());
        return Some(());
    }
    if reader.eat("LOCK") {
        reader.eat_symbol("=");
        reading.found.lock = word(reading).map(|word| word.to_ascii_uppercase());
        return Some(());
    }
    if let Some(verb) = repartition(reading) {
        reading.push_whole(start, ChangeKind::Repartition { table: named, verb });
        return Some(());
    }
    options(reading, table, start)
}

fn word(reading: &mut Reading<'_>) -> Option<String> {
    let text = reading.at.peek()?.trim_matches(['\'', '"', '`']).to_owned();
    reading.at.skip();
    Some(text)
}

/// The verb of a clause about partitions, if one is next.
fn repartition(reading: &mut Reading<'_>) -> Option<String> {
    let reader = &mut reading.at;
    if reader.eat_all(&["PARTITION", "BY"]) {
        return Some("PARTITION BY".to_owned());
    }
    if reader.eat_all(&["REMOVE", "PARTITIONING"]) {
        return Some("REMOVE PARTITIONING".to_owned());
    }
    ["TRUNCATE", "COALESCE", "REORGANIZE", "EXCHANGE", "ANALYZE", "CHECK", "OPTIMIZE", "REBUILD", "REPAIR"]
        .into_iter()
        .find(|verb| reader.eat_all(&[verb, "PARTITION"]))
        .map(|verb| format!("{verb} PARTITION"))
}

fn add(reading: &mut Reading<'_>, table: &TableName, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    if reader.eat_all(&["SYSTEM", "VERSIONING"]) || reader.eat_all(&["PERIOD", "FOR"]) {
        let period = reader.skip_parentheses() || {
            reader.identifier();
            reader.skip_parentheses()
        };
        let clause = if period { "ADD PERIOD" } else { "ADD SYSTEM VERSIONING" }.to_owned();
        reading.push(start, ChangeKind::OtherTableChange { table: table.clone(), clause });
        return Some(());
    }
    if reader.eat("PARTITION") {
        // Only partitions by RANGE or LIST say their VALUES; others spread their rows anew.
        let verb =
            if reader.mentions(&["VALUES"]) { "ADD PARTITION" } else { "ADD HASH PARTITION" }.to_owned();
        reading.push_whole(start, ChangeKind::Repartition { table: table.clone(), verb });
        return Some(());
    }
    let says_column = reader.eat("COLUMN");
    if !says_column && let Some((part, if_not_exists)) = column::part(reader, table) {
        let kind = match part {
            Part::Constraint(constraint) => ChangeKind::AddConstraint {
                table: table.clone(),
                constraint: Box::new(constraint),
                if_not_exists,
            },
            Part::Index(index) => ChangeKind::CreateIndex { index: Box::new(index), if_not_exists },
        };
        reading.push(start, kind);
        return Some(());
    }
    let if_not_exists = column::if_not_exists(&mut reading.at);
    if reading.at.eat_symbol("(") {
        while !reading.at.at_end() && !reading.at.eat_symbol(")") {
            let from = reading.at.start();
            if let Some((part, exists)) = column::part(&mut reading.at, table) {
                let kind = match part {
                    Part::Constraint(constraint) => ChangeKind::AddConstraint {
                        table: table.clone(),
                        constraint: Box::new(constraint),
                        if_not_exists: exists,
                    },
                    Part::Index(index) => {
                        ChangeKind::CreateIndex { index: Box::new(index), if_not_exists: exists }
                    }
                };
                reading.push(from, kind);
            } else {
                let (column, positioned) = column::column(reading)?;
                let column = Box::new(column);
                let kind = ChangeKind::AddColumn { table: table.clone(), column, if_not_exists, positioned };
                reading.push(from, kind);
            }
            if !reading.at.eat_symbol(",") && !reading.at.is_symbol(")") {
                reading.resynchronise();
                reading.at.eat_symbol(",");
            }
        }
        return Some(());
    }
    let (column, positioned) = column::column(reading)?;
    let column = Box::new(column);
    let kind = ChangeKind::AddColumn { table: table.clone(), column, if_not_exists, positioned };
    reading.push(start, kind);
    Some(())
}

fn drop(reading: &mut Reading<'_>, table: &TableName, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    let table = table.clone();
    let constraint = |name, kind, if_exists| ChangeKind::DropConstraint {
        table: table.clone(),
        name,
        kind,
        if_exists,
        cascade: false,
    };
    let kind = if reader.eat_all(&["PRIMARY", "KEY"]) {
        constraint(None, Some(ConstraintKind::PrimaryKey), false)
    } else if reader.eat_all(&["FOREIGN", "KEY"]) {
        let if_exists = reader.eat_all(&["IF", "EXISTS"]);
        constraint(Some(reader.identifier()?), Some(ConstraintKind::ForeignKey), if_exists)
    } else if reader.eat_any(&["INDEX", "KEY"]) {
        let if_exists = reader.eat_all(&["IF", "EXISTS"]);
        let names = vec![TableName::plain(reader.identifier()?)];
        ChangeKind::DropIndex { table: Some(table), names, concurrently: false, if_exists, cascade: false }
    } else if reader.eat("CHECK") {
        constraint(Some(reader.identifier()?), Some(ConstraintKind::Check), false)
    } else if reader.eat("CONSTRAINT") {
        let if_exists = reader.eat_all(&["IF", "EXISTS"]);
        constraint(Some(reader.identifier()?), None, if_exists)
    } else if reader.eat_all(&["SYSTEM", "VERSIONING"]) {
        ChangeKind::OtherTableChange { table, clause: "DROP SYSTEM VERSIONING".to_owned() }
    } else if reader.eat_all(&["PERIOD", "FOR"]) {
        reader.identifier();
        ChangeKind::OtherTableChange { table, clause: "DROP PERIOD".to_owned() }
    } else if reader.eat("PARTITION") {
        let kind = ChangeKind::Repartition { table, verb: "DROP PARTITION".to_owned() };
        reading.push_whole(start, kind);
        return Some(());
    } else {
        reader.eat("COLUMN");
        let if_exists = reader.eat_all(&["IF", "EXISTS"]);
        let column = reader.identifier()?;
        reader.eat_any(&["RESTRICT", "CASCADE"]);
        ChangeKind::DropColumn { table, column, if_exists, cascade: false }
    };
    reading.push(start, kind);
    Some(())
}

fn alter(reading: &mut Reading<'_>, table: &TableName, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    let table = table.clone();
    let kind = if reader.eat_any(&["INDEX", "KEY"]) {
        reader.eat_all(&["IF", "EXISTS"]);
        let name = reader.identifier()?;
        if !reader.eat_any(&["VISIBLE", "INVISIBLE", "IGNORED"]) && !reader.eat_all(&["NOT", "IGNORED"]) {
            return None;
        }
        ChangeKind::AlterIndex { table: Some(table), name }
    } else if reader.eat_any(&["CHECK", "CONSTRAINT"]) {
        let name = reader.identifier()?;
        if reader.eat("ENFORCED") {
            ChangeKind::ValidateConstraint { table, name }
        } else if reader.eat_all(&["NOT", "ENFORCED"]) {
            ChangeKind::AlterConstraint { table, name }
        } else {
            return None;
        }
    } else {
        reader.eat("COLUMN");
        reader.eat_all(&["IF", "EXISTS"]);
        let column = reader.identifier()?;
        if reader.eat_all(&["SET", "DEFAULT"]) {
            ChangeKind::SetDefault { table, column, default: column::default(reader) }
        } else if reader.eat_all(&["DROP", "DEFAULT"]) {
            ChangeKind::DropDefault { table, column }
        } else if reader.eat("SET") && reader.eat_any(&["VISIBLE", "INVISIBLE"]) {
            ChangeKind::SetColumnOption { table, column }
        } else {
            return None;
        }
    };
    reading.push(start, kind);
    Some(())
}

fn rename(reading: &mut Reading<'_>, table: &TableName, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    let named = table.clone();
    let kind = if reader.eat("COLUMN") {
        reader.eat_all(&["IF", "EXISTS"]);
        let column = reader.identifier()?;
        if !reader.eat("TO") {
            return None;
        }
        ChangeKind::RenameColumn { table: named, column, to: reader.identifier()? }
    } else if reader.eat_any(&["INDEX", "KEY"]) {
        reader.eat_all(&["IF", "EXISTS"]);
        let name = reader.identifier()?;
        if !reader.eat("TO") {
            return None;
        }
        ChangeKind::RenameIndex { table: Some(named), name, to: reader.identifier()? }
    } else {
        if !reader.eat_any(&["TO", "AS"]) {
            reader.eat_symbol("=");
        }
        ChangeKind::RenameTable { table: named, to: clause::table(reader)? }
    };
    reading.push(start, kind);
    Some(())
}

/// Options of the table, with or without commas between.
fn options(reading: &mut Reading<'_>, table: &TableName, start: usize) -> Option<()> {
    let mut found = Vec::new();
    while at_option(reading) {
        let from = reading.at.start();
        let (name, value) = option(reading)?;
        if name == "ENGINE" {
            let command = format!("ENGINE={}", value.to_ascii_uppercase());
            reading.push(from, ChangeKind::RewriteTable { table: Some(table.clone()), command });
        } else {
            found.push((name, value));
        }
        let mut ahead = reading.at.clone();
        if ahead.eat_symbol(",") && at_option(&Reading::new(ahead.clone())) {
            // `ALGORITHM` and `LOCK` look like options.
            if ahead.is_any(&["ALGORITHM", "LOCK"]) {
                break;
            }
            reading.at = ahead;
        } else if reading.at.is_any(&["ALGORITHM", "LOCK"]) {
            break;
        }
    }
    if found.is_empty() {
        return (reading.at.start() > start).then_some(());
    }
    reading.push(start, ChangeKind::TableOptions { table: table.clone(), options: found });
    Some(())
}

/// One option: its name in upper case and its value as written.
pub(super) fn option(reading: &mut Reading<'_>) -> Option<(String, String)> {
    let reader = &mut reading.at;
    reader.eat("DEFAULT");
    let name = if reader.eat("CHARSET") || reader.eat_all(&["CHARACTER", "SET"]) {
        "CHARACTER SET".to_owned()
    } else if reader.eat_any(&["DATA", "INDEX"]) {
        reader.eat("DIRECTORY");
        "DIRECTORY".to_owned()
    } else {
        reader.identifier()?.to_ascii_uppercase()
    };
    reader.eat_symbol("=");
    let from = reader.start();
    clause::skip_one(reader);
    Some((name, reader.text_from(from).to_owned()))
}
