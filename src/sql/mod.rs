//! Lexers and statement splitters, one per dialect. Pure: text in, statements out.
//!
//! [`split`] cuts a script as the database's own client would, [`classify`] says of one statement what the engine
//! decides by. Neither ever looks at a server, and neither panics, whatever the text.

mod bind;
mod classify;
mod error;
mod lexer;
mod mysql;
mod mysql_body;
mod mysql_mode;
mod parameters;
mod postgres;
mod sqlite;
mod statement;
pub mod text;
mod tokens;

pub use bind::{BindError, bind};
pub(crate) use classify::Reader;
pub use classify::{
    Control, Facts, ObjectKind, QualifiedName, TableChange, Target, TargetAction, TransactionNeed, Verb,
    classify, find_word, first_word, flyway_non_transactional, foreign_client_encoding,
    is_foreign_keys_pragma, may_commit, only_fills_variables, reads_last_insert_id, reads_previous_result,
    sqlite_rebuilds, user_variables, verb, words,
};
pub use error::{SplitError, SplitProblem};
pub(crate) use lexer::TokenKind;
pub use parameters::{Parameter, parameters, substitute};
pub use statement::Statement;
pub(crate) use tokens::without_literals;
pub use tokens::{Piece, PieceKind, pieces};

use dunlin_compat::model::{Dialect, Quoting, SessionQuoting};

/// Cuts a script into its statements, in order.
///
/// Pieces that hold nothing but whitespace, comments or delimiters are left out; an executable comment of MySQL
/// (`/*!40101 SET NAMES utf8 */`) is a statement. A U+FEFF at the start is skipped.
///
/// # Errors
///
/// [`SplitError`] names the place of what is never closed, or of a command that only a client program understands.
pub fn split(text: &str, dialect: Dialect) -> Result<Vec<Statement>, SplitError> {
    split_quoted(text, dialect, Quoting::of(dialect).into())
}

/// The same for a session that reads strings and names as `quoting` says when the script begins.
///
/// # Errors
///
/// As [`split`].
pub fn split_quoted(
    text: &str,
    dialect: Dialect,
    quoting: SessionQuoting,
) -> Result<Vec<Statement>, SplitError> {
    match dialect {
        Dialect::Postgres => postgres::split(text, quoting),
        Dialect::Mysql | Dialect::Mariadb => mysql::split(text, dialect, quoting),
        Dialect::Sqlite => sqlite::split(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts that a script is cut into.
    pub(super) fn texts(script: &str, dialect: Dialect) -> Vec<String> {
        match split(script, dialect) {
            Ok(statements) => statements.into_iter().map(|statement| statement.text).collect(),
            Err(error) => panic!("{dialect}: {error}: {script}"),
        }
    }

    /// Line, column and problem of the error that a script gives.
    pub(super) fn error(script: &str, dialect: Dialect) -> (usize, usize, SplitProblem) {
        let error = split(script, dialect).expect_err(script);
        (error.line, error.column, error.problem)
    }

    const DIALECTS: [Dialect; 4] = [Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite];

    #[test]
    fn pieces_without_a_statement_are_left_out() {
        for dialect in DIALECTS {
            for script in ["", ";", " ;;\n;", "-- note", "/* note */;", "-- a\n;/* b */ ; ", "\u{feff}"] {
                assert!(texts(script, dialect).is_empty(), "{dialect}: {script:?}");
            }
        }
    }

    #[test]
    fn comments_before_a_statement_go_and_others_stay() {
        for dialect in DIALECTS {
            let script =
                "-- first;\n/* second; */ SELECT 1 -- third;\n + /* fourth; */ 2 -- fifth\n;SELECT 3";
            assert_eq!(
                texts(script, dialect),
                ["SELECT 1 -- third;\n + /* fourth; */ 2 -- fifth", "SELECT 3"],
                "{dialect}"
            );
        }
    }

    #[test]
    fn statements_know_their_place() {
        for dialect in DIALECTS {
            let script = "\u{feff}SELECT 1;\r\n/*note*/\r  SELECT 'é'; SELECT 2;\n\nSELECT 3";
            let places: Vec<_> = split(script, dialect)
                .unwrap()
                .iter()
                .map(|statement| (statement.start, statement.line, statement.column))
                .collect();
            assert_eq!(places, [(3, 1, 1), (25, 3, 3), (38, 3, 15), (49, 5, 1)], "{dialect}");
        }
    }

    #[test]
    fn errors_name_the_place_the_reason_and_the_way_out() {
        let error = split("SELECT 1;\n  SELECT 'open", Dialect::Postgres).unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 10: a string literal that starts here is never closed");
        assert_eq!(error.advice(), "Add the closing quote; a quote inside a literal is written twice.");
        assert_eq!(error.offset, 19);
    }

    #[test]
    fn what_is_never_closed_is_an_error_where_it_begins() {
        use SplitProblem::{UnterminatedComment, UnterminatedIdentifier, UnterminatedString};
        let cases = [
            ("SELECT 'a", Dialect::Sqlite, UnterminatedString),
            ("SELECT 'a\\'", Dialect::Mysql, UnterminatedString),
            ("SELECT \"a", Dialect::Mysql, UnterminatedString),
            ("SELECT \"a", Dialect::Postgres, UnterminatedIdentifier),
            ("SELECT `a", Dialect::Mariadb, UnterminatedIdentifier),
            ("SELECT [a", Dialect::Sqlite, UnterminatedIdentifier),
            ("SELECT /* a", Dialect::Mysql, UnterminatedComment),
            ("SELECT /*/* a */", Dialect::Postgres, UnterminatedComment),
            ("SELECT /*! a", Dialect::Mysql, SplitProblem::UnterminatedExecutableComment),
            ("SELECT $a$ $b$", Dialect::Postgres, SplitProblem::UnterminatedDollarQuote("$a$".into())),
        ];
        for (script, dialect, problem) in cases {
            assert_eq!(error(script, dialect), (1, 8, problem), "{script}");
        }
    }
}

#[cfg(test)]
mod properties {
    use super::*;
    use proptest::prelude::*;

    fn dialect() -> impl Strategy<Value = Dialect> {
        prop_oneof![
            Just(Dialect::Postgres),
            Just(Dialect::Mysql),
            Just(Dialect::Mariadb),
            Just(Dialect::Sqlite)
        ]
    }

    /// Text made of what lexers trip over.
    fn script() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            proptest::sample::select(
                &[
                    "'",
                    "\"",
                    "`",
                    "[",
                    "]",
                    "$",
                    "$$",
                    "$a$",
                    "--",
                    "-- ",
                    "/*",
                    "/*!",
                    "/*!50003",
                    "/*M!",
                    "*/",
                    "#",
                    ";",
                    ";;",
                    "//",
                    "\\",
                    "\\.",
                    "\n",
                    "\r",
                    "(",
                    ")",
                    ".",
                    ":",
                    "@",
                    ",",
                    "=",
                    "E'",
                    "U&\"",
                    "BEGIN ",
                    "ATOMIC ",
                    "NOT ",
                    "END ",
                    "CASE ",
                    "IF ",
                    "THEN ",
                    "LOOP ",
                    "REPEAT ",
                    "UNTIL ",
                    "DO ",
                    "CREATE ",
                    "PROCEDURE p() ",
                    "TRIGGER t ",
                    "EACH ROW ",
                    "FUNCTION f() ",
                    "EVENT e ",
                    "DECLARE ",
                    "HANDLER ",
                    "FOR ",
                    "DELIMITER ",
                    "USE ",
                    "COPY t FROM STDIN",
                    "ALTER ",
                    "DROP ",
                    "RENAME ",
                    "TABLE ",
                    "INDEX ",
                    "SET ",
                    "PRAGMA ",
                    "é",
                    "\u{feff}",
                    "\0",
                    "1",
                    "a ",
                ][..]
            )
            .prop_map(str::to_owned),
            ".{0,4}",
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    /// A statement that is whole in every dialect.
    fn statement() -> impl Strategy<Value = String> {
        let token = prop_oneof![
            "[a-z]{1,8}[0-9]?",
            "'[a-z;$#\"` -]{0,8}'",
            "/\\*[a-z;' -]{0,8}\\*/",
            "-- [a-z;']{0,8}\n",
            "[0-9]{1,3}",
            "\\([a-z, ]{0,5}\\)",
            Just("é".to_owned()),
            Just(",\n".to_owned()),
        ];
        // A first word that begins nothing special in any dialect.
        proptest::collection::vec(token, 0..12).prop_map(|tokens| format!("SELECT {} x", tokens.join(" ")))
    }

    proptest! {
        #[test]
        fn nothing_panics_and_every_statement_is_found_where_it_is_said_to_be(
            script in script(), dialect in dialect(), major in 0_u32..20
        ) {
            let Ok(statements) = split(&script, dialect) else { return Ok(()) };
            let mut end = 0;
            for statement in &statements {
                prop_assert!(statement.start >= end);
                prop_assert!(!statement.text.is_empty());
                prop_assert!(script[statement.start..].starts_with(&statement.text));
                let place = text::position(&script, statement.start);
                prop_assert_eq!((place.line, place.column), (statement.line, statement.column));
                end = statement.start + statement.text.len();
                classify(&statement.text, dialect, (major, 0, 0));
                flyway_non_transactional(&statement.text, dialect, (major, 0, 0));
            }
            sqlite_rebuilds(&statements);
        }

        #[test]
        fn classification_takes_any_text(text in ".{0,60}", dialect in dialect()) {
            classify(&text, dialect, (10, 11, 2));
            flyway_non_transactional(&text, dialect, (10, 11, 2));
        }

        #[test]
        fn joined_statements_come_apart_again(
            statements in proptest::collection::vec(statement(), 0..6), dialect in dialect()
        ) {
            let script: String = statements.iter().map(|statement| format!("{statement};\n")).collect();
            let found: Vec<_> = split(&script, dialect).unwrap().into_iter().map(|found| found.text).collect();
            prop_assert_eq!(found, statements);
        }
    }
}
