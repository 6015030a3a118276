//! PostgreSQL scripts, cut as psql does: at a semicolon outside parentheses and outside a `BEGIN ATOMIC` body.

use super::error::{SplitError, SplitProblem};
use super::lexer::{Lexer, Token, TokenKind};
use super::statement::{Collector, Statement, beginning};
use dunlin_compat::model::{Dialect, SessionQuoting};

pub(super) fn split(script: &str, quoting: SessionQuoting) -> Result<Vec<Statement>, SplitError> {
    if let Some(offset) = script.find('\0') {
        return Err(SplitError::new(script, offset, SplitProblem::Nul));
    }
    let mut lexer = Lexer::new(script, beginning(script), Dialect::Postgres);
    lexer.backslash_escapes = quoting.initial.backslash_escapes;
    let mut collector = Collector::new(script);
    let mut open = Open::default();
    let fail = |offset, problem| SplitError::new(script, offset, problem);
    while let Some(token) = lexer.next_token().map_err(|error| fail(error.offset, error.problem))? {
        if token.kind == TokenKind::Comment {
            continue;
        }
        if token.is_symbol(script, "\\") {
            return Err(fail(token.start, psql_command(script, &lexer, token)));
        }
        if token.kind != TokenKind::Delimiter || !open.is_whole() {
            open.take(script, token);
            continue;
        }
        let Some(start) = open.start else { continue };
        collector.add(start, token.start);
        if open.copy == Copy::FromStdin {
            let data = copy_data(script, token.end).map_err(|(offset, problem)| fail(offset, problem))?;
            collector.set_copy_data(script.get(data.start..data.end).unwrap_or_default());
            lexer.position = data.next;
        }
        if let Some(escapes) = open.backslash_escapes(script, token.start, quoting.default.backslash_escapes)
        {
            lexer.backslash_escapes = escapes;
        }
        open = Open::default();
    }
    if let Some(start) = open.start {
        if let Some((offset, problem)) = open.unfinished() {
            return Err(fail(offset, problem));
        }
        if open.copy == Copy::FromStdin {
            return Err(fail(start, SplitProblem::UnterminatedCopyData));
        }
        collector.add(start, script.len());
    }
    Ok(collector.finish())
}

/// How far a statement is a `COPY … FROM STDIN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Copy {
    #[default]
    No,
    Started,
    From,
    FromStdin,
}

/// The statement that is being read.
#[derive(Debug, Default)]
struct Open {
    start: Option<usize>,
    /// How many words have been read, and the first four of them.
    words: usize,
    head: [Option<Token>; 4],
    /// Offsets of parentheses that are open.
    parentheses: Vec<usize>,
    /// `BEGIN ATOMIC` and the `CASE`s inside it.
    blocks: Vec<(usize, &'static str)>,
    copy: Copy,
    previous: Option<Token>,
}

impl Open {
    fn is_whole(&self) -> bool {
        self.parentheses.is_empty() && self.blocks.is_empty()
    }

    fn unfinished(&self) -> Option<(usize, SplitProblem)> {
        // The body first: a parenthesis inside it is open because the body is cut short, or is closed by mistake.
        if let Some(&(offset, keyword)) = self.blocks.last() {
            return Some((offset, SplitProblem::UnterminatedBody(keyword)));
        }
        self.parentheses.last().map(|&offset| (offset, SplitProblem::UnterminatedParenthesis))
    }

    fn take(&mut self, script: &str, token: Token) {
        self.start.get_or_insert(token.start);
        if token.is_symbol(script, "(") {
            self.parentheses.push(token.start);
        } else if token.is_symbol(script, ")") {
            self.parentheses.pop();
        } else if token.kind == TokenKind::Word {
            self.word(script, token);
        }
        self.previous = Some(token);
    }

    fn word(&mut self, script: &str, token: Token) {
        if let Some(place) = self.head.get_mut(self.words) {
            *place = Some(token);
        }
        self.words += 1;
        self.follow_copy(script, token);
        // `t.end` and `AS end` are names.
        let named = self
            .previous
            .is_some_and(|previous| previous.is_symbol(script, ".") || previous.is_word(script, "AS"));
        if named || !self.creates_routine(script) {
            return;
        }
        let begin = self.previous.filter(|previous| previous.is_word(script, "BEGIN"));
        if let Some(begin) = begin
            && self.blocks.is_empty()
            && token.is_word(script, "ATOMIC")
        {
            self.blocks.push((begin.start, "BEGIN ATOMIC"));
        } else if self.blocks.is_empty() {
        } else if token.is_word(script, "CASE") {
            self.blocks.push((token.start, "CASE"));
        } else if token.is_word(script, "END") {
            self.blocks.pop();
        }
    }

    fn follow_copy(&mut self, script: &str, token: Token) {
        let at_top = self.parentheses.is_empty();
        self.copy = match self.copy {
            Copy::No if self.words == 1 && token.is_word(script, "COPY") => Copy::Started,
            Copy::Started | Copy::From if at_top && token.is_word(script, "FROM") => Copy::From,
            Copy::From if at_top && token.is_word(script, "STDIN") => Copy::FromStdin,
            Copy::From => Copy::Started,
            other => other,
        };
    }

    fn creates_routine(&self, script: &str) -> bool {
        let is = |index: usize, word: &str| {
            self.head.get(index).copied().flatten().is_some_and(|token| token.is_word(script, word))
        };
        let kind = if is(1, "OR") && is(2, "REPLACE") { 3 } else { 1 };
        is(0, "CREATE") && (is(kind, "FUNCTION") || is(kind, "PROCEDURE"))
    }

    /// Whether backslashes escape once the statement has set `standard_conforming_strings`, if it does: psql learns it from
    /// the server. `by_default` is what a `RESET` gives.
    fn backslash_escapes(&self, script: &str, end: usize, by_default: bool) -> Option<bool> {
        let head = |index: usize| self.head.get(index).copied().flatten();
        let is = |index: usize, word: &str| head(index).is_some_and(|token| token.is_word(script, word));
        if is(0, "RESET") || is(0, "DISCARD") {
            return (is(1, "standard_conforming_strings") || is(1, "ALL")).then_some(by_default);
        }
        if !is(0, "SET") {
            return None;
        }
        let scope = head(1)?;
        let scoped = scope.is_word(script, "SESSION") || scope.is_word(script, "LOCAL");
        let name = head(if scoped { 2 } else { 1 })?;
        if !name.is_word(script, "standard_conforming_strings") {
            return None;
        }
        let value = script.get(name.end..end).unwrap_or_default();
        let value = value.trim_start_matches(|character: char| character == '=' || character.is_whitespace());
        let value = value.strip_prefix("to").or_else(|| value.strip_prefix("TO")).unwrap_or(value);
        let value = value.trim_matches(|character: char| character == '\'' || character.is_whitespace());
        if value.eq_ignore_ascii_case("default") {
            return Some(by_default);
        }
        Some(["off", "false", "no", "0"].iter().any(|off| value.eq_ignore_ascii_case(off)))
    }
}

fn psql_command(script: &str, lexer: &Lexer<'_>, backslash: Token) -> SplitProblem {
    let line = script.get(backslash.start..lexer.line_end(backslash.start)).unwrap_or_default();
    let command = line.split_ascii_whitespace().next().unwrap_or("\\").to_owned();
    if command == "\\restrict" || command == "\\unrestrict" {
        return SplitProblem::PsqlRestrict(command);
    }
    SplitProblem::PsqlCommand(command)
}

/// Where COPY data lies, and where the script goes on after its `\.`.
struct CopyData {
    start: usize,
    end: usize,
    next: usize,
}

fn copy_data(script: &str, semicolon_end: usize) -> Result<CopyData, (usize, SplitProblem)> {
    let rest = script.get(semicolon_end..).unwrap_or_default();
    let (tail, _) = rest.split_once('\n').ok_or((semicolon_end, SplitProblem::UnterminatedCopyData))?;
    let remark = tail.trim();
    let is_comment = remark.starts_with("--") || (remark.starts_with("/*") && remark.ends_with("*/"));
    if !remark.is_empty() && !is_comment {
        return Err((semicolon_end, SplitProblem::TextAfterCopy));
    }
    let start = semicolon_end + tail.len() + 1;
    let mut offset = start;
    for line in script.get(start..).unwrap_or_default().split_inclusive('\n') {
        if line.trim() == "\\." {
            return Ok(CopyData { start, end: offset, next: offset + line.len() });
        }
        offset += line.len();
    }
    Err((start, SplitProblem::UnterminatedCopyData))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{error, texts};
    use super::*;
    use dunlin_compat::model::Quoting;

    fn pieces(script: &str) -> Vec<String> {
        texts(script, Dialect::Postgres)
    }

    /// Every script is two statements, the second of which is `SELECT 2`.
    #[test]
    fn a_semicolon_inside_these_does_not_end_a_statement() {
        for first in [
            "SELECT 'a;''b;'",
            r"SELECT E'a\';b'",
            "SELECT \"a;\"\"b;\"",
            "SELECT $$a;b$$, $x$;$$;$x$",
            "SELECT a$b$c",
            "SELECT $1, $2",
            r"SELECT '\'",
            r"SELECT e'\';' 'plain'",
            "SELECT /* ; /* ; */ ; */ 1",
            "SELECT 1 -- ;\n",
            "SELECT U&'d;' , U&\"d;\" , N';', b'1', X'1F'",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO log VALUES (1); UPDATE n SET c = 2;)",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2; $$",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END",
            "create or replace procedure p() begin atomic select (case when a then 1 end); end",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT t.end FROM t; END",
            "CREATE TABLE größe (größe int)",
            "DO $body$ BEGIN; END $body$",
        ] {
            let script = format!("{first};SELECT 2;");
            assert_eq!(pieces(&script), [first.trim(), "SELECT 2"], "{first}");
        }
    }

    #[test]
    fn transaction_statements_are_statements() {
        assert_eq!(
            pieces("BEGIN; SELECT 1; END; BEGIN;COMMIT"),
            ["BEGIN", "SELECT 1", "END", "BEGIN", "COMMIT"]
        );
    }

    #[test]
    fn case_outside_a_routine_needs_no_end() {
        let script =
            "CREATE TABLE t (\"case\" int); CREATE FUNCTION f() RETURNS int RETURN CASE WHEN a THEN 1 END; x";
        assert_eq!(pieces(script).len(), 3);
    }

    #[test]
    fn strings_follow_standard_conforming_strings_when_a_script_sets_it() {
        let script = r"SELECT '\'; SET standard_conforming_strings = off; SELECT 'a\';b'; SET standard_conforming_strings TO on; SELECT '\'";
        assert_eq!(pieces(script).len(), 5);
        for reset in [
            "RESET standard_conforming_strings",
            "reset all",
            "DISCARD ALL",
            "SET standard_conforming_strings TO DEFAULT",
        ] {
            let script =
                format!(r"SET standard_conforming_strings = off; SELECT '\''; {reset}; SELECT '\'; SELECT 1");
            assert_eq!(pieces(&script).len(), 5, "{reset}");
        }
        assert_eq!(pieces(r"SET standard_conforming_strings = off; RESET work_mem; SELECT '\';'").len(), 3);
        let of_server: SessionQuoting =
            Quoting { backslash_escapes: true, ..Quoting::of(Dialect::Postgres) }.into();
        for (script, count) in [
            (r"SELECT '\';'", 1),
            (r"SET standard_conforming_strings = on; SELECT '\'; SELECT 1", 3),
            (r"SET standard_conforming_strings = on; RESET ALL; SELECT '\';'", 3),
        ] {
            assert_eq!(split(script, of_server).map(|found| found.len()), Ok(count), "{script}");
        }
    }

    #[test]
    fn copy_takes_its_data_verbatim() {
        let script = "COPY public.books (id, \"from\") FROM stdin WITH (FORMAT text);\n1\ta;'b\r\n\\N\t\n\\.\r\nSELECT 1;";
        let statements = super::super::split(script, Dialect::Postgres).unwrap();
        assert_eq!(statements.len(), 2);
        assert_eq!(statements[0].text, "COPY public.books (id, \"from\") FROM stdin WITH (FORMAT text)");
        assert_eq!(statements[0].copy_data.as_deref(), Some("1\ta;'b\r\n\\N\t\n"));
        assert_eq!((statements[1].text.as_str(), statements[1].line), ("SELECT 1", 5));
        assert_eq!(statements[1].copy_data, None);
    }

    #[test]
    fn copy_may_have_no_rows_and_a_remark_behind_it() {
        for script in ["COPY t FROM STDIN; -- books\n\\.", "COPY t FROM STDIN; /* books */\r\n\\.\r\n"] {
            assert_eq!(
                super::super::split(script, Dialect::Postgres).unwrap()[0].copy_data.as_deref(),
                Some(""),
                "{script}"
            );
        }
    }

    #[test]
    fn copy_from_elsewhere_has_no_data() {
        for script in [
            "COPY t FROM 'stdin'; SELECT 1",
            "COPY (SELECT a FROM stdin) TO STDOUT; SELECT 1",
            "COPY t FROM PROGRAM 'stdin'; SELECT 1",
        ] {
            assert_eq!(pieces(script).len(), 2, "{script}");
        }
    }

    #[test]
    fn copy_without_its_end_is_an_error() {
        use SplitProblem::{TextAfterCopy, UnterminatedCopyData};
        for (script, place) in [
            ("COPY t FROM STDIN;\n1\n2\n", (2, 1, UnterminatedCopyData)),
            ("COPY t FROM STDIN;", (1, 19, UnterminatedCopyData)),
            ("COPY t FROM STDIN", (1, 1, UnterminatedCopyData)),
            ("COPY t FROM STDIN; SELECT 1;\n\\.\n", (1, 19, TextAfterCopy)),
        ] {
            assert_eq!(error(script, Dialect::Postgres), place, "{script}");
        }
    }

    #[test]
    fn commands_of_psql_are_explained() {
        let restrict = SplitProblem::PsqlRestrict("\\restrict".into());
        assert_eq!(error("--\n-- dump\n\n\\restrict x9\n", Dialect::Postgres), (4, 1, restrict));
        for (script, command) in [
            ("\\connect shop", "\\connect"),
            ("\\i a.sql", "\\i"),
            ("SELECT 1 \\gset\n", "\\gset"),
            ("\\.", "\\."),
        ] {
            let (_, _, problem) = error(script, Dialect::Postgres);
            assert_eq!(problem, SplitProblem::PsqlCommand(command.into()), "{script}");
        }
    }

    #[test]
    fn an_open_parenthesis_or_body_is_an_error() {
        use SplitProblem::{UnterminatedBody, UnterminatedParenthesis};
        assert_eq!(error("SELECT (1; SELECT 2;", Dialect::Postgres), (1, 8, UnterminatedParenthesis));
        let script = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2;";
        assert_eq!(error(script, Dialect::Postgres), (1, 33, UnterminatedBody("BEGIN ATOMIC")));
    }

    #[test]
    fn a_surplus_parenthesis_is_left_to_the_server() {
        assert_eq!(pieces("SELECT 1); SELECT 2"), ["SELECT 1)", "SELECT 2"]);
    }

    #[test]
    fn nul_is_refused() {
        assert_eq!(error("SELECT 1;\nSELECT '\0'", Dialect::Postgres), (2, 9, SplitProblem::Nul));
    }
}
