//! Why a script cannot be cut into statements.

use super::text;

/// A place in a script and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
#[non_exhaustive]
pub struct SplitError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte offset in the script.
    pub offset: usize,
    /// What is wrong.
    pub problem: SplitProblem,
}

impl SplitError {
    pub(super) fn new(script: &str, offset: usize, problem: SplitProblem) -> SplitError {
        let position = text::position(script, offset);
        SplitError { line: position.line, column: position.column, offset, problem }
    }

    /// What to do about it, one sentence.
    pub fn advice(&self) -> &'static str {
        self.problem.advice()
    }
}

/// What is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitProblem {
    /// `'…` without its end.
    #[error("a string literal that starts here is never closed")]
    UnterminatedString,
    /// `"…`, `` `… `` or `[…` without its end.
    #[error("a quoted identifier that starts here is never closed")]
    UnterminatedIdentifier,
    /// `/* …` without its end.
    #[error("a comment that starts here is never closed")]
    UnterminatedComment,
    /// `/*! …` without its end.
    #[error("an executable comment that starts here is never closed")]
    UnterminatedExecutableComment,
    /// `$tag$ …` without its end.
    #[error("a dollar-quoted string that starts here is never closed: {0} does not occur again")]
    UnterminatedDollarQuote(String),
    /// `(` without `)`.
    #[error("a parenthesis that opens here is never closed")]
    UnterminatedParenthesis,
    /// A `BEGIN`, `CASE`, `IF` … of a compound body without its `END`; with the keyword.
    #[error("the {0} that starts here has no END")]
    UnterminatedBody(&'static str),
    /// A SQLite trigger whose body does not end in `; END`.
    #[error("the body of the trigger that starts here does not end in `; END;`")]
    UnterminatedTrigger,
    /// COPY data without `\.`.
    #[error("the data of this COPY … FROM STDIN has no end: no line holds only `\\.`")]
    UnterminatedCopyData,
    /// Something but a comment between `COPY … FROM STDIN;` and the end of its line.
    #[error("text follows COPY … FROM STDIN on its own line, where only its data may follow")]
    TextAfterCopy,
    /// `\restrict` or `\unrestrict`, which pg_dump writes for psql.
    #[error("`{0}` is a command that pg_dump writes for psql, not SQL")]
    PsqlRestrict(String),
    /// Any other psql command.
    #[error("`{0}` is a command of the psql program, not SQL")]
    PsqlCommand(String),
    /// A command of the mysql or mariadb program.
    #[error("`{0}` is a command of the mysql client program, not SQL")]
    MysqlCommand(String),
    /// A command of the sqlite3 program.
    #[error("`{0}` is a command of the sqlite3 program, not SQL")]
    SqliteCommand(String),
    /// A stored program or block of MariaDB's Oracle mode that is to be cut at `;`.
    #[error("under sql_mode ORACLE this {0} may hold semicolons, and nothing tells which of them ends it")]
    OracleBody(&'static str),
    /// `DELIMITER` without an argument.
    #[error("DELIMITER is not followed by a delimiter")]
    EmptyDelimiter,
    /// `DELIMITER \\`.
    #[error("a delimiter cannot contain a backslash")]
    BackslashDelimiter,
    /// `DELIMITER` before the statement ahead of it has ended.
    #[error("DELIMITER changes inside a statement that has not ended")]
    DelimiterInsideStatement,
    /// An expression for `sql_mode` that only the server can evaluate.
    #[error(
        "this value of sql_mode decides how the strings that follow are read, and cannot be told without the server"
    )]
    UnclearSqlMode,
    /// A NUL character.
    #[error("the script contains a NUL character, which this database cannot receive")]
    Nul,
}

impl SplitProblem {
    /// What to do about it, one sentence.
    pub fn advice(&self) -> &'static str {
        match self {
            SplitProblem::UnterminatedString => {
                "Add the closing quote; a quote inside a literal is written twice."
            }
            SplitProblem::UnterminatedIdentifier => "Add the closing quote of the identifier.",
            SplitProblem::UnterminatedComment => {
                "Close the comment with `*/`; in PostgreSQL every `/*` inside it needs its own."
            }
            SplitProblem::UnterminatedExecutableComment => "Close the comment with `*/`.",
            SplitProblem::UnterminatedDollarQuote(_) => {
                "Close the string with the same tag, in the same case."
            }
            SplitProblem::UnterminatedParenthesis => "Add the closing parenthesis.",
            SplitProblem::UnterminatedBody(_) => {
                "Close the block with its END, or set a DELIMITER around the statement."
            }
            SplitProblem::UnterminatedTrigger => {
                "End the last statement of the body with a semicolon and the body with END."
            }
            SplitProblem::UnterminatedCopyData => "Add a line that holds only `\\.` after the data.",
            SplitProblem::TextAfterCopy => "Move what follows the semicolon behind the data.",
            SplitProblem::PsqlRestrict(_) => {
                "Remove the \\restrict and \\unrestrict lines; they guard psql only, and the SQL between them is complete."
            }
            SplitProblem::PsqlCommand(_) => "Remove the line, or write what it does in SQL.",
            SplitProblem::MysqlCommand(_) => {
                "Remove it, or write what it does in SQL; DELIMITER and USE are understood."
            }
            SplitProblem::SqliteCommand(_) => {
                "Remove the line, or write what it does in SQL, such as a PRAGMA."
            }
            SplitProblem::OracleBody(_) => {
                "Set a DELIMITER around it, such as `DELIMITER //`, and end it with that."
            }
            SplitProblem::EmptyDelimiter => "Name one, as in `DELIMITER //`.",
            SplitProblem::BackslashDelimiter => "Choose another delimiter, such as `//`.",
            SplitProblem::DelimiterInsideStatement => "End the statement with the current delimiter first.",
            SplitProblem::UnclearSqlMode => {
                "Write the modes as one string, or NO_BACKSLASH_ESCAPES and ANSI_QUOTES in a SET of their own."
            }
            SplitProblem::Nul => "Remove the character, or save the file as UTF-8 if it is UTF-16.",
        }
    }
}
