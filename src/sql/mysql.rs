//! MySQL and MariaDB scripts. With a `DELIMITER` of its own a script is cut there and nowhere else, as the mysql
//! client does; at `;` compound bodies are kept together, as Flyway's `MySQLParser` does.

use super::error::{SplitError, SplitProblem};
use super::lexer::{Lexer, Token, TokenKind};
use super::mysql_body::Body;
use super::mysql_mode::{Modes, Unclear};
use super::statement::{Collector, Statement, beginning};
use dunlin_compat::model::{Dialect, SessionQuoting};

/// Commands of the client that no server knows. `DELIMITER` and `USE` are understood.
const CLIENT_COMMANDS: [&str; 12] = [
    "SOURCE", "SYSTEM", "TEE", "NOTEE", "PAGER", "NOPAGER", "PROMPT", "CONNECT", "QUIT", "EXIT", "CHARSET",
    "EDIT",
];

/// What of Oracle's mode has a body, by the word behind `CREATE`.
const ORACLE_PROGRAMS: [(&str, &str); 3] =
    [("PROCEDURE", "procedure"), ("FUNCTION", "function"), ("PACKAGE", "package")];

pub(super) fn split(
    script: &str,
    dialect: Dialect,
    quoting: SessionQuoting,
) -> Result<Vec<Statement>, SplitError> {
    let mut splitter = Splitter {
        script,
        lexer: Lexer::new(script, beginning(script), dialect),
        collector: Collector::new(script),
        start: None,
        body: Body::default(),
        modes: Modes::new(quoting),
    };
    splitter.read_as_asked();
    splitter.run().map_err(|(offset, problem)| SplitError::new(script, offset, problem))?;
    Ok(splitter.collector.finish())
}

struct Splitter<'a> {
    script: &'a str,
    lexer: Lexer<'a>,
    collector: Collector<'a>,
    /// Where the statement being read begins.
    start: Option<usize>,
    body: Body,
    modes: Modes,
}

impl Splitter<'_> {
    fn run(&mut self) -> Result<(), (usize, SplitProblem)> {
        while let Some(token) = self.lexer.next_token().map_err(|error| (error.offset, error.problem))? {
            match token.kind {
                TokenKind::Comment => {}
                TokenKind::Delimiter if self.lexer.delimiter == ";" && !self.body.is_closed() => {
                    self.body.semicolon();
                }
                TokenKind::Delimiter => self.finish(token.start)?,
                _ => self.take(token)?,
            }
        }
        if let Some((offset, keyword)) = self.body.unclosed()
            && self.lexer.delimiter == ";"
        {
            return Err((offset, SplitProblem::UnterminatedBody(keyword)));
        }
        self.finish(self.script.len())
    }

    fn finish(&mut self, end: usize) -> Result<(), (usize, SplitProblem)> {
        if let Some(start) = self.start.take() {
            self.refuse_oracle_body(start, end)?;
            self.collector.add(start, end);
            self.follow_mode(start, end).map_err(|Unclear(offset)| (offset, SplitProblem::UnclearSqlMode))?;
        }
        self.body = Body::default();
        self.lexer.begin_statement();
        Ok(())
    }

    /// PL/SQL declares before `BEGIN` and has packages, for which the rules of [`Body`] do not hold.
    fn refuse_oracle_body(&self, start: usize, end: usize) -> Result<(), (usize, SplitProblem)> {
        if !self.modes.quoting().oracle || self.lexer.delimiter != ";" {
            return Ok(());
        }
        let words: Vec<Token> =
            self.tokens(start, end).filter(|token| token.kind == TokenKind::Word).take(40).collect();
        let is =
            |index: usize, word: &str| words.get(index).is_some_and(|token| token.is_word(self.script, word));
        let has = |word: &str| words.iter().any(|token| token.is_word(self.script, word));
        let begins_transaction = words.len() == 1 || is(1, "WORK") || is(1, "NOT");
        let program = if is(0, "DECLARE") || (is(0, "BEGIN") && !begins_transaction) {
            Some("block")
        } else if is(0, "CREATE") && (has("AS") || has("IS")) {
            let kind = words
                .iter()
                .take_while(|token| !["AS", "IS"].iter().any(|word| token.is_word(self.script, word)))
                .find_map(|token| ORACLE_PROGRAMS.iter().find(|(word, _)| token.is_word(self.script, word)));
            kind.map(|(_, name)| *name)
        } else {
            None
        };
        program.map_or(Ok(()), |program| Err((start, SplitProblem::OracleBody(program))))
    }

    /// The tokens between two places, comments left out.
    fn tokens(&self, start: usize, end: usize) -> impl Iterator<Item = Token> {
        let mut reader = self.lexer.clone();
        reader.position = start;
        std::iter::from_fn(move || reader.next_token().ok().flatten().filter(|token| token.start < end))
            .filter(|token| {
                !matches!(token.kind, TokenKind::Comment | TokenKind::CodeOpen | TokenKind::CodeClose)
            })
    }

    /// Reads strings from here on as the statement just finished asks for.
    fn follow_mode(&mut self, start: usize, end: usize) -> Result<(), Unclear> {
        if !self.tokens(start, end).next().is_some_and(|first| first.is_word(self.script, "SET")) {
            return Ok(());
        }
        let tokens: Vec<Token> = self.tokens(start, end).collect();
        self.modes.follow(self.script, &tokens)?;
        self.read_as_asked();
        Ok(())
    }

    fn read_as_asked(&mut self) {
        let quoting = self.modes.quoting();
        self.lexer.backslash_escapes = quoting.backslash_escapes;
        self.lexer.ansi_quotes = quoting.ansi_quotes;
    }

    fn take(&mut self, token: Token) -> Result<(), (usize, SplitProblem)> {
        if token.kind == TokenKind::Word && !self.lexer.inside_code() && self.client_command(token)? {
            return Ok(());
        }
        if token.is_symbol(self.script, "\\") {
            let rest = self.script.get(token.start..).unwrap_or_default();
            let command: String = rest.chars().take(2).collect();
            return Err((token.start, SplitProblem::MysqlCommand(command)));
        }
        self.start.get_or_insert(token.start);
        self.body.take(self.script, token);
        Ok(())
    }

    /// Handles a command that the client keeps for itself; false when the word is SQL.
    fn client_command(&mut self, word: Token) -> Result<bool, (usize, SplitProblem)> {
        if word.is_word(self.script, "DELIMITER") {
            if self.start.is_none() {
                self.set_delimiter(word)?;
                return Ok(true);
            }
            if self.begins_line(word) && self.looks_like_delimiter(word) {
                return Err((word.start, SplitProblem::DelimiterInsideStatement));
            }
            return Ok(false);
        }
        if self.start.is_some() {
            return Ok(false);
        }
        if word.is_word(self.script, "USE") && self.begins_line(word) {
            return self.use_database(word);
        }
        let text = word.text(self.script);
        let labelled = self.script.get(word.end..).unwrap_or_default().trim_start().starts_with(':');
        if !labelled && CLIENT_COMMANDS.iter().any(|command| text.eq_ignore_ascii_case(command)) {
            return Err((word.start, SplitProblem::MysqlCommand(text.to_owned())));
        }
        Ok(false)
    }

    /// `DELIMITER x`: the first word behind it, which may be quoted, up to the end of the script.
    fn set_delimiter(&mut self, word: Token) -> Result<(), (usize, SplitProblem)> {
        let line_end = self.lexer.line_end(word.end);
        let line = self.script.get(word.end..line_end).unwrap_or_default();
        let argument = line.split_ascii_whitespace().next().unwrap_or_default();
        let delimiter = ['\'', '"', '`']
            .into_iter()
            .find_map(|quote| argument.strip_prefix(quote)?.strip_suffix(quote))
            .unwrap_or(argument);
        if delimiter.is_empty() {
            return Err((word.start, SplitProblem::EmptyDelimiter));
        }
        if delimiter.contains('\\') {
            return Err((word.start, SplitProblem::BackslashDelimiter));
        }
        self.lexer.delimiter = delimiter;
        self.lexer.position = line_end;
        self.lexer.begin_statement();
        Ok(())
    }

    /// `USE name` alone on its line needs no delimiter.
    fn use_database(&mut self, word: Token) -> Result<bool, (usize, SplitProblem)> {
        let line_end = self.lexer.line_end(word.end);
        let line = self.script.get(word.start..line_end).unwrap_or_default();
        if line.contains(self.lexer.delimiter) {
            return Ok(false);
        }
        let mut ahead = self.lexer.clone();
        let Ok(Some(name)) = ahead.next_token() else {
            return Ok(false);
        };
        if name.end > line_end || !matches!(name.kind, TokenKind::Word | TokenKind::QuotedName) {
            return Ok(false);
        }
        self.start = Some(word.start);
        self.finish(name.end)?;
        self.lexer.position = line_end;
        Ok(true)
    }

    fn begins_line(&self, word: Token) -> bool {
        let before = self.script.get(..word.start).unwrap_or_default();
        let before = before.trim_end_matches([' ', '\t', '\u{feff}']);
        before.is_empty() || before.ends_with(['\n', '\r'])
    }

    /// Whether what follows on the line is `//`, `$$`, `;` or the like, and not the rest of an expression.
    fn looks_like_delimiter(&self, word: Token) -> bool {
        let line = self.script.get(word.end..self.lexer.line_end(word.end)).unwrap_or_default();
        let argument = line.trim();
        !argument.is_empty() && argument.chars().all(|character| "/;$|#@~^&!".contains(character))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{error, texts};
    use super::*;

    fn pieces(script: &str) -> Vec<String> {
        let found = texts(script, Dialect::Mysql);
        assert_eq!(found, texts(script, Dialect::Mariadb), "{script}");
        found
    }

    #[test]
    fn a_semicolon_inside_these_does_not_end_a_statement() {
        for first in [
            r#"SELECT 'a\';b', 'it''s;', "a\";", "b"";", `c;``d;`"#,
            "SELECT 1 # ;\n + 2",
            "SELECT 1 -- ;\n + 2",
            "SELECT 5--1",
            "SELECT /* ; /* ; */ 1",
            "SELECT /*+ MAX_EXECUTION_TIME(1) ; */ 1",
            "SELECT /*!40101 1; */",
            "SELECT \\N",
            "INSERT INTO t VALUES (_utf8mb4'a;', N'b;', x'1F')",
        ] {
            assert_eq!(pieces(&format!("{first};SELECT 2;")), [first, "SELECT 2"], "{first}");
        }
    }

    #[test]
    fn an_executable_comment_is_a_statement() {
        assert_eq!(
            pieces("/*!40101 SET NAMES utf8 */;\n/* note */;/*! SELECT 1 */"),
            ["/*!40101 SET NAMES utf8 */", "/*! SELECT 1 */"]
        );
    }

    #[test]
    fn the_sandbox_line_of_a_mariadb_dump_is_a_comment() {
        assert_eq!(
            pieces("/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump\nSELECT 1;"),
            ["SELECT 1"]
        );
    }

    #[test]
    fn a_delimiter_holds_until_the_next_one() {
        let script = "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\nSELECT 2; SELECT 3 //\ndelimiter ;\nSELECT 4;";
        assert_eq!(
            pieces(script),
            ["CREATE PROCEDURE p() BEGIN SELECT 1; END", "SELECT 2; SELECT 3", "SELECT 4"]
        );
    }

    #[test]
    fn delimiters_may_be_any_word() {
        for delimiter in ["$$", ";;", "//", "go", "#", "|", "§", "END_OF_IT"] {
            let script = format!(
                "delimiter {delimiter}\nBEGIN a; END{delimiter} SELECT '{delimiter}' /* {delimiter} */{delimiter}"
            );
            let second = format!("SELECT '{delimiter}' /* {delimiter} */");
            assert_eq!(pieces(&script), ["BEGIN a; END".to_owned(), second], "{delimiter}");
        }
        assert_eq!(pieces("DELIMITER '//'\nSELECT 1;//"), ["SELECT 1;"]);
    }

    #[test]
    fn a_trigger_of_mysqldump_is_one_statement() {
        let trigger = "/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `a` FOR EACH ROW BEGIN\nSET NEW.x = 1; /* note */\nEND */";
        assert_eq!(
            pieces(&format!("DELIMITER ;;\n{trigger};;\nDELIMITER ;\nSELECT 1;")),
            [trigger, "SELECT 1"]
        );
        assert_eq!(pieces(&format!("{trigger};SELECT 1;")), [trigger, "SELECT 1"]);
    }

    #[test]
    fn a_delimiter_out_of_place_is_an_error() {
        use SplitProblem::{BackslashDelimiter, DelimiterInsideStatement, EmptyDelimiter};
        for (script, place) in [
            ("DELIMITER\nSELECT 1", (1, 1, EmptyDelimiter)),
            ("DELIMITER \\\\\n", (1, 1, BackslashDelimiter)),
            (
                "DELIMITER //\nCREATE PROCEDURE p() BEGIN END;\nDELIMITER ;\n",
                (3, 1, DelimiterInsideStatement),
            ),
        ] {
            assert_eq!(error(script, Dialect::Mysql), place, "{script}");
        }
        assert_eq!(pieces("SELECT\n delimiter\n, b FROM t;").len(), 1);
    }

    #[test]
    fn use_needs_no_delimiter_on_a_line_of_its_own() {
        assert_eq!(
            pieces("use shop\nSELECT 1;\nUSE `a b`\nUSE c;"),
            ["use shop", "SELECT 1", "USE `a b`", "USE c"]
        );
        assert_eq!(pieces("SELECT * FROM t\nUSE INDEX (i);").len(), 1);
    }

    #[test]
    fn commands_of_the_client_are_explained() {
        for (script, command) in [("source a.sql\n", "source"), ("SELECT 1\\G", "\\G"), ("\\. a.sql", "\\.")]
        {
            let (_, _, problem) = error(script, Dialect::Mysql);
            assert_eq!(problem, SplitProblem::MysqlCommand(command.into()), "{script}");
        }
    }
}
