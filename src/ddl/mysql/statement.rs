//! What a statement is, by its first words.

use super::super::clause::{self, Reading};
use super::super::{ChangeKind, Index, TableName};
use super::{alter, column, create, other, rows, settings};
use crate::sql::Reader;

/// Reads a whole statement.
pub(super) fn statement(reading: &mut Reading<'_>) {
    while reading.at.eat_symbol("(") {}
    reading.whole(known);
}

/// `None` at what is not understood.
fn known(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let word = reading.at.peek()?.to_ascii_uppercase();
    if rows::rows(reading, start).is_some() {
        return Some(());
    }
    if other::is_statement(&reading.at) && !is_transaction(&reading.at) {
        reading.of_no_matter(start);
        return Some(());
    }
    let reader = &mut reading.at;
    match word.as_str() {
        "CREATE" => {
            reader.skip();
            create(reading, start)
        }
        "ALTER" => {
            reader.skip();
            alter(reading, start)
        }
        "DROP" => {
            reader.skip();
            drop(reading, start)
        }
        "RENAME" => {
            reader.skip();
            rename(reading)
        }
        "TRUNCATE" => {
            reader.skip();
            reader.eat("TABLE");
            let tables = vec![clause::table(reader)?];
            reading.push_whole(start, ChangeKind::Truncate { tables, cascade: false });
            Some(())
        }
        "OPTIMIZE" | "REPAIR" => {
            reader.skip();
            reader.eat_any(&["NO_WRITE_TO_BINLOG", "LOCAL"]);
            if !reader.eat_any(&["TABLE", "TABLES"]) {
                return None;
            }
            let tables = clause::tables(reader);
            reader.skip_all();
            for table in tables {
                let command = format!("{word} TABLE");
                reading.push(start, ChangeKind::RewriteTable { table: Some(table), command });
            }
            Some(())
        }
        "LOCK" => {
            reader.skip();
            if !reader.eat_any(&["TABLE", "TABLES"]) {
                return None;
            }
            lock_tables(reading, start)
        }
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" => transaction(reading, start, &word),
        "SET" => settings::set(reading, start),
        "CALL" | "EXECUTE" => {
            reading.push_whole(start, ChangeKind::Opaque { verb: word });
            Some(())
        }
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN" | "DESCRIBE" | "DESC" | "HANDLER"
        | "DO" | "CHECK" | "CHECKSUM" | "HELP" => {
            reading.push_whole(start, ChangeKind::Query);
            Some(())
        }
        _ => None,
    }
}

/// A transaction's begin or end; back to a savepoint it goes on, and `START REPLICA` begins none.
fn is_transaction(reader: &Reader<'_>) -> bool {
    let mut ahead = reader.clone();
    ahead.eat_all(&["START", "TRANSACTION"])
        || ahead.eat("COMMIT")
        || ahead.eat("ROLLBACK") && !ahead.has("TO")
}

fn transaction(reading: &mut Reading<'_>, start: usize, word: &str) -> Option<()> {
    let reader = &mut reading.at;
    reader.skip();
    let verb = match word {
        "BEGIN" if reader.eat_all(&["NOT", "ATOMIC"]) => {
            let verb = "BEGIN NOT ATOMIC".to_owned();
            reading.push_whole(start, ChangeKind::Opaque { verb });
            return Some(());
        }
        "BEGIN" | "START" => "BEGIN",
        "COMMIT" => "COMMIT",
        _ => "ROLLBACK",
    };
    reading.push_whole(start, ChangeKind::Transaction { verb });
    Some(())
}

fn lock_tables(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    let (mut tables, mut modes) = (Vec::new(), Vec::new());
    loop {
        tables.push(clause::table(reader)?);
        let from = reader.start();
        while !reader.at_end() && !reader.is_symbol(",") {
            if reader.is_any(&["READ", "WRITE"]) {
                modes.extend(reader.peek().map(str::to_ascii_uppercase));
            }
            reader.skip();
        }
        if reader.start() == from || !reader.eat_symbol(",") {
            break;
        }
    }
    let mode = if modes.iter().any(|mode| mode == "WRITE") { "WRITE" } else { "READ" }.to_owned();
    reading.push_whole(start, ChangeKind::LockTable { tables, mode });
    Some(())
}

fn rename(reading: &mut Reading<'_>) -> Option<()> {
    if !reading.at.eat_any(&["TABLE", "TABLES"]) {
        return None;
    }
    reading.at.eat_all(&["IF", "EXISTS"]);
    loop {
        let start = reading.at.start();
        let table = clause::table(&mut reading.at)?;
        if reading.at.eat("WAIT") {
            reading.at.skip();
        }
        reading.at.eat("NOWAIT");
        if !reading.at.eat("TO") {
            return None;
        }
        let to = clause::table(&mut reading.at)?;
        reading.push(start, ChangeKind::RenameTable { table, to });
        if !reading.at.eat_symbol(",") {
            return Some(());
        }
    }
}

/// `DEFINER = …`, `SQL SECURITY …` and a view's `ALGORITHM = …`
fn skip_attributes(reader: &mut Reader<'_>) {
    loop {
        if reader.eat("DEFINER") {
            reader.eat_symbol("=");
            clause::skip_one(reader);
            reader.skip_parentheses();
            if reader.eat_symbol("@") {
                reader.skip();
            }
        } else if reader.eat("ALGORITHM") {
            reader.eat_symbol("=");
            reader.skip();
        } else if reader.eat_all(&["SQL", "SECURITY"]) {
            reader.skip();
        } else {
            return;
        }
    }
}

fn create(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let or_replace = reading.at.eat_all(&["OR", "REPLACE"]);
    skip_attributes(&mut reading.at);
    let reader = &mut reading.at;
    let temporary = reader.eat("TEMPORARY");
    if reader.eat("TABLE") {
        return create::create_table(reading, start, temporary, or_replace);
    }
    let online = reader.eat("ONLINE");
    if online {
        reading.found.lock = Some("NONE".to_owned());
    }
    let reader = &mut reading.at;
    if reader.is_any(&["UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR", "INDEX"]) {
        return create_index(reading, start);
    }
    if reader.eat("VIEW") {
        column::if_not_exists(reader);
        let view = clause::table(reader)?;
        reading.push_whole(start, ChangeKind::CreateView { view, or_replace, materialized: false });
        return Some(());
    }
    if reader.eat("TRIGGER") {
        column::if_not_exists(reader);
        let name = reader.name()?.name;
        if !reader.find("ON") {
            return None;
        }
        let table = clause::table(reader)?;
        reading.push_whole(start, ChangeKind::CreateTrigger { table, name });
        return Some(());
    }
    reader.eat("AGGREGATE");
    if reader.eat_any(&["PROCEDURE", "FUNCTION"]) {
        column::if_not_exists(reader);
        let name = clause::table(reader)?;
        reading.push_whole(start, ChangeKind::CreateRoutine { name, or_replace });
        return Some(());
    }
    if reader.eat_any(&["DATABASE", "SCHEMA"]) {
        column::if_not_exists(reader);
        let name = reader.identifier()?;
        reading.push_whole(start, ChangeKind::CreateSchema { name });
        return Some(());
    }
    object(reading, start)
}

/// An object of no matter.
fn object(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    if !other::is_object(&reading.at) {
        return None;
    }
    reading.of_no_matter(start);
    Some(())
}

fn create_index(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    let unique = reader.eat("UNIQUE");
    let method = ["FULLTEXT", "SPATIAL", "VECTOR"].into_iter().find(|method| reader.eat(method));
    if !reader.eat("INDEX") {
        return None;
    }
    let if_not_exists = column::if_not_exists(reader);
    let name = Some(reader.identifier()?);
    column::index_type(reader);
    if !reader.eat("ON") {
        return None;
    }
    let table = clause::table(reader)?;
    if reader.eat("WAIT") {
        reader.skip();
    }
    reader.eat("NOWAIT");
    let columns = clause::index_columns(reader);
    let method = method.map(str::to_ascii_lowercase);
    let index = Box::new(Index { name, table, columns, unique, method, ..Index::default() });
    algorithm_and_lock(reading);
    reading.push(start, ChangeKind::CreateIndex { index, if_not_exists });
    Some(())
}

/// Options of an index, and `ALGORITHM` and `LOCK` among them.
fn algorithm_and_lock(reading: &mut Reading<'_>) {
    loop {
        column::index_options(&mut reading.at);
        reading.at.eat_symbol(",");
        let reader = &mut reading.at;
        let is_algorithm = reader.eat("ALGORITHM");
        if !is_algorithm && !reader.eat("LOCK") {
            return;
        }
        reader.eat_symbol("=");
        let word = reader.peek().map(str::to_ascii_uppercase);
        reader.skip();
        if is_algorithm {
            reading.found.algorithm = word;
        } else {
            reading.found.lock = word;
        }
    }
}

fn alter(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    if reading.at.eat("ONLINE") {
        reading.found.lock = Some("NONE".to_owned());
    }
    reading.at.eat("IGNORE");
    if reading.at.eat_any(&["TABLE"]) {
        return alter::alter_table(reading);
    }
    skip_attributes(&mut reading.at);
    if reading.at.eat("VIEW") {
        let view = clause::table(&mut reading.at)?;
        reading.push_whole(start, ChangeKind::CreateView { view, or_replace: true, materialized: false });
        return Some(());
    }
    object(reading, start)
}

fn drop(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    let reader = &mut reading.at;
    reader.eat("TEMPORARY");
    reader.eat("ONLINE");
    if reader.eat_any(&["TABLE", "TABLES"]) {
        let if_exists = reader.eat_all(&["IF", "EXISTS"]);
        let tables = clause::tables(reader);
        if tables.is_empty() {
            return None;
        }
        reading.push_whole(start, ChangeKind::DropTable { tables, if_exists, cascade: false });
        return Some(());
    }
    if reader.eat("VIEW") {
        let if_exists = reader.eat_all(&["IF", "EXISTS"]);
        let views = clause::tables(reader);
        let kind = ChangeKind::DropView { views, materialized: false, if_exists, cascade: false };
        reading.push_whole(start, kind);
        return Some(());
    }
    if reader.eat("INDEX") {
        let if_exists = reader.eat_all(&["IF", "EXISTS"]);
        let names = vec![TableName::plain(reader.identifier()?)];
        if !reader.eat("ON") {
            return None;
        }
        let table = Some(clause::table(reader)?);
        let kind = ChangeKind::DropIndex { table, names, concurrently: false, if_exists, cascade: false };
        algorithm_and_lock(reading);
        reading.push(start, kind);
        return Some(());
    }
    let is_routine = reader.is_any(&["PROCEDURE", "FUNCTION"]);
    if is_routine || reader.is("TRIGGER") {
        reader.skip();
        reader.eat_all(&["IF", "EXISTS"]);
        let name = clause::table(reader)?;
        let kind = if is_routine {
            ChangeKind::DropRoutine { name }
        } else {
            ChangeKind::DropTrigger { table: None, name: name.name }
        };
        reading.push_whole(start, kind);
        return Some(());
    }
    if reader.eat_any(&["DATABASE", "SCHEMA"]) {
        reader.eat_all(&["IF", "EXISTS"]);
        let name = reader.identifier()?;
        reading.push_whole(start, ChangeKind::DropDatabase { name });
        return Some(());
    }
    object(reading, start)
}
