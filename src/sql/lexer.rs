//! The lexer under splitters and classifier: cuts a text into tokens as the dialect's server does.
//!
//! It looks at bytes only, because every character that means something to it is ASCII, and never allocates.

use super::error::SplitProblem;
use dunlin_compat::model::Dialect;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword or an unquoted identifier.
    Word,
    /// A quoted identifier with its quotes. In MySQL `"…"` is a [`TokenKind::Literal`].
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

    fn postgres(&mut self, start: usize, first: u8) -> Result<(TokenKind, usize), LexError> {
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

    fn mysql(&mut self, start: usize, first: u8) -> Result<(TokenKind, usize), LexError> {
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

    fn sqlite(&mut self, start: usize, first: u8) -> Result<(TokenKind, usize), LexError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str, dialect: Dialect) -> Vec<(TokenKind, &str)> {
        let mut lexer = Lexer::new(text, 0, dialect);
        let mut found = Vec::new();
        while let Some(token) = lexer.next_token().unwrap() {
            found.push((token.kind, token.text(text)));
        }
        found
    }

    fn only(text: &str, dialect: Dialect) -> TokenKind {
        let found = tokens(text, dialect);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found[0].0
    }

    #[test]
    fn postgres_strings_are_one_token() {
        for text in [
            "'it''s'",
            r"'a\'",
            r"E'it\'s'",
            r"e'\\'",
            "U&'d!0061' ",
            "b'01'",
            "X'1F'",
            "N'x'",
            "$$a;b$$",
            "$tag$ $$ $other$ $tag$",
            "$été$x$été$",
            "E'a'\n  '\\'b'",
            "e'a' -- note\n'\\'b'",
            "$a$ $a $a$",
        ] {
            assert_eq!(only(text.trim(), Dialect::Postgres), TokenKind::Literal, "{text}");
        }
    }

    #[test]
    fn a_dollar_inside_an_identifier_or_before_a_digit_opens_no_string() {
        assert_eq!(only("a$b$c", Dialect::Postgres), TokenKind::Word);
        assert_eq!(
            tokens("$1$ x", Dialect::Postgres),
            [
                (TokenKind::Symbol, "$"),
                (TokenKind::Number, "1"),
                (TokenKind::Symbol, "$"),
                (TokenKind::Word, "x")
            ]
        );
    }

    #[test]
    fn comments_nest_in_postgres_only() {
        let text = "/* a /* b */ c */";
        assert_eq!(only(text, Dialect::Postgres), TokenKind::Comment);
        for dialect in [Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite] {
            assert_eq!(tokens(text, dialect)[0], (TokenKind::Comment, "/* a /* b */"), "{dialect}");
        }
    }

    #[test]
    fn two_dashes_need_whitespace_in_mysql_inside_a_statement() {
        assert_eq!(tokens("1--1", Dialect::Mysql).len(), 4);
        assert_eq!(tokens("1-- 1", Dialect::Mysql).len(), 2);
        assert_eq!(tokens("1 --\n2", Dialect::Mysql).len(), 3);
        assert_eq!(only("--x", Dialect::Mysql), TokenKind::Comment);
        assert_eq!(tokens("1--1", Dialect::Sqlite).len(), 2);
    }

    #[test]
    fn the_content_of_an_executable_comment_is_code() {
        for text in ["/*!40101 SET */", "/*! SET */", "/*M!100100 SET */", "/*!100100 SET */"] {
            let kinds: Vec<_> = tokens(text, Dialect::Mariadb).into_iter().map(|(kind, _)| kind).collect();
            assert_eq!(kinds, [TokenKind::CodeOpen, TokenKind::Word, TokenKind::CodeClose], "{text}");
        }
        for text in ["/*M!999999\\- enable the sandbox mode */", "/*!99999 don't */", "/*+ HINT */", "/**/"] {
            assert_eq!(only(text, Dialect::Mariadb), TokenKind::Comment, "{text}");
        }
    }

    #[test]
    fn a_delimiter_ends_a_word_in_its_midst() {
        let mut lexer = Lexer::new("END$$", 0, Dialect::Mysql);
        lexer.delimiter = "$$";
        assert_eq!(lexer.next_token().unwrap().unwrap().end, 3);
        assert_eq!(lexer.next_token().unwrap().unwrap().kind, TokenKind::Delimiter);
    }

    #[test]
    fn sqlite_quotes_names_four_ways() {
        for text in ["\"a\"\"b\"", "`a;b`", "[a;'b]"] {
            assert_eq!(only(text, Dialect::Sqlite), TokenKind::QuotedName, "{text}");
        }
        assert_eq!(only("/* open", Dialect::Sqlite), TokenKind::Comment);
    }
}
