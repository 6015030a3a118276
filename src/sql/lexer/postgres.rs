//! PostgreSQL's tokens, as its `scan.l` has them.

use super::super::error::SplitProblem;
use super::{LexError, Lexer, TokenKind, is_name_start, is_space};

impl Lexer<'_> {
    pub(super) fn postgres(&mut self, start: usize, first: u8) -> Result<(TokenKind, usize), LexError> {
        let second = self.byte(start + 1);
        Ok(match first {
            b'-' if second == Some(b'-') => (TokenKind::Comment, self.line_end(start)),
            b'/' if second == Some(b'*') => (TokenKind::Comment, self.nested_comment(start)?),
            b'\'' => (TokenKind::Literal, self.string(start, start, self.backslash_escapes)?),
            b'"' => (TokenKind::QuotedName, self.quoted_name(start, start, b'"')?),
            b'$' => match self.dollar_tag(start) {
                Some(tag) => (TokenKind::Literal, self.dollar_string(start, tag)?),
                None => (TokenKind::Symbol, start + 1),
            },
            b';' => (TokenKind::Delimiter, start + 1),
            b'0'..=b'9' => (TokenKind::Number, self.number(start)),
            _ if is_name_start(first) => return self.postgres_word(start, first, second),
            _ => (TokenKind::Symbol, start + 1),
        })
    }

    /// A word, or the string whose prefix it turns out to be.
    fn postgres_word(
        &self,
        start: usize,
        first: u8,
        second: Option<u8>,
    ) -> Result<(TokenKind, usize), LexError> {
        match (first, second, self.byte(start + 2)) {
            (b'e' | b'E', Some(b'\''), _) => Ok((TokenKind::Literal, self.escape_string(start, start + 1)?)),
            (b'b' | b'B' | b'x' | b'X', Some(b'\''), _) => {
                Ok((TokenKind::Literal, self.string(start, start + 1, false)?))
            }
            (b'n' | b'N', Some(b'\''), _) => {
                Ok((TokenKind::Literal, self.string(start, start + 1, self.backslash_escapes)?))
            }
            (b'u' | b'U', Some(b'&'), Some(b'\'')) => {
                Ok((TokenKind::Literal, self.string(start, start + 2, false)?))
            }
            (b'u' | b'U', Some(b'&'), Some(b'"')) => {
                Ok((TokenKind::QuotedName, self.quoted_name(start, start + 2, b'"')?))
            }
            _ => Ok((TokenKind::Word, self.word(start))),
        }
    }

    /// `E'…'` with the segments that continue it on later lines, in which backslashes escape too.
    fn escape_string(&self, start: usize, quote: usize) -> Result<usize, LexError> {
        let mut end = self.string(start, quote, true)?;
        while let Some(next) = self.continued_quote(end) {
            end = self.string(start, next, true)?;
        }
        Ok(end)
    }

    /// The quote that continues a string ended at `end`: whitespace and `--` comments with a line end among them
    /// may stand between.
    fn continued_quote(&self, end: usize) -> Option<usize> {
        let mut offset = end;
        let mut line_ended = false;
        loop {
            match self.byte(offset)? {
                b'\n' | b'\r' => line_ended = true,
                b'-' if self.byte(offset + 1) == Some(b'-') => {
                    offset = self.line_end(offset);
                    continue;
                }
                b'\'' if line_ended => return Some(offset),
                byte if is_space(byte) => {}
                _ => return None,
            }
            offset += 1;
        }
    }

    /// The end of the opening `$tag$` at `start`, if it is one and not a parameter.
    fn dollar_tag(&self, start: usize) -> Option<usize> {
        let mut offset = start + 1;
        if self.byte(offset)?.is_ascii_digit() {
            return None;
        }
        while self.byte(offset).is_some_and(|byte| is_name_start(byte) || byte.is_ascii_digit()) {
            offset += 1;
        }
        (self.byte(offset)? == b'$').then_some(offset + 1)
    }

    fn dollar_string(&self, start: usize, tag_end: usize) -> Result<usize, LexError> {
        let tag = self.text.get(start..tag_end).unwrap_or("$$");
        match self.text.get(tag_end..).and_then(|rest| rest.find(tag)) {
            Some(index) => Ok(tag_end + index + tag.len()),
            None => Err(LexError {
                offset: start,
                problem: SplitProblem::UnterminatedDollarQuote(tag.to_owned()),
            }),
        }
    }

    fn nested_comment(&self, start: usize) -> Result<usize, LexError> {
        let mut depth = 0_usize;
        let mut offset = start;
        loop {
            match (self.byte(offset), self.byte(offset + 1)) {
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    offset += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth = depth.saturating_sub(1);
                    offset += 2;
                    if depth == 0 {
                        return Ok(offset);
                    }
                }
                (Some(_), _) => offset += 1,
                (None, _) => {
                    return Err(LexError { offset: start, problem: SplitProblem::UnterminatedComment });
                }
            }
        }
    }
}
