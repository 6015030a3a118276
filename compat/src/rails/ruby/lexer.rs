//! Tokens of the part of Ruby that configuration files are made of.
//!
//! What is not known here is no error of the file: whoever asks is told where it stands, and a Ruby has to look at it.

/// A token and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned {
    /// The token.
    pub token: Token,
    /// Its line, from 1.
    pub line: usize,
    /// Whether a blank stands before it.
    pub after_blank: bool,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A whole number.
    Integer(i64),
    /// A string, `'…'` or `"…"`.
    Text(Vec<Piece>),
    /// `%w[…]` or `%i[…]`.
    Words(Vec<String>),
    /// `:name`
    Symbol(String),
    /// `name:`, before a value.
    Label(String),
    /// A name that begins with a small letter, with its `?` or `!`; keywords are names too.
    Name(String),
    /// A name that begins with a capital letter.
    Constant(String),
    /// `@name`, `@@name` or `$name`.
    Sigil(String),
    /// An operator or a bracket.
    Operator(&'static str),
    /// The end of a statement: a line break or `;`.
    Newline,
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// What stands in `#{…}`.
    Code(Vec<Spanned>),
}

/// Where and why the tokens end before the text does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotKnown {
    /// The line, from 1.
    pub line: usize,
    /// What is not known.
    pub what: &'static str,
}

/// Longest first.
const OPERATORS: [&str; 42] = [
    "**=", "<=>", "===", "...", "<<=", ">>=", "&&=", "||=", "&.", "**", "==", "!=", ">=", "<=", "&&", "||",
    "=~", "!~", "..", "::", "+=", "-=", "*=", "=>", "->", "<<", ">>", "+", "-", "*", "%", "=", "<", ">", "!",
    "?", ":", ",", "(", ")", "[", "]",
];
const MORE_OPERATORS: [&str; 6] = ["{", "}", ".", "|", "&", "^"];

/// How deep strings may stand in code in strings.
const DEPTH: usize = 16;

/// Cuts a text into tokens; its first line has the number `line`.
///
/// # Errors
/// Something in it is not known here.
pub fn tokens(text: &str, line: usize) -> Result<Vec<Spanned>, NotKnown> {
    cut(text, line, 0)
}

fn cut(text: &str, line: usize, depth: usize) -> Result<Vec<Spanned>, NotKnown> {
    if depth > DEPTH {
        return Err(NotKnown { line, what: "strings in code in strings, too deep" });
    }
    let mut lexer = Lexer { rest: text, line, found: Vec::new(), after_blank: true, depth };
    while let Some(first) = lexer.rest.chars().next() {
        lexer.next(first)?;
    }
    Ok(lexer.found)
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    found: Vec<Spanned>,
    after_blank: bool,
    depth: usize,
}

impl<'a> Lexer<'a> {
    fn push(&mut self, token: Token, line: usize) {
        self.found.push(Spanned { token, line, after_blank: self.after_blank });
        self.after_blank = false;
    }

    /// Takes so many bytes, which end at a character.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.line += taken.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
        taken
    }

    fn not_known<T>(&self, what: &'static str) -> Result<T, NotKnown> {
        Err(NotKnown { line: self.line, what })
    }

    fn next(&mut self, first: char) -> Result<(), NotKnown> {
        let line = self.line;
        match first {
            '\n' | ';' => {
                self.push(Token::Newline, line);
                self.take(1);
                self.after_blank = true;
                if first == '\n' && self.rest.starts_with("=begin") {
                    return self.not_known("a comment of several lines");
                }
            }
            ' ' | '\t' | '\r' => {
                self.take(1);
                self.after_blank = true;
            }
            '\\' if self.rest.starts_with("\\\n") => {
                self.take(2);
                self.after_blank = true;
            }
            '#' => {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.take(end);
            }
            '0'..='9' => self.number()?,
            '"' | '\'' => {
                self.take(1);
                let pieces = self.string(None, first, first == '"')?;
                if self.rest.starts_with(':') && !self.rest.starts_with("::") {
                    return self.not_known("a quoted key");
                }
                self.push(Token::Text(pieces), line);
            }
            '%' if self.begins_value() && self.rest.len() > 2 => self.percent()?,
            ':' if self.rest.starts_with(":\"") => return self.not_known("a quoted symbol"),
            ':' if self.rest.chars().nth(1).is_some_and(is_start) && !self.rest.starts_with("::") => {
                self.take(1);
                let name = self.name();
                self.push(Token::Symbol(name), line);
            }
            '@' | '$' => {
                let length = self.rest.chars().take_while(|character| "@$".contains(*character)).count();
                let sigil = self.take(length).to_owned();
                let name = self.name();
                self.push(Token::Sigil(sigil + &name), line);
            }
            _ if is_start(first) => self.word(first, line),
            _ => {
                let all = OPERATORS.iter().chain(&MORE_OPERATORS);
                let Some(operator) = all.into_iter().find(|operator| self.rest.starts_with(**operator))
                else {
                    return self.not_known("a sign");
                };
                if *operator == "<<" && self.begins_value() {
                    return self.not_known("a here document");
                }
                self.take(operator.len());
                self.push(Token::Operator(operator), line);
            }
        }
        Ok(())
    }

    /// Whether a value may begin here, rather than an operator.
    fn begins_value(&self) -> bool {
        match self.found.last().map(|spanned| &spanned.token) {
            None | Some(Token::Newline | Token::Label(_)) => true,
            Some(Token::Operator(operator)) => !matches!(*operator, ")" | "]" | "}"),
            Some(Token::Name(name)) => {
                matches!(name.as_str(), "if" | "unless" | "elsif" | "and" | "or" | "not" | "then" | "return")
                    || self.after_blank
                        && !self.rest.get(1..).is_some_and(|rest| rest.starts_with([' ', '=']))
            }
            _ => false,
        }
    }

    fn name(&mut self) -> String {
        let length = self
            .rest
            .char_indices()
            .find(|(_, character)| !is_start(*character) && !character.is_ascii_digit())
            .map_or(self.rest.len(), |(position, _)| position);
        self.take(length).to_owned()
    }

    fn word(&mut self, first: char, line: usize) {
        let mut name = self.name();
        let mut after = self.rest.chars();
        match (after.next(), after.next()) {
            (Some(mark @ ('?' | '!')), next) if next != Some('=') && !(mark == '?' && next == Some(':')) => {
                self.take(1);
                name.push(mark);
            }
            (Some(':'), next) if next != Some(':') && !self.is_else_of_question() => {
                self.take(1);
                return self.push(Token::Label(name), line);
            }
            _ => {}
        }
        let token = if first.is_ascii_uppercase() { Token::Constant(name) } else { Token::Name(name) };
        self.push(token, line);
    }

    /// `a ? b: c` is rare, but what stands before its colon is no key.
    fn is_else_of_question(&self) -> bool {
        self.found
            .iter()
            .rev()
            .take_while(|spanned| spanned.token != Token::Newline)
            .any(|spanned| matches!(spanned.token, Token::Operator("?")))
    }

    fn number(&mut self) -> Result<(), NotKnown> {
        let line = self.line;
        let length =
            self.rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let digits = self.take(length);
        let is_float =
            self.rest.starts_with('.') && self.rest.chars().nth(1).is_some_and(|next| next.is_ascii_digit());
        let is_octal = digits.len() > 1 && digits.starts_with('0');
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
        if is_float || is_octal || !plain || digits.ends_with('_') || digits.contains("__") {
            return self.not_known("a number");
        }
        match digits.replace('_', "").parse() {
            Ok(number) => self.push(Token::Integer(number), line),
            Err(_) => return self.not_known("a large number"),
        }
        Ok(())
    }

    fn percent(&mut self) -> Result<(), NotKnown> {
        let line = self.line;
        let mut after = self.rest.chars().skip(1);
        let (kind, open) = match (after.next(), after.next()) {
            (Some(kind @ ('w' | 'i' | 'q' | 'Q')), Some(open)) => (kind, open),
            (Some(open), _) => ('Q', open),
            _ => return self.not_known("a sign"),
        };
        let close = match open {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            '|' | '!' | '/' => open,
            _ => return self.not_known("a kind of string"),
        };
        let bare = self.rest.chars().nth(1) == Some(open);
        self.take(if bare { 1 + open.len_utf8() } else { 2 + open.len_utf8() });
        let pieces = self.string((open != close).then_some(open), close, kind == 'Q')?;
        if matches!(kind, 'q' | 'Q') {
            self.push(Token::Text(pieces), line);
            return Ok(());
        }
        let text: String = pieces
            .into_iter()
            .map(|piece| if let Piece::Text(text) = piece { text } else { String::new() })
            .collect();
        self.push(Token::Words(text.split_whitespace().map(str::to_owned).collect()), line);
        Ok(())
    }

    /// The rest of a string, up to its end.
    fn string(&mut self, open: Option<char>, close: char, doubled: bool) -> Result<Vec<Piece>, NotKnown> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut nested = 0_usize;
        loop {
            let Some(character) = self.rest.chars().next() else {
                return self.not_known("a string without end");
            };
            if doubled && self.rest.starts_with("#{") {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Code(self.interpolation()?));
                continue;
            }
            if doubled && (self.rest.starts_with("#@") || self.rest.starts_with("#$")) {
                return self.not_known("a variable in a string");
            }
            self.take(character.len_utf8());
            match character {
                '\\' => self.escape(doubled, close, &mut text)?,
                _ if character == close && nested == 0 => break,
                _ => {
                    nested = if Some(character) == open {
                        nested + 1
                    } else if character == close {
                        nested - 1
                    } else {
                        nested
                    };
                    text.push(character);
                }
            }
        }
        pieces.push(Piece::Text(text));
        Ok(pieces)
    }

    fn escape(&mut self, doubled: bool, close: char, text: &mut String) -> Result<(), NotKnown> {
        let Some(escaped) = self.rest.chars().next() else {
            return self.not_known("a string without end");
        };
        if !doubled {
            if escaped != '\\' && escaped != close {
                text.push('\\');
            }
            text.push(escaped);
            self.take(escaped.len_utf8());
            return Ok(());
        }
        text.push(match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'e' => '\u{1b}',
            's' => ' ',
            '"' | '\'' | '\\' | '#' | '/' | '$' | '@' | '.' | '-' | ':' => escaped,
            _ => return self.not_known("an escape in a string"),
        });
        self.take(escaped.len_utf8());
        Ok(())
    }

    /// `#{…}` with brackets and strings inside.
    fn interpolation(&mut self) -> Result<Vec<Spanned>, NotKnown> {
        let line = self.line;
        self.take(2);
        let mut depth = 0_usize;
        let mut quote: Option<char> = None;
        let mut escaped = false;
        for (position, character) in self.rest.char_indices() {
            match (quote, character) {
                _ if escaped => escaped = false,
                (Some(_), '\\') => escaped = true,
                (Some(open), _) if character == open => quote = None,
                (Some('"'), '#') if self.rest.get(position..).is_some_and(|rest| rest.starts_with("#{")) => {
                    return self.not_known("code in a string in code in a string");
                }
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(character),
                (None, '{') => depth += 1,
                (None, '}') if depth == 0 => {
                    let code = self.take(position);
                    self.take(1);
                    return cut(code, line, self.depth + 1);
                }
                (None, '}') => depth -= 1,
                _ => {}
            }
        }
        self.not_known("a string without end")
    }
}

fn is_start(character: char) -> bool {
    character == '_' || character.is_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Token> {
        tokens(text, 1).unwrap().into_iter().map(|spanned| spanned.token).collect()
    }

    fn text(text: &str) -> Token {
        Token::Text(vec![Piece::Text(text.to_owned())])
    }

    #[test]
    fn words_strings_and_operators_are_told_apart() {
        let name = |name: &str| Token::Name(name.to_owned());
        assert_eq!(
            kinds("ENV['A'].present? ? x : \"b\\n\""),
            [
                Token::Constant("ENV".to_owned()),
                Token::Operator("["),
                text("A"),
                Token::Operator("]"),
                Token::Operator("."),
                name("present?"),
                Token::Operator("?"),
                name("x"),
                Token::Operator(":"),
                text("b\n"),
            ]
        );
        assert_eq!(
            kinds("a key: %w[x y], :z # c"),
            [
                name("a"),
                Token::Label("key".to_owned()),
                Token::Words(vec!["x".to_owned(), "y".to_owned()]),
                Token::Operator(","),
                Token::Symbol("z".to_owned()),
            ]
        );
    }

    #[test]
    fn lines_are_counted() {
        let found = tokens("a\n\n'b\nc'\nd", 7).unwrap();
        let lines: Vec<usize> = found.iter().map(|spanned| spanned.line).collect();
        assert_eq!(lines, [7, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn what_is_not_known_is_told() {
        for text in
            ["\"a", "'a\\", "<<~SQL\na\nSQL", "1.5", "0x1f", "\"#{\"#{1}\"}\"", "`ls`", "a /b/", "\u{a7}"]
        {
            assert!(tokens(text, 1).is_err(), "{text}");
        }
    }
}
