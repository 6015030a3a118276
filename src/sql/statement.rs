//! A statement of a script, and how splitters collect them.

use super::text::Positions;

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement without its delimiter, from its first token. Comments inside and after it are kept, so it may
    /// end in a `--` comment: whoever joins statements must put a line break before the delimiter.
    pub text: String,
    /// Where `text` begins: byte offset in the script.
    pub start: usize,
    /// The same as line, from 1; lines end at `\n`, `\r` or `\r\n`.
    pub line: usize,
    /// The same as column, in characters from 1.
    pub column: usize,
    /// PostgreSQL: the data of `COPY … FROM STDIN`, its lines verbatim, up to but without the one with `\.`.
    pub copy_data: Option<String>,
}

/// Collects the statements of one script.
pub(super) struct Collector<'a> {
    script: &'a str,
    positions: Positions<'a>,
    statements: Vec<Statement>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(script: &'a str) -> Collector<'a> {
        Collector { script, positions: Positions::new(script), statements: Vec::new() }
    }

    /// Adds the statement between two byte offsets, whitespace at its end left out.
    pub(super) fn add(&mut self, start: usize, end: usize) {
        let text = self.script.get(start..end).unwrap_or_default();
        let text =
            text.trim_end_matches(|character: char| character.is_ascii_whitespace() || character == '\x0b');
        let position = self.positions.at(start);
        self.statements.push(Statement {
            text: text.to_owned(),
            start,
            line: position.line,
            column: position.column,
            copy_data: None,
        });
    }

    /// Gives the statement added last its COPY data.
    pub(super) fn set_copy_data(&mut self, data: &str) {
        if let Some(statement) = self.statements.last_mut() {
            statement.copy_data = Some(data.to_owned());
        }
    }

    pub(super) fn finish(self) -> Vec<Statement> {
        self.statements
    }
}

/// Where the SQL of a script begins: behind a byte order mark.
pub(super) fn beginning(script: &str) -> usize {
    if script.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}
