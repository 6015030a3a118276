//! `SET`.

use super::super::ChangeKind;
use super::super::clause::{self, Reading};

/// A statement that begins with `SET`.
pub(super) fn set(reading: &mut Reading<'_>, start: usize) -> Option<()> {
    reading.at.skip();
    if reading.at.eat("STATEMENT") {
        // MariaDB: settings for one statement, which follows.
        while !reading.at.at_end() && !reading.at.is("FOR") {
            assignment(reading, start)?;
            if !reading.at.eat_symbol(",") {
                break;
            }
        }
        if !reading.at.eat("FOR") {
            return None;
        }
        super::statement::statement(reading);
        return Some(());
    }
    if reading.at.eat("NAMES") || reading.at.eat("CHARSET") || reading.at.eat_all(&["CHARACTER", "SET"]) {
        let value = reading.at.peek().unwrap_or_default().to_owned();
        let kind = ChangeKind::SetSetting { name: "names".to_owned(), value, local: false };
        reading.push_whole(start, kind);
        return Some(());
    }
    loop {
        assignment(reading, start)?;
        if !reading.at.eat_symbol(",") {
            return Some(());
        }
    }
}

/// `SESSION name = value`; a user variable is no setting, and a global one none of this session.
fn assignment(reading: &mut Reading<'_>, _statement: usize) -> Option<()> {
    let start = reading.at.start();
    let reader = &mut reading.at;
    let mut global = false;
    let mut user = false;
    if reader.eat_symbol("@") {
        user = !reader.eat_symbol("@");
    }
    if !user && reader.is_any(&["GLOBAL", "PERSIST", "PERSIST_ONLY", "SESSION", "LOCAL"]) {
        global = !reader.is_any(&["SESSION", "LOCAL"]);
        reader.skip();
        reader.eat_symbol(".");
        if reader.eat_symbol("@") {
            reader.eat_symbol("@");
        }
    }
    let name = reader.name()?;
    reader.eat_symbol(":");
    if !reader.eat_symbol("=") {
        return None;
    }
    let from = reader.start();
    while !reader.at_end() && !reader.is_symbol(",") && !reader.is("FOR") {
        clause::skip_one(reader);
    }
    let value = reader.text_from(from).trim_matches('\'').to_owned();
    if user {
        reading.push(start, ChangeKind::Other { words: "SET".to_owned() });
        return Some(());
    }
    let mut name = name.name.to_ascii_lowercase();
    if global {
        name.insert_str(0, "global.");
    }
    reading.push(start, ChangeKind::SetSetting { name, value, local: false });
    Some(())
}
