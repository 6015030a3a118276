//! The tokens of MySQL and MariaDB.

use super::super::error::SplitProblem;
use super::{LexError, Lexer, TokenKind, is_name_part, is_name_start};
use dunlin_compat::model::Dialect;

impl Lexer<'_> {
    pub(super) fn mysql(&mut self, start: usize, first: u8) -> Result<(TokenKind, usize), LexError> {
        let second = self.byte(start + 1);
        if self.inside_code() && first == b'*' && second == Some(b'/') {
            self.open_code.pop();
            return Ok((TokenKind::CodeClose, start + 2));
        }
        if first == b'/' && second == Some(b'*') && !self.delimiter.starts_with("/*") {
            return self.mysql_comment(start);
        }
        if !self.inside_code() && self.is_delimiter(start) {
            return Ok((TokenKind::Delimiter, start + self.delimiter.len()));
        }
        Ok(match first {
            b'#' => (TokenKind::Comment, self.newline(start)),
            b'-' if second == Some(b'-') && self.is_dash_comment(start) => {
                (TokenKind::Comment, self.newline(start))
            }
            b'\'' => (TokenKind::Literal, self.string(start, start, self.backslash_escapes)?),
            b'"' if self.ansi_quotes => (TokenKind::QuotedName, self.quoted_name(start, start, b'"')?),
            b'"' => {
                let end = self.quoted(start, b'"', self.backslash_escapes);
                let problem = SplitProblem::UnterminatedString;
                (TokenKind::Literal, end.ok_or(LexError { offset: start, problem })?)
            }
            b'`' => (TokenKind::QuotedName, self.quoted_name(start, start, b'`')?),
            // `\N` is a spelling of NULL.
            b'\\' if second == Some(b'N') => (TokenKind::Symbol, start + 2),
            b'0'..=b'9' => (TokenKind::Number, self.mysql_word(start)),
            _ if is_name_start(first) || first == b'$' => (TokenKind::Word, self.mysql_word(start)),
            _ => (TokenKind::Symbol, start + 1),
        })
    }

    /// A plain comment, or the opening of one whose content is code.
    fn mysql_comment(&mut self, start: usize) -> Result<(TokenKind, usize), LexError> {
        let rest = self.text.get(start..).unwrap_or_default();
        let opening = if rest.starts_with("/*!") {
            3
        } else if self.dialect == Dialect::Mariadb && rest.starts_with("/*M!") {
            4
        } else {
            0
        };
        let digits = rest.bytes().skip(opening).take_while(u8::is_ascii_digit).count().min(6);
        // A version that no server reaches marks text for none: mariadb-dump's `/*M!999999\- … */`.
        let never = digits >= 5 && rest.bytes().skip(opening).take(digits).all(|byte| byte == b'9');
        if opening > 0 && !never {
            self.open_code.push(start);
            return Ok((TokenKind::CodeOpen, start + opening + if digits >= 5 { digits } else { 0 }));
        }
        match rest.get(2..).and_then(|content| content.find("*/")) {
            Some(index) => Ok((TokenKind::Comment, start + 2 + index + 2)),
            None => Err(LexError { offset: start, problem: SplitProblem::UnterminatedComment }),
        }
    }

    /// `--` begins a comment before whitespace or a control character only; the mysql client takes any at the start
    /// of a statement.
    fn is_dash_comment(&self, start: usize) -> bool {
        self.at_statement_start || self.byte(start + 2).is_none_or(|byte| byte <= b' ' || byte == 0x7f)
    }

    fn is_delimiter(&self, offset: usize) -> bool {
        self.bytes.get(offset..).is_some_and(|rest| rest.starts_with(self.delimiter.as_bytes()))
    }

    /// The end of a word, which a delimiter ends even in its midst: `END$$`.
    fn mysql_word(&self, start: usize) -> usize {
        let mut offset = start + 1;
        while self.byte(offset).is_some_and(is_name_part)
            && (self.inside_code() || !self.is_delimiter(offset))
        {
            offset += 1;
        }
        offset
    }
}
