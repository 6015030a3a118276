//! Pieces of statements that MySQL and SQLite write alike.

use super::{ColumnDefault, IndexColumn, References, Statement, TableName};
use crate::ddl::{Change, ChangeKind};
use crate::sql::{Reader, TokenKind};

/// A statement on its way from tokens to changes.
pub(super) struct Reading<'a> {
    pub(super) at: Reader<'a>,
    /// Where it began.
    from: Reader<'a>,
    pub(super) found: Statement,
}

impl<'a> Reading<'a> {
    pub(super) fn new(at: Reader<'a>) -> Reading<'a> {
        Reading { from: at.clone(), at, found: Statement::default() }
    }

    /// Reads a whole statement. `known` reads what it understands and gives `None` at what it does not.
    pub(super) fn whole(&mut self, known: impl FnOnce(&mut Reading<'a>, usize) -> Option<()>) {
        let start = self.at.start();
        self.from = self.at.clone();
        if known(self, start).is_none() && self.found.changes.is_empty() {
            // An executable comment that this server passes over leaves nothing to read.
            let stumbled = (!self.from.at_end()).then(|| self.at.start());
            self.of_no_matter(start);
            self.found.unread.extend(stumbled.map(|stumbled| stumbled..self.at.end().max(stumbled)));
        } else if !self.at.at_end() {
            let rest = self.at.start();
            self.at.skip_all();
            self.found.unread.push(rest..self.at.end());
        }
    }

    /// Adds a change that was written from `start` to here.
    pub(super) fn push(&mut self, start: usize, kind: ChangeKind) {
        let span = start..self.at.end().max(start);
        self.found.changes.push(Change { kind, span });
    }

    /// Adds a change that the statement as a whole asks for.
    pub(super) fn push_whole(&mut self, start: usize, kind: ChangeKind) {
        self.at.skip_all();
        self.push(start, kind);
    }

    /// Gives up on everything up to the next comma outside parentheses, or the parenthesis that closes the list.
    pub(super) fn resynchronise(&mut self) {
        let start = self.at.start();
        if skip_to_comma(&mut self.at) {
            self.found.unread.push(start..self.at.end());
        }
    }

    /// What no rule looks at, by its first words.
    pub(super) fn of_no_matter(&mut self, start: usize) {
        let words = first_words(self.from.clone());
        self.push_whole(start, ChangeKind::Other { words });
    }
}

/// The first three words in upper case.
fn first_words(mut reader: Reader<'_>) -> String {
    let mut words = Vec::new();
    while words.len() < 3 && reader.kind() == Some(TokenKind::Word) {
        words.extend(reader.peek().map(str::to_ascii_uppercase));
        reader.skip();
    }
    words.join(" ")
}

/// Passes one token, or a parenthesis with what it holds.
pub(super) fn skip_one(reader: &mut Reader<'_>) {
    if !reader.skip_parentheses() {
        reader.skip();
    }
}

/// Passes everything up to a comma outside parentheses or a parenthesis that closes; whether there was anything.
pub(super) fn skip_to_comma(reader: &mut Reader<'_>) -> bool {
    let mut any = false;
    while !reader.at_end() && !reader.is_symbol(",") && !reader.is_symbol(")") {
        skip_one(reader);
        any = true;
    }
    any
}

/// Whether one of the words comes in this parenthesis level.
pub(super) fn has_any(reader: &Reader<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| reader.has(word))
}

/// A table's name.
pub(super) fn table(reader: &mut Reader<'_>) -> Option<TableName> {
    reader.name().map(|name| TableName { schema: name.schema, name: name.name })
}

/// Names of tables with commas between.
pub(super) fn tables(reader: &mut Reader<'_>) -> Vec<TableName> {
    let mut names = Vec::new();
    while let Some(name) = table(reader) {
        names.push(name);
        if !reader.eat_symbol(",") {
            break;
        }
    }
    names
}

/// `(a, b)`; columns of an index may say more of each, which is passed.
pub(super) fn column_names(reader: &mut Reader<'_>) -> Vec<String> {
    index_columns(reader).into_iter().map(|column| column.text).collect()
}

/// `(a, b(10) DESC, (a + b))`
pub(super) fn index_columns(reader: &mut Reader<'_>) -> Vec<IndexColumn> {
    let mut columns = Vec::new();
    if !reader.eat_symbol("(") {
        return columns;
    }
    while !reader.at_end() && !reader.eat_symbol(")") {
        let start = reader.start();
        let mut ahead = reader.clone();
        let name = ahead.identifier();
        // A prefix length follows a name too, but only a number is one.
        let prefix = ahead.is_symbol("(") && {
            let mut inside = ahead.clone();
            inside.skip();
            inside.kind() == Some(TokenKind::Number) && {
                inside.skip();
                inside.is_symbol(")")
            }
        };
        if prefix {
            ahead.skip_parentheses();
        }
        let ends = ahead.at_end()
            || ahead.is_symbol(",")
            || ahead.is_symbol(")")
            || ahead.is_any(&["ASC", "DESC", "COLLATE"]);
        match name {
            Some(text) if ends => {
                *reader = ahead;
                skip_to_comma(reader);
                columns.push(IndexColumn { text, is_expression: false });
            }
            _ => {
                skip_to_comma(reader);
                let text = reader.text_from(start).to_owned();
                columns.push(IndexColumn { text, is_expression: true });
            }
        }
        if !reader.eat_symbol(",") && !reader.is_symbol(")") {
            break;
        }
    }
    columns
}

/// What follows `REFERENCES`.
pub(super) fn references(reader: &mut Reader<'_>) -> Option<References> {
    let table = table(reader)?;
    let columns = column_names(reader);
    let mut found = References { table, columns, on_delete: None, on_update: None };
    loop {
        if reader.eat("MATCH") {
            reader.skip();
        } else if reader.eat_all(&["ON", "DELETE"]) {
            found.on_delete = action(reader);
        } else if reader.eat_all(&["ON", "UPDATE"]) {
            found.on_update = action(reader);
        } else {
            return Some(found);
        }
    }
}

fn action(reader: &mut Reader<'_>) -> Option<String> {
    for words in [&["SET", "NULL"][..], &["SET", "DEFAULT"], &["NO", "ACTION"], &["CASCADE"], &["RESTRICT"]] {
        if reader.eat_all(words) {
            return Some(words.join(" "));
        }
    }
    None
}

/// The text between the parentheses that are next, which are passed.
pub(super) fn parenthesised(reader: &mut Reader<'_>) -> Option<String> {
    let start = reader.start();
    if !reader.skip_parentheses() {
        return None;
    }
    let text = reader.text_from(start);
    let inner = text.strip_prefix('(').unwrap_or(text);
    Some(inner.strip_suffix(')').unwrap_or(inner).trim().to_owned())
}

/// A type in lower case with single spaces; literals as they are.
pub(super) fn data_type(reader: &mut Reader<'_>, more_words: &[&str], behind: &[&str]) -> String {
    let mut text = String::new();
    let Some(first) = reader.peek().filter(|_| {
        matches!(reader.kind(), Some(TokenKind::Word | TokenKind::QuotedName | TokenKind::Literal))
    }) else {
        return text;
    };
    text.push_str(&first.to_ascii_lowercase());
    reader.skip();
    // `text CHARACTER SET …` says no more of the type.
    while reader.is_any(more_words) && !reader.clone().eat_all(&["CHARACTER", "SET"]) {
        push_word(&mut text, reader);
    }
    if reader.eat_symbol("(") {
        text.push('(');
        while !reader.at_end() && !reader.eat_symbol(")") {
            match reader.peek() {
                Some(token) if reader.kind() == Some(TokenKind::Literal) => text.push_str(token),
                Some(token) => {
                    let glued = text.ends_with(['(', ',']) || token == "," || text.ends_with('-');
                    if !glued {
                        text.push(' ');
                    }
                    text.push_str(&token.to_ascii_lowercase());
                }
                None => break,
            }
            reader.skip();
        }
        text.push(')');
    }
    while reader.is_any(behind) {
        push_word(&mut text, reader);
    }
    text
}

fn push_word(text: &mut String, reader: &mut Reader<'_>) {
    if let Some(word) = reader.peek() {
        text.push(' ');
        text.push_str(&word.to_ascii_lowercase());
    }
    reader.skip();
}

/// Functions without arguments that give one moment for a whole statement.
pub(super) const NOW: [&str; 8] = [
    "CURRENT_TIMESTAMP",
    "NOW",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURDATE",
    "CURTIME",
];

/// What follows `DEFAULT`. `ends` tells whether the next word belongs to the column again.
pub(super) fn default(reader: &mut Reader<'_>, ends: fn(&Reader<'_>) -> bool) -> ColumnDefault {
    let start = reader.start();
    let mut found =
        ColumnDefault { text: String::new(), is_constant: true, is_null: false, may_be_volatile: false };
    let inside = reader.clone();
    let mut first = true;
    while !reader.at_end() && !reader.is_symbol(",") && !reader.is_symbol(")") && (first || !ends(reader)) {
        if reader.is_symbol("(") {
            found.is_constant = false;
            reader.skip_parentheses();
        } else {
            let is_word = reader.kind() == Some(TokenKind::Word);
            let is_literal_word = reader.is_any(&["TRUE", "FALSE", "NULL", "X", "B", "N"])
                || reader.peek().is_some_and(|word| word.starts_with('_'));
            if is_word && !is_literal_word || reader.kind() == Some(TokenKind::QuotedName) {
                found.is_constant = false;
            }
            reader.skip();
        }
        first = false;
    }
    found.text = reader.text_from(start).to_owned();
    found.is_null = found.text.eq_ignore_ascii_case("null");
    found.may_be_volatile = calls_other_than_now(inside, reader.end());
    found
}

/// Whether a function is called before the byte `end` that is none of [`NOW`].
fn calls_other_than_now(mut reader: Reader<'_>, end: usize) -> bool {
    while !reader.at_end() && reader.start() < end {
        let is_word = reader.kind() == Some(TokenKind::Word);
        let is_now = reader.is_any(&NOW);
        reader.skip();
        if is_word && !is_now && reader.start() < end && reader.is_symbol("(") {
            return true;
        }
    }
    false
}

/// Whether a default is the moment of the statement.
pub(super) fn is_now(default: &ColumnDefault) -> bool {
    let word: String = default.text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    NOW.iter().any(|now| now.eq_ignore_ascii_case(&word)) && {
        let rest = default.text.get(word.len()..).unwrap_or_default().trim();
        rest.is_empty() || (rest.starts_with('(') && rest.ends_with(')') && !rest.contains(','))
    }
}
