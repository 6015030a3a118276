//! Statements that begin and end transactions, told apart.

use super::reader::Reader;
use crate::sql::lexer::Lexer;
use dunlin_compat::model::Dialect;

/// What a statement does to the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Control {
    /// `BEGIN`, `START TRANSACTION`
    Begin,
    /// `COMMIT`, PostgreSQL's and SQLite's `END`
    Commit,
    /// `ROLLBACK` of the whole
    Rollback,
    /// `SAVEPOINT`, `RELEASE`, `ROLLBACK TO`
    Savepoint,
    /// `PREPARE TRANSACTION`, `COMMIT PREPARED`, `XA …`: transactions that outlive their session
    TwoPhase,
    /// `SET autocommit`
    Other,
}

/// What a statement of which `controls_transaction` is known does.
pub(super) fn control(mut reader: Reader<'_>) -> Control {
    if reader.is_any(&["SAVEPOINT", "RELEASE"]) {
        return Control::Savepoint;
    }
    if reader.is_any(&["BEGIN", "START"]) {
        return Control::Begin;
    }
    if reader.eat_any(&["COMMIT", "END"]) {
        return if reader.is("PREPARED") { Control::TwoPhase } else { Control::Commit };
    }
    if reader.eat_any(&["ROLLBACK", "ABORT"]) {
        if reader.is("PREPARED") {
            return Control::TwoPhase;
        }
        reader.eat_any(&["WORK", "TRANSACTION"]);
        return if reader.is("TO") { Control::Savepoint } else { Control::Rollback };
    }
    if reader.is_any(&["PREPARE", "XA"]) { Control::TwoPhase } else { Control::Other }
}

/// The first word of a statement in upper case, behind comments; empty if it begins with something else.
pub fn first_word(statement: &str, dialect: Dialect) -> String {
    let reader = Reader::new(statement, dialect, (u32::MAX, 0, 0));
    reader.peek().map(str::to_ascii_uppercase).unwrap_or_default()
}

/// The tokens of a short statement in upper case, comments left out.
pub fn words(statement: &str, dialect: Dialect) -> Vec<String> {
    let mut reader = Reader::new(statement, dialect, (u32::MAX, 0, 0));
    let mut words = Vec::new();
    while let Some(word) = reader.peek() {
        words.push(word.to_ascii_uppercase());
        reader.skip();
    }
    words
}

/// Where a keyword stands outside of strings, comments and parentheses: its first byte.
pub fn find_word(statement: &str, word: &str, dialect: Dialect) -> Option<usize> {
    let mut lexer = Lexer::new(statement, 0, dialect);
    let mut depth = 0_usize;
    while let Ok(Some(token)) = lexer.next_token() {
        if token.is_symbol(statement, "(") {
            depth += 1;
        } else if token.is_symbol(statement, ")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is_word(statement, word) {
            return Some(token.start);
        }
    }
    None
}

/// Whether a statement is SQLite's `PRAGMA foreign_keys`, asked or set.
pub fn is_foreign_keys_pragma(statement: &str) -> bool {
    let mut reader = Reader::new(statement, Dialect::Sqlite, (u32::MAX, 0, 0));
    reader.eat("PRAGMA") && reader.name().is_some_and(|name| name.name.eq_ignore_ascii_case("foreign_keys"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_statements_are_told_apart() {
        let cases = [
            ("BEGIN", Control::Begin),
            ("start transaction read only", Control::Begin),
            ("END", Control::Commit),
            ("COMMIT WORK", Control::Commit),
            ("COMMIT PREPARED 'a'", Control::TwoPhase),
            ("ROLLBACK PREPARED 'a'", Control::TwoPhase),
            ("ROLLBACK", Control::Rollback),
            ("ROLLBACK WORK TO SAVEPOINT a", Control::Savepoint),
            ("RELEASE a", Control::Savepoint),
            ("PREPARE TRANSACTION 'a'", Control::TwoPhase),
            ("XA START 'a'", Control::TwoPhase),
            ("SET autocommit = 0", Control::Other),
        ];
        for (statement, expected) in cases {
            let reader = Reader::new(statement, Dialect::Postgres, (15, 0, 0));
            assert_eq!(control(reader), expected, "{statement}");
        }
    }

    #[test]
    fn the_first_word_is_found_behind_comments() {
        assert_eq!(first_word("-- why\n/* and */ call f()", Dialect::Mysql), "CALL");
        assert_eq!(first_word("", Dialect::Mysql), "");
    }

    #[test]
    fn the_foreign_keys_switch_is_recognised_in_all_its_spellings() {
        for statement in ["PRAGMA foreign_keys=OFF", "pragma main.foreign_keys(0)", "PRAGMA foreign_keys"] {
            assert!(is_foreign_keys_pragma(statement), "{statement}");
        }
        assert!(!is_foreign_keys_pragma("PRAGMA foreign_key_check"));
    }
}
