//! The lexer under splitters and classifier: cuts a text into tokens as the dialect's server does.
//!
//! It looks at bytes only, because every character that means something to it is ASCII, and never allocates.

mod mysql;
mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;

use super::error::SplitProblem;
use dunlin_compat::model::Dialect;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A keyword or an unquoted identifier.
    Word,
    /// A quoted identifier with its quotes. In MySQL `"…"` is a [`TokenKind::Literal`] unless `ANSI_QUOTES` is set.
    QuotedName,
    /// A string of any spelling, with prefix and quotes.
    Literal,
    /// A number, or in MySQL an identifier that begins with a digit.
    Number,
    /// Any other character.
    Symbol,
    /// A comment that the server ignores, optimizer hints among them.
    Comment,
    /// The opening of a MySQL comment whose content is code: `/*!50003`.
    CodeOpen,
    /// The `*/` of it.
    CodeClose,
    /// The delimiter in force.
    Delimiter,
}

/// A token as a range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    /// The token's own text.
    pub(super) fn text<'a>(&self, script: &'a str) -> &'a str {
        script.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether it is this keyword, in any case.
    pub(super) fn is_word(&self, script: &str, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text(script).eq_ignore_ascii_case(word)
    }

    /// Whether it is this character outside of strings, names and comments.
    pub(super) fn is_symbol(&self, script: &str, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text(script) == symbol
    }
}

/// Where the text stops making sense.
#[derive(Debug)]
pub(super) struct LexError {
    pub(super) offset: usize,
    pub(super) problem: SplitProblem,
}

/// Reads tokens from a text.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    dialect: Dialect,
    /// The next byte to read.
    pub(super) position: usize,
    /// What ends a statement; only MySQL scripts change it.
    pub(super) delimiter: &'a str,
    /// Whether a backslash escapes in plain `'…'`.
    pub(super) backslash_escapes: bool,
    /// MySQL: whether `"…"` is a name and not a string.
    pub(super) ansi_quotes: bool,
    /// Whether no token of the statement has been seen: there the mysql client takes `--x` for a comment.
    pub(super) at_statement_start: bool,
    /// Offsets of the executable comments that are open.
    open_code: Vec<usize>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, position: usize, dialect: Dialect) -> Lexer<'a> {
        Lexer {
            text,
            bytes: text.as_bytes(),
            dialect,
            position,
            delimiter: ";",
            backslash_escapes: dialect.is_mysql_family(),
            ansi_quotes: false,
            at_statement_start: true,
            open_code: Vec::new(),
        }
    }

    /// The next token, or `None` at the end.
    pub(super) fn next_token(&mut self) -> Result<Option<Token>, LexError> {
        while self.byte(self.position).is_some_and(is_space) {
            self.position += 1;
        }
        let start = self.position;
        let Some(first) = self.byte(start) else {
            return match self.open_code.first() {
                Some(&offset) => {
                    Err(LexError { offset, problem: SplitProblem::UnterminatedExecutableComment })
                }
                None => Ok(None),
            };
        };
        let (kind, end) = match self.dialect {
            Dialect::Postgres => self.postgres(start, first)?,
            Dialect::Mysql | Dialect::Mariadb => self.mysql(start, first)?,
            Dialect::Sqlite => self.sqlite(start, first)?,
        };
        // Every token has at least one byte, so that the lexer always ends.
        self.position = end.clamp(start + 1, self.bytes.len());
        if !matches!(kind, TokenKind::Comment | TokenKind::Delimiter) {
            self.at_statement_start = false;
        }
        Ok(Some(Token { kind, start, end: self.position }))
    }

    /// Whether the reader stands inside a comment whose content is code.
    pub(super) fn inside_code(&self) -> bool {
        !self.open_code.is_empty()
    }

    /// Begins a new statement.
    pub(super) fn begin_statement(&mut self) {
        self.at_statement_start = true;
    }

    /// Offset of the end of the line at `offset`: of its `\n` or `\r`, or the end of the text.
    pub(super) fn line_end(&self, offset: usize) -> usize {
        self.find_byte(offset, |byte| byte == b'\n' || byte == b'\r')
    }

    fn byte(&self, offset: usize) -> Option<u8> {
        self.bytes.get(offset).copied()
    }

    fn find_byte(&self, start: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        rest.iter().position(|&byte| wanted(byte)).map_or(self.bytes.len(), |index| start + index)
    }

    /// The end of a comment in MySQL and SQLite, whose lines end at `\n` only.
    fn newline(&self, start: usize) -> usize {
        self.find_byte(start, |byte| byte == b'\n')
    }

    fn word(&self, start: usize) -> usize {
        self.find_byte(start, |byte| !is_name_part(byte))
    }

    /// Digits with what may follow them: `1.5e10`, `0x1F`, `1_000`.
    fn number(&self, start: usize) -> usize {
        self.find_byte(start, |byte| !(byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'))
    }

    fn string(&self, start: usize, quote: usize, backslashes: bool) -> Result<usize, LexError> {
        let end = self.quoted(quote, b'\'', backslashes);
        end.ok_or(LexError { offset: start, problem: SplitProblem::UnterminatedString })
    }

    fn quoted_name(&self, start: usize, quote: usize, mark: u8) -> Result<usize, LexError> {
        let end = self.quoted(quote, mark, false);
        end.ok_or(LexError { offset: start, problem: SplitProblem::UnterminatedIdentifier })
    }

    /// The end of what the quote at `start` opens. A doubled quote stands for one.
    fn quoted(&self, start: usize, mark: u8, backslashes: bool) -> Option<usize> {
        let mut offset = start + 1;
        loop {
            let byte = self.byte(offset)?;
            offset += 1;
            if byte == b'\\' && backslashes {
                offset += 1;
            } else if byte == mark {
                if self.byte(offset) != Some(mark) {
                    return Some(offset);
                }
                offset += 1;
            }
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_name_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}
