//! SQLite's tokens, as its `tokenize.c` has them.

use super::super::error::SplitProblem;
use super::{LexError, Lexer, TokenKind, is_name_start};

impl Lexer<'_> {
    pub(super) fn sqlite(&mut self, start: usize, first: u8) -> Result<(TokenKind, usize), LexError> {
        let second = self.byte(start + 1);
        Ok(match first {
            b'-' if second == Some(b'-') => (TokenKind::Comment, self.newline(start)),
            // SQLite takes a comment that is not closed as closed by the end.
            b'/' if second == Some(b'*') => {
                let content = self.text.get(start + 2..).unwrap_or_default();
                let end = content.find("*/").map_or(self.bytes.len(), |index| start + 2 + index + 2);
                (TokenKind::Comment, end)
            }
            b'\'' => (TokenKind::Literal, self.string(start, start, false)?),
            b'"' | b'`' => (TokenKind::QuotedName, self.quoted_name(start, start, first)?),
            b'[' => {
                let end = self.find_byte(start, |byte| byte == b']');
                if end == self.bytes.len() {
                    return Err(LexError { offset: start, problem: SplitProblem::UnterminatedIdentifier });
                }
                (TokenKind::QuotedName, end + 1)
            }
            b';' => (TokenKind::Delimiter, start + 1),
            b'0'..=b'9' => (TokenKind::Number, self.number(start)),
            _ if is_name_start(first) => (TokenKind::Word, self.word(start)),
            _ => (TokenKind::Symbol, start + 1),
        })
    }
}
