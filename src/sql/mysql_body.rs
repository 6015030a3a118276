//! Follows the compound body of a MySQL or MariaDB statement, to tell the semicolons inside it from the one behind it.
//!
//! Flyway's `MySQLParser` counts BEGIN, CASE and END wherever they stand. Here a keyword opens a block only where a
//! statement can begin, so that `IF(a, b, c)`, `REPEAT('x', 3)`, `DROP TABLE IF EXISTS` and a column named `end` do not.

use super::lexer::{Token, TokenKind};

/// The words with which a routine's body of a single statement begins. After them, only expressions follow.
const SIMPLE_STATEMENTS: [&str; 34] = [
    "ALTER",
    "ANALYZE",
    "CALL",
    "COMMIT",
    "CREATE",
    "DEALLOCATE",
    "DELETE",
    "DO",
    "DROP",
    "EXECUTE",
    "FLUSH",
    "GET",
    "GRANT",
    "INSERT",
    "KILL",
    "LOCK",
    "OPTIMIZE",
    "PREPARE",
    "RENAME",
    "REPLACE",
    "RESIGNAL",
    "RETURN",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "SHOW",
    "SIGNAL",
    "START",
    "TRUNCATE",
    "UPDATE",
    "VALUES",
    "WITH",
];

/// What opened a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Begin,
    If,
    Case,
    CaseExpression,
    Loop,
    Repeat,
    While,
    For,
}

impl Block {
    fn keyword(self) -> &'static str {
        match self {
            Block::Begin => "BEGIN",
            Block::If => "IF",
            Block::Case | Block::CaseExpression => "CASE",
            Block::Loop => "LOOP",
            Block::Repeat => "REPEAT",
            Block::While => "WHILE",
            Block::For => "FOR",
        }
    }
}

/// What a `CREATE` makes that can have a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Routine,
    Trigger,
    Event,
}

/// How far the statement has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    /// Nothing yet, or only a label.
    #[default]
    First,
    /// After a first word that may be a label.
    FirstWord,
    /// After a first `BEGIN`, which is a block only before `NOT ATOMIC`.
    FirstBegin,
    /// After `CREATE` or `ALTER`.
    Head { alter: bool },
    /// Between the name of the program and its body; `ready` where the body may begin.
    Header { program: Program, ready: bool },
    /// In the body.
    Body,
    /// Any other statement: its first semicolon ends it.
    Plain,
}

/// How far a `DECLARE … HANDLER FOR conditions statement` has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Handler {
    #[default]
    None,
    Declared,
    Named,
    /// Among the conditions; `expected` directly after FOR or a comma.
    Conditions {
        expected: bool,
    },
}

/// The state of the statement being read.
#[derive(Debug, Default)]
pub(super) struct Body {
    stage: Stage,
    blocks: Vec<(Block, usize)>,
    /// Whether a statement of the body may begin here.
    at_statement: bool,
    /// Whether the last token was the first word of a statement and may be a label.
    maybe_label: bool,
    /// Whether the last token was an END, whose next word belongs to it.
    after_end: bool,
    /// Whether THEN or DO is still to come.
    in_condition: bool,
    /// Whether UNTIL has been read.
    until: bool,
    handler: Handler,
    parentheses: usize,
    previous: Option<Token>,
}

impl Body {
    /// Whether a semicolon here ends the statement.
    pub(super) fn is_closed(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The innermost block that is open: where it begins and its keyword.
    pub(super) fn unclosed(&self) -> Option<(usize, &'static str)> {
        self.blocks.last().map(|&(block, offset)| (offset, block.keyword()))
    }

    /// A semicolon inside the body.
    pub(super) fn semicolon(&mut self) {
        self.begin_statement();
        self.previous = None;
    }

    /// Any other token.
    pub(super) fn take(&mut self, script: &str, token: Token) {
        match token.kind {
            TokenKind::Word => self.word(script, token),
            TokenKind::Symbol if token.text(script) == ";" => self.begin_statement(),
            // The braces of an executable comment are no part of the grammar.
            TokenKind::CodeOpen | TokenKind::CodeClose => return,
            _ => self.other(script, token),
        }
        self.previous = Some(token);
    }

    fn begin_statement(&mut self) {
        self.at_statement = true;
        self.maybe_label = false;
        self.after_end = false;
        self.in_condition = false;
        self.until = false;
        self.handler = Handler::None;
    }

    fn other(&mut self, script: &str, token: Token) {
        let text = token.text(script);
        match text {
            "(" => self.parentheses += 1,
            ")" => {
                self.parentheses = self.parentheses.saturating_sub(1);
                if let Stage::Header { program: Program::Routine, ready } = &mut self.stage
                    && self.parentheses == 0
                {
                    *ready = true;
                }
            }
            _ => {}
        }
        match self.stage {
            Stage::FirstWord if text == ":" => self.stage = Stage::First,
            Stage::First | Stage::FirstWord | Stage::FirstBegin => self.stage = Stage::Plain,
            Stage::Body => {
                self.at_statement = self.maybe_label && text == ":";
                self.maybe_label = false;
                self.after_end = false;
                if let Handler::Conditions { expected } = &mut self.handler {
                    *expected = text == ",";
                }
            }
            Stage::Head { .. } | Stage::Header { .. } | Stage::Plain => {}
        }
    }

    fn word(&mut self, script: &str, token: Token) {
        let follows = |symbols: &[&str]| {
            self.previous.is_some_and(|previous| {
                symbols.iter().any(|symbol| previous.is_symbol(script, symbol)) && previous.end == token.start
            })
        };
        // `NEW.begin` and `@end` are names.
        if follows(&[".", "@"]) {
            self.at_statement = false;
            return;
        }
        match self.stage {
            Stage::First => self.first(script, token),
            Stage::FirstBegin if token.is_word(script, "NOT") => {
                let offset = self.previous.map_or(token.start, |begin| begin.start);
                self.open(Block::Begin, offset);
            }
            Stage::FirstWord | Stage::FirstBegin => self.stage = Stage::Plain,
            Stage::Head { alter } => self.head(script, token, alter),
            Stage::Header { program, ready } => self.header(script, token, program, ready),
            Stage::Body => self.body_word(script, token),
            Stage::Plain => {}
        }
    }

    fn first(&mut self, script: &str, token: Token) {
        self.stage = if token.is_word(script, "CREATE") {
            Stage::Head { alter: false }
        } else if token.is_word(script, "ALTER") {
            Stage::Head { alter: true }
        } else if token.is_word(script, "BEGIN") {
            Stage::FirstBegin
        } else {
            Stage::FirstWord
        };
        // MariaDB runs these outside of routines too.
        if self.stage == Stage::FirstWord && opener(script, token).is_some() {
            self.begin_statement();
            self.stage = Stage::Body;
            self.body_word(script, token);
        }
    }

    /// `[OR REPLACE] [DEFINER = user] [AGGREGATE] PROCEDURE|FUNCTION|TRIGGER|EVENT`.
    fn head(&mut self, script: &str, token: Token, alter: bool) {
        let is = |words: &[&str]| words.iter().any(|word| token.is_word(script, word));
        let names_user = self
            .previous
            .is_some_and(|previous| previous.is_symbol(script, "=") || previous.is_symbol(script, "@"));
        if names_user || is(&["OR", "REPLACE", "DEFINER", "AGGREGATE"]) {
            return;
        }
        let header = |program, ready| Stage::Header { program, ready };
        self.stage = if is(&["EVENT"]) {
            header(Program::Event, false)
        } else if alter {
            Stage::Plain
        } else if is(&["PROCEDURE", "FUNCTION"]) {
            self.parentheses = 0;
            header(Program::Routine, false)
        } else if is(&["TRIGGER"]) {
            header(Program::Trigger, false)
        } else {
            Stage::Plain
        };
    }

    fn header(&mut self, script: &str, token: Token, program: Program, ready: bool) {
        let after = |word: &str| self.previous.is_some_and(|previous| previous.is_word(script, word));
        if !ready {
            if program == Program::Event && token.is_word(script, "DO") {
                self.stage = Stage::Body;
                self.begin_statement();
            } else if program == Program::Trigger && token.is_word(script, "ROW") && after("EACH") {
                self.stage = Stage::Header { program, ready: true };
            }
            return;
        }
        // `RETURNS text CHARACTER SET utf8mb4`, `RETURNS ENUM('a')` and `FOLLOWS other_trigger` go on.
        if self.parentheses > 0 || after("CHARACTER") || after("FOLLOWS") || after("PRECEDES") {
            return;
        }
        let simple = SIMPLE_STATEMENTS.iter().any(|word| token.is_word(script, word));
        if simple || opener(script, token).is_some() {
            self.stage = Stage::Body;
            self.begin_statement();
            self.body_word(script, token);
        }
    }

    fn body_word(&mut self, script: &str, token: Token) {
        if std::mem::take(&mut self.after_end) {
            self.at_statement = false;
            return;
        }
        self.maybe_label = false;
        self.follow_handler(script, token);
        if self.at_statement { self.statement_word(script, token) } else { self.inner_word(script, token) }
    }

    /// A word where a statement may begin.
    fn statement_word(&mut self, script: &str, token: Token) {
        let is = |words: &[&str]| words.iter().any(|word| token.is_word(script, word));
        if let Some(block) = opener(script, token) {
            self.open(block, token.start);
        } else if is(&["END"]) {
            self.close();
        } else if is(&["ELSEIF", "ELSIF", "WHEN"]) {
            self.at_statement = false;
            self.in_condition = true;
        } else if is(&["UNTIL"]) {
            self.at_statement = false;
            self.until = true;
        } else if is(&["DECLARE"]) {
            self.at_statement = false;
            self.handler = Handler::Declared;
        } else if !is(&["ELSE", "NOT", "ATOMIC"]) {
            self.at_statement = false;
            self.maybe_label = true;
        }
    }

    /// A word inside a statement or an expression.
    fn inner_word(&mut self, script: &str, token: Token) {
        let is = |word: &str| token.is_word(script, word);
        let top = self.blocks.last().map(|&(block, _)| block);
        if is("CASE") {
            self.blocks.push((Block::CaseExpression, token.start));
        } else if is("END") {
            match top {
                Some(Block::CaseExpression) => {
                    self.blocks.pop();
                }
                Some(Block::Repeat) if self.until => self.close(),
                _ => {}
            }
        } else if (is("THEN") && matches!(top, Some(Block::If | Block::Case)))
            || (is("DO") && matches!(top, Some(Block::While | Block::For)))
        {
            self.at_statement = self.in_condition;
            self.in_condition = false;
        }
    }

    fn open(&mut self, block: Block, offset: usize) {
        self.stage = Stage::Body;
        self.blocks.push((block, offset));
        self.at_statement = matches!(block, Block::Begin | Block::Loop | Block::Repeat);
        self.in_condition = !self.at_statement;
    }

    fn close(&mut self) {
        self.blocks.pop();
        self.at_statement = false;
        self.after_end = true;
        self.until = false;
    }

    /// Finds the statement of a handler: the first word that is no part of its conditions.
    fn follow_handler(&mut self, script: &str, token: Token) {
        let is = |words: &[&str]| words.iter().any(|word| token.is_word(script, word));
        self.handler = match self.handler {
            Handler::Declared if is(&["HANDLER"]) => Handler::Named,
            Handler::Named if is(&["FOR"]) => Handler::Conditions { expected: true },
            Handler::Conditions { expected: true } => Handler::Conditions { expected: false },
            Handler::Conditions { expected: false } if !is(&["VALUE", "FOUND"]) => {
                self.at_statement = true;
                Handler::None
            }
            other => other,
        };
    }
}

/// The block that a word opens where a statement may begin.
fn opener(script: &str, token: Token) -> Option<Block> {
    const OPENERS: [(&str, Block); 7] = [
        ("BEGIN", Block::Begin),
        ("IF", Block::If),
        ("CASE", Block::Case),
        ("LOOP", Block::Loop),
        ("REPEAT", Block::Repeat),
        ("WHILE", Block::While),
        ("FOR", Block::For),
    ];
    OPENERS.into_iter().find(|(word, _)| token.is_word(script, word)).map(|(_, block)| block)
}

#[cfg(test)]
mod tests {
    use super::super::SplitProblem;
    use super::super::tests::{error, texts};
    use dunlin_compat::model::Dialect;

    #[test]
    fn a_body_is_one_statement_without_a_delimiter_of_its_own() {
        for first in [
            "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END",
            "CREATE DEFINER=`root`@`localhost` PROCEDURE p() BEGIN SELECT 1; END",
            "CREATE DEFINER=event@localhost PROCEDURE p() BEGIN SELECT 1; END",
            "CREATE DEFINER=CURRENT_USER() PROCEDURE IF NOT EXISTS p() BEGIN SELECT 1; END",
            "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN RETURN 1; END",
            "CREATE FUNCTION f() RETURNS varchar(9) CHARACTER SET utf8mb4 BEGIN RETURN 1; END",
            "CREATE FUNCTION f(a ENUM('x')) RETURNS ENUM('a','b') DETERMINISTIC BEGIN RETURN 1; END",
            "CREATE AGGREGATE FUNCTION f(x int) RETURNS int BEGIN LOOP FETCH GROUP NEXT ROW; END LOOP; END",
            "CREATE PROCEDURE p() BEGIN BEGIN SELECT 1; END; SELECT 2; END",
            "CREATE PROCEDURE p() l: BEGIN LEAVE l; END l",
            "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; ELSEIF b THEN SELECT 2; ELSE SELECT 3; END IF; END",
            "CREATE PROCEDURE p() BEGIN IF (a) THEN SELECT 1; END IF; SELECT IF(a, b, c); END",
            "CREATE PROCEDURE p() BEGIN IF IF(a, b, c) THEN IF EXISTS (SELECT 1) THEN SELECT 1; END IF; END IF; END",
            "CREATE PROCEDURE p() BEGIN CASE a WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE; SELECT 2; END",
            "CREATE PROCEDURE p() BEGIN CASE WHEN CASE a WHEN 1 THEN 2 ELSE 3 END THEN SELECT 1; END CASE; END",
            "CREATE PROCEDURE p() BEGIN SELECT CASE WHEN a THEN b ELSE c END; SELECT (CASE WHEN a THEN b END) END; END",
            "CREATE PROCEDURE p() BEGIN SET x = CASE WHEN a THEN IF(b, 1, 2) END; IF x THEN SELECT 1; END IF; END",
            "CREATE PROCEDURE p() BEGIN l: LOOP LEAVE l; END LOOP l; SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN REPEAT SET a = REPEAT('x', 3); UNTIL a END REPEAT; SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN w: WHILE a DO SET a = 1; DO SLEEP(1); END WHILE w; SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN FOR i IN 1..10 DO SELECT i; END FOR; SELECT a FROM t FOR UPDATE; END",
            "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = IF(a, 1, 2); SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLSTATE VALUE '23000', 1062, dup IF a THEN SELECT 1; END IF; END",
            "CREATE PROCEDURE p() BEGIN DECLARE c CURSOR FOR SELECT a FROM t; DROP TABLE IF EXISTS t; END",
            "CREATE PROCEDURE p() BEGIN SELECT t.end, t.begin, @end FROM t; START TRANSACTION; COMMIT; END",
            "CREATE PROCEDURE p() BEGIN INSERT INTO t (begin, `end`) VALUES (1, 2); SELECT end FROM t; END",
            "CREATE PROCEDURE p() IF a THEN SELECT 1; END IF",
            "CREATE PROCEDURE p() COMMENT 'x' WHILE a DO SELECT 1; END WHILE",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW IF NEW.x THEN SET NEW.y = 1; END IF",
            "CREATE TRIGGER IF NOT EXISTS t AFTER DELETE ON a FOR EACH ROW FOLLOWS u BEGIN SELECT 1; END",
            "CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY STARTS IF(a, b, c) DO BEGIN SELECT 1; END",
            "ALTER EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN SELECT 1; END",
            "BEGIN NOT ATOMIC IF a THEN SELECT 1; END IF; SELECT 2; END",
            "IF a THEN SELECT 1; END IF",
            "l: WHILE a DO SELECT 1; END WHILE l",
            "CREATE PROCEDURE p() BEGIN BEGIN NOT ATOMIC IF a THEN SELECT 1; END IF; END; END",
        ] {
            for dialect in [Dialect::Mysql, Dialect::Mariadb] {
                assert_eq!(texts(&format!("{first};\nSELECT 2;"), dialect), [first, "SELECT 2"], "{first}");
            }
        }
    }

    #[test]
    fn these_end_at_their_first_semicolon() {
        for first in [
            "BEGIN",
            "BEGIN WORK",
            "XA BEGIN 'x'",
            "CREATE PROCEDURE p() SELECT IF(a, b, c)",
            "CREATE PROCEDURE IF NOT EXISTS p() SELECT 1",
            "CREATE FUNCTION f() RETURNS int RETURN CASE WHEN a THEN IF(b, 1, 2) END",
            "CREATE FUNCTION f RETURNS STRING SONAME 'f.so'",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.x = IF(a, b, c)",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE begin < 1",
            "CREATE TABLE t (begin int, `case` int)",
            "CREATE TABLE IF NOT EXISTS t (a int)",
            "CREATE VIEW v AS SELECT begin FROM t",
            "DROP PROCEDURE IF EXISTS p",
            "ALTER PROCEDURE p COMMENT 'begin'",
            "SELECT CASE WHEN a THEN b",
            "SELECT REPEAT('a', 2)",
        ] {
            for dialect in [Dialect::Mysql, Dialect::Mariadb] {
                assert_eq!(texts(&format!("{first};SELECT 2;"), dialect), [first, "SELECT 2"], "{first}");
            }
        }
    }

    #[test]
    fn a_body_without_its_end_is_an_error() {
        let script = "SELECT 1;\nCREATE PROCEDURE p() BEGIN\n  IF a THEN SELECT 1;\nEND;\n";
        assert_eq!(error(script, Dialect::Mysql), (2, 22, SplitProblem::UnterminatedBody("BEGIN")));
    }
}
