//! Follows what a MySQL or MariaDB script does to its `sql_mode`, as far as it changes how strings are read. The clients
//! learn that from the server after each statement; here it is read from the `SET` statements themselves.

use std::collections::HashMap;

use dunlin_compat::model::{Quoting, SessionQuoting};

use super::lexer::{Token, TokenKind};

/// The modes of MySQL and MariaDB that stand for several others, `ANSI_QUOTES` among them.
const WITH_ANSI_QUOTES: [&str; 7] = ["ANSI_QUOTES", "ANSI", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"];

/// The same as bits of a number, in MariaDB's order, which MySQL shares.
const BITS_WITH_ANSI_QUOTES: u64 = 1 << 2 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 18;
const BIT_OF_ORACLE: u64 = 1 << 9;
const BIT_OF_NO_BACKSLASH_ESCAPES: u64 = 1 << 20;

/// The modes that matter here, of all that are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Mode {
    /// A backslash is a character like any other.
    no_backslash_escapes: bool,
    /// `"…"` is a name.
    ansi_quotes: bool,
    /// MariaDB speaks PL/SQL.
    oracle: bool,
}

/// The mode in force, and the user variables that keep one for later.
#[derive(Debug)]
pub(super) struct Modes {
    current: Mode,
    /// What `SET sql_mode = DEFAULT` brings.
    by_default: Mode,
    saved: HashMap<String, Mode>,
}

/// The value given to `sql_mode` cannot be told without running it; where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclear(pub(super) usize);

impl Modes {
    /// For a script that a session reads so.
    pub(super) fn new(quoting: SessionQuoting) -> Modes {
        let mode = |quoting: Quoting| Mode {
            no_backslash_escapes: !quoting.backslash_escapes,
            ansi_quotes: quoting.ansi_quotes,
            oracle: quoting.oracle,
        };
        let (current, by_default) = (mode(quoting.initial), mode(quoting.default));
        Modes { current, by_default, saved: HashMap::new() }
    }

    /// How strings and names are read now.
    pub(super) fn quoting(&self) -> Quoting {
        Quoting {
            backslash_escapes: !self.current.no_backslash_escapes,
            ansi_quotes: self.current.ansi_quotes,
            oracle: self.current.oracle,
        }
    }

    /// Takes in a statement, given as its tokens without comments.
    ///
    /// # Errors
    ///
    /// [`Unclear`] for an expression that both adds and removes one of the modes that matter.
    pub(super) fn follow(&mut self, script: &str, tokens: &[Token]) -> Result<(), Unclear> {
        let Some((first, rest)) = tokens.split_first() else { return Ok(()) };
        // `SET STATEMENT … FOR …` of MariaDB holds for its own statement only.
        let for_one = rest.first().is_some_and(|token| token.is_word(script, "STATEMENT"));
        if !first.is_word(script, "SET") || for_one {
            return Ok(());
        }
        let end = rest.iter().position(|token| token.is_symbol(script, ";")).unwrap_or(rest.len());
        for assignment in assignments(script, rest.get(..end).unwrap_or_default()) {
            self.assign(script, assignment)?;
        }
        Ok(())
    }

    fn assign(&mut self, script: &str, assignment: &[Token]) -> Result<(), Unclear> {
        let Some(equals) = assignment.iter().position(|token| token.is_symbol(script, "=")) else {
            return Ok(());
        };
        let (target, value) = assignment.split_at(equals);
        let target = match target.split_last() {
            Some((colon, before)) if colon.is_symbol(script, ":") => before,
            _ => target,
        };
        let value = value.get(1..).unwrap_or_default();
        let Some(name) = target.last() else { return Ok(()) };
        let is = |word: &str| target.iter().any(|token| token.is_word(script, word));
        let marks = target.iter().take_while(|token| token.is_symbol(script, "@")).count();
        if marks == 1 {
            let mode = self.value(script, value)?;
            self.saved.insert(variable(script, *name), mode);
        } else if unquoted(script, *name).eq_ignore_ascii_case("sql_mode")
            && !is("GLOBAL")
            && !is("PERSIST")
            && !is("PERSIST_ONLY")
        {
            self.current = self.value(script, value)?;
        }
        Ok(())
    }

    /// What an expression comes to: the modes that it names and those of the variables that it reads.
    fn value(&self, script: &str, value: &[Token]) -> Result<Mode, Unclear> {
        if let [number] = value
            && number.kind == TokenKind::Number
        {
            let bits: u64 = number.text(script).parse().unwrap_or(0);
            return Ok(Mode {
                no_backslash_escapes: bits & BIT_OF_NO_BACKSLASH_ESCAPES != 0,
                ansi_quotes: bits & BITS_WITH_ANSI_QUOTES != 0,
                oracle: bits & BIT_OF_ORACLE != 0,
            });
        }
        if let [word] = value
            && word.is_word(script, "DEFAULT")
        {
            return Ok(self.by_default);
        }
        let mut read = Mode::default();
        let mut named = Mode::default();
        for (index, token) in value.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| value.get(index));
            let text = unquoted(script, *token);
            let of_user = before.is_some_and(|mark| mark.is_symbol(script, "@"));
            if text.eq_ignore_ascii_case("sql_mode") {
                read = read.and(self.current);
            } else if of_user && let Some(&mode) = self.saved.get(&variable(script, *token)) {
                read = read.and(mode);
            } else if token.kind == TokenKind::Literal || value.len() == 1 {
                named = named.and(Mode::named(text));
            }
        }
        if named == Mode::default() {
            return Ok(read);
        }
        let calls = |word: &str| value.iter().any(|token| token.is_word(script, word));
        match (calls("REPLACE"), calls("CONCAT") || calls("CONCAT_WS")) {
            (true, true) => Err(Unclear(value.first().map_or(0, |token| token.start))),
            (true, false) => Ok(read.without(named)),
            (false, _) => Ok(read.and(named)),
        }
    }
}

impl Mode {
    fn named(list: &str) -> Mode {
        let is_any = |names: &[&str]| {
            list.split(',').any(|mode| names.iter().any(|name| mode.trim().eq_ignore_ascii_case(name)))
        };
        Mode {
            no_backslash_escapes: is_any(&["NO_BACKSLASH_ESCAPES"]),
            ansi_quotes: is_any(&WITH_ANSI_QUOTES),
            oracle: is_any(&["ORACLE"]),
        }
    }

    fn and(self, other: Mode) -> Mode {
        Mode {
            no_backslash_escapes: self.no_backslash_escapes || other.no_backslash_escapes,
            ansi_quotes: self.ansi_quotes || other.ansi_quotes,
            oracle: self.oracle || other.oracle,
        }
    }

    fn without(self, other: Mode) -> Mode {
        Mode {
            no_backslash_escapes: self.no_backslash_escapes && !other.no_backslash_escapes,
            ansi_quotes: self.ansi_quotes && !other.ansi_quotes,
            oracle: self.oracle && !other.oracle,
        }
    }
}

/// `a = 1, b = f(2, 3)`, cut at the commas that stand in no parenthesis.
fn assignments<'a>(script: &str, tokens: &'a [Token]) -> Vec<&'a [Token]> {
    let mut depth = 0_usize;
    let at_comma = |token: &Token| {
        if token.is_symbol(script, "(") {
            depth += 1;
        } else if token.is_symbol(script, ")") {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is_symbol(script, ",")
    };
    tokens.split(at_comma).collect()
}

fn unquoted(script: &str, token: Token) -> &str {
    token.text(script).trim_matches(['\'', '"', '`'])
}

/// A user variable's name, which is the same in any case.
fn variable(script: &str, token: Token) -> String {
    unquoted(script, token).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{error, texts};
    use super::super::{SplitProblem, split_quoted};
    use dunlin_compat::model::{Dialect, Quoting};

    /// Whether a backslash escapes in a string that follows these statements.
    #[track_caller]
    fn escapes(set: &str) -> bool {
        let pieces = texts(&format!("{set};\nSELECT '\\'; -- '"), Dialect::Mysql);
        match pieces.last().map(String::as_str) {
            Some("SELECT '\\'; -- '") => true,
            Some("SELECT '\\'") => false,
            other => panic!("{set}: {other:?}"),
        }
    }

    #[test]
    fn backslashes_are_plain_where_the_script_says_so() {
        for set in [
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "SET SESSION sql_mode := \"strict_all_tables, no_backslash_escapes\"",
            "set local sql_mode=NO_BACKSLASH_ESCAPES",
            "SET names utf8mb4, @@session.sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')",
            "SET @@SQL_MODE = CONCAT_WS(',', @@sql_mode, 'NO_BACKSLASH_ESCAPES')",
            "SET `sql_mode` = 1048576",
            "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_BACKSLASH_ESCAPES' */",
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SET sql_mode = (SELECT REPLACE(@@sql_mode, 'ONLY_FULL_GROUP_BY', ''))",
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SET @a = @@sql_mode, sql_mode = ''; SET sql_mode = @A",
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SET GLOBAL sql_mode = ''",
        ] {
            assert!(!escapes(set), "{set}");
        }
    }

    #[test]
    fn backslashes_escape_again_where_the_script_says_so() {
        for set in [
            "SELECT 1",
            "SET sql_mode = 'ANSI_QUOTES'",
            "SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "SET @@global.sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "SET PERSIST sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "SET STATEMENT sql_mode = 'NO_BACKSLASH_ESCAPES' FOR SELECT 1",
            "SET @sql_mode = 'NO_BACKSLASH_ESCAPES'",
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SET sql_mode = ''",
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SET sql_mode = 0",
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SET sql_mode = DEFAULT",
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SET sql_mode = REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '')",
            "SET @old = @@sql_mode, sql_mode = 'NO_BACKSLASH_ESCAPES'; /*!40101 SET SQL_MODE=@OLD */",
        ] {
            assert!(escapes(set), "{set}");
        }
    }

    #[test]
    fn a_double_quote_opens_a_name_under_ansi_quotes() {
        for mode in ["ANSI_QUOTES", "ansi", "NO_ZERO_DATE,ORACLE"] {
            let script = format!("SET sql_mode = '{mode}';\nSELECT \"a;\\\", \"b\"\"\\\";\nSELECT '\\';'");
            assert_eq!(texts(&script, Dialect::Mariadb).len(), 3, "{mode}");
        }
        assert_eq!(texts("SELECT \"a\\\";\"; SELECT 1", Dialect::Mysql).len(), 2);
    }

    #[test]
    fn a_script_begins_with_the_sessions_own_mode() {
        let pieces = |script: &str, sql_mode: &str| {
            split_quoted(script, Dialect::Mariadb, Quoting::of_sql_mode(sql_mode).into())
                .map(|found| found.len())
        };
        let plain = r"SELECT '\'; SELECT 1; -- '";
        assert_eq!(pieces(plain, "NO_BACKSLASH_ESCAPES"), Ok(2));
        assert_eq!(pieces(plain, "STRICT_TRANS_TABLES"), Ok(1));
        assert_eq!(pieces(&format!("SET sql_mode = DEFAULT; {plain}"), "NO_BACKSLASH_ESCAPES"), Ok(3));
        assert_eq!(pieces(&format!("SET sql_mode = ''; {plain}"), "NO_BACKSLASH_ESCAPES"), Ok(2));
        let name = r#"SELECT "a\"; SELECT 1; -- ""#;
        assert_eq!(pieces(name, "REAL_AS_FLOAT,ANSI_QUOTES"), Ok(2));
        assert_eq!(pieces(name, ""), Ok(1));
    }

    #[test]
    fn a_program_of_oracles_mode_needs_a_delimiter() {
        let mode = "SET sql_mode = ORACLE;\n";
        for (text, program) in [
            ("CREATE OR REPLACE PROCEDURE p(a int) AS x int; BEGIN x := 1; END;", "procedure"),
            ("CREATE FUNCTION f RETURN int IS BEGIN RETURN 1; END;", "function"),
            ("CREATE PACKAGE BODY p AS PROCEDURE q AS BEGIN NULL; END; END;", "package"),
            ("DECLARE x int; BEGIN x := 1; END;", "block"),
            ("BEGIN SELECT 1; END;", "block"),
        ] {
            let script = format!("{mode}{text}");
            assert_eq!(error(&script, Dialect::Mariadb), (2, 1, SplitProblem::OracleBody(program)), "{text}");
            let delimited = format!("{mode}DELIMITER //\n{text}\n//\nDELIMITER ;\n");
            assert_eq!(texts(&delimited, Dialect::Mariadb).len(), 2, "{text}");
        }
        let fine = "BEGIN; CREATE TABLE \"a\" AS SELECT 1; CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW \
                    BEGIN IF NEW.a = 1 THEN SET NEW.a = 2; ELSIF NEW.a = 2 THEN IF NEW.b THEN SET NEW.a = 3; END IF; \
                    END IF; END; COMMIT";
        assert_eq!(texts(&format!("{mode}{fine}"), Dialect::Mariadb).len(), 5);
    }

    #[test]
    fn a_value_that_cannot_be_told_is_refused() {
        let script =
            "SET sql_mode = REPLACE(CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES'), 'NO_ZERO_DATE', '');";
        assert_eq!(error(script, Dialect::Mysql), (1, 16, SplitProblem::UnclearSqlMode));
        // The same of modes that do not matter here.
        let script = "SET sql_mode = REPLACE(CONCAT(@@sql_mode, ',NO_ZERO_DATE'), 'NO_ZERO_DATE', '')";
        assert_eq!(texts(script, Dialect::Mysql), [script]);
    }
}
