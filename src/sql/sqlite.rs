//! SQLite scripts, cut as the sqlite3 shell does. A trigger ends at the semicolon after `; END`, the rule of
//! `sqlite3_complete()`; every other statement at its first semicolon.

use super::error::{SplitError, SplitProblem};
use super::lexer::{Lexer, Token, TokenKind};
use super::statement::{Collector, Statement, beginning};
use dunlin_compat::model::Dialect;

pub(super) fn split(script: &str) -> Result<Vec<Statement>, SplitError> {
    if let Some(offset) = script.find('\0') {
        return Err(SplitError::new(script, offset, SplitProblem::Nul));
    }
    let mut lexer = Lexer::new(script, beginning(script), Dialect::Sqlite);
    let mut collector = Collector::new(script);
    let mut start = None;
    let mut state = State::Start;
    let fail = |offset, problem| SplitError::new(script, offset, problem);
    while let Some(token) = lexer.next_token().map_err(|error| fail(error.offset, error.problem))? {
        if token.kind == TokenKind::Comment {
            continue;
        }
        if start.is_none() && token.is_symbol(script, ".") {
            let line = script.get(token.start..lexer.line_end(token.start)).unwrap_or_default();
            let command = line.split_ascii_whitespace().next().unwrap_or(".").to_owned();
            return Err(fail(token.start, SplitProblem::SqliteCommand(command)));
        }
        if token.kind != TokenKind::Delimiter {
            start.get_or_insert(token.start);
            state = state.after(script, token);
            continue;
        }
        if matches!(state, State::Trigger | State::TriggerSemicolon) {
            state = State::TriggerSemicolon;
            continue;
        }
        if let Some(start) = start.take() {
            collector.add(start, token.start);
        }
        state = State::Start;
    }
    if let Some(start) = start {
        if matches!(state, State::Trigger | State::TriggerSemicolon) {
            return Err(fail(start, SplitProblem::UnterminatedTrigger));
        }
        collector.add(start, script.len());
    }
    Ok(collector.finish())
}

/// The states of `sqlite3_complete()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Explain,
    Create,
    Trigger,
    TriggerSemicolon,
    TriggerEnd,
    Other,
}

impl State {
    fn after(self, script: &str, token: Token) -> State {
        let is = |word: &str| token.is_word(script, word);
        match self {
            State::Start if is("EXPLAIN") => State::Explain,
            State::Explain if is("QUERY") || is("PLAN") => State::Explain,
            State::Start | State::Explain if is("CREATE") => State::Create,
            State::Create if is("TEMP") || is("TEMPORARY") => State::Create,
            State::Create if is("TRIGGER") => State::Trigger,
            State::TriggerSemicolon if is("END") => State::TriggerEnd,
            State::Trigger | State::TriggerSemicolon | State::TriggerEnd => State::Trigger,
            State::Start | State::Explain | State::Create | State::Other => State::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{error, texts};
    use super::*;

    fn pieces(script: &str) -> Vec<String> {
        texts(script, Dialect::Sqlite)
    }

    #[test]
    fn a_semicolon_inside_these_does_not_end_a_statement() {
        for first in [
            "SELECT 'a;''b;', \"c;\", `d;`, [e;'f]",
            r"SELECT '\'",
            "SELECT x'00', ?1, :a, @b, $c",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; UPDATE b SET c = 2; END",
            "create temp trigger if not exists t after update of x on a begin select case when x then 1 else 2 end; end",
            "CREATE TEMPORARY TRIGGER t DELETE ON a BEGIN SELECT CASE x WHEN 1 THEN 2 END; SELECT 3; /* ; */ END",
            "EXPLAIN QUERY PLAN CREATE TRIGGER t DELETE ON a BEGIN SELECT 1; END",
        ] {
            assert_eq!(pieces(&format!("{first};SELECT 2;")), [first, "SELECT 2"], "{first}");
        }
    }

    #[test]
    fn transaction_statements_are_statements() {
        assert_eq!(pieces("BEGIN; CREATE TABLE t(a); END; BEGIN IMMEDIATE; COMMIT").len(), 5);
    }

    #[test]
    fn a_trigger_may_end_with_the_script() {
        assert_eq!(pieces("CREATE TRIGGER t DELETE ON a BEGIN SELECT 1; END").len(), 1);
    }

    #[test]
    fn a_trigger_without_its_end_is_an_error() {
        let script = "SELECT 1;\nCREATE TRIGGER t DELETE ON a BEGIN SELECT 1; SELECT 2;";
        assert_eq!(error(script, Dialect::Sqlite), (2, 1, SplitProblem::UnterminatedTrigger));
    }

    #[test]
    fn a_comment_may_be_left_open_at_the_end() {
        assert_eq!(pieces("SELECT 1; /* open"), ["SELECT 1"]);
    }

    #[test]
    fn dot_commands_are_explained() {
        let mode = SplitProblem::SqliteCommand(".mode".into());
        assert_eq!(error("SELECT 1;\n.mode csv\n", Dialect::Sqlite), (2, 1, mode));
        assert_eq!(pieces("SELECT main\n.t.a").len(), 1);
    }
}
