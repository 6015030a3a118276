//! Reads a statement token by token, comments and inactive executable comments left out.

use super::QualifiedName;
use crate::sql::lexer::{Lexer, Token, TokenKind};
use dunlin_compat::model::Dialect;
use std::rc::Rc;

/// As many tokens as decide what a statement is. A `COPY` with 1,600 columns has some 3,200.
const MOST_TOKENS: usize = 10_000;

/// PostgreSQL cuts identifiers to this many bytes.
const POSTGRES_NAME_BYTES: usize = 63;

/// A place in the tokens of a statement.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    dialect: Dialect,
    /// Shared, so that looking ahead with a clone costs nothing.
    tokens: Rc<[Token]>,
    index: usize,
}

impl<'a> Reader<'a> {
    /// Reads as far as the text makes sense.
    pub(crate) fn new(text: &'a str, dialect: Dialect, server_version: (u32, u32, u32)) -> Reader<'a> {
        let mut lexer = Lexer::new(text, 0, dialect);
        let mut tokens = Vec::new();
        let mut depth = 0_usize;
        // The depth of the executable comment that this server skips.
        let mut skipped: Option<usize> = None;
        while let Ok(Some(token)) = lexer.next_token() {
            match token.kind {
                TokenKind::Comment => {}
                TokenKind::CodeOpen => {
                    depth += 1;
                    if skipped.is_none() && !is_executed(token.text(text), dialect, server_version) {
                        skipped = Some(depth);
                    }
                }
                TokenKind::CodeClose => {
                    if skipped == Some(depth) {
                        skipped = None;
                    }
                    depth = depth.saturating_sub(1);
                }
                _ if skipped.is_some() => {}
                _ => tokens.push(token),
            }
            if tokens.len() >= MOST_TOKENS {
                break;
            }
        }
        Reader { text, dialect, tokens: tokens.into(), index: 0 }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether nothing is left.
    pub(crate) fn at_end(&self) -> bool {
        self.index >= self.tokens.len()
    }

    /// The text of the next token.
    pub(crate) fn peek(&self) -> Option<&'a str> {
        self.token().map(|token| token.text(self.text))
    }

    /// The kind of the next token.
    pub(crate) fn kind(&self) -> Option<TokenKind> {
        self.token().map(|token| token.kind)
    }

    /// Whether the next token is this keyword.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.token().is_some_and(|token| token.is_word(self.text, word))
    }

    /// Whether the next token is one of these keywords.
    pub(crate) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Passes the keyword if it is next.
    pub(crate) fn eat(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.index += usize::from(found);
        found
    }

    /// Passes one of the keywords if it is next.
    pub(crate) fn eat_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.eat(word))
    }

    /// Passes the keywords if all are next, in order.
    pub(crate) fn eat_all(&mut self, words: &[&str]) -> bool {
        let start = self.index;
        let found = words.iter().all(|word| self.eat(word));
        if !found {
            self.index = start;
        }
        found
    }

    /// Passes the symbol if it is next.
    pub(crate) fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.token().is_some_and(|token| token.is_symbol(self.text, symbol));
        self.index += usize::from(found);
        found
    }

    /// Whether the next token is this symbol.
    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.token().is_some_and(|token| token.is_symbol(self.text, symbol))
    }

    /// Where the next token begins; the end of the text behind the last.
    pub(crate) fn start(&self) -> usize {
        self.token().map_or(self.text.len(), |token| token.start)
    }

    /// Where the token before ends.
    pub(crate) fn end(&self) -> usize {
        let before = self.index.min(self.tokens.len()).checked_sub(1);
        before.and_then(|index| self.tokens.get(index)).map_or(0, |token| token.end)
    }

    /// The text from a byte to the end of the token before.
    pub(crate) fn text_from(&self, start: usize) -> &'a str {
        self.text.get(start..self.end()).unwrap_or_default()
    }

    /// Passes everything.
    pub(crate) fn skip_all(&mut self) {
        self.index = self.tokens.len();
    }

    /// Passes a token of any kind.
    pub(crate) fn skip(&mut self) {
        self.index += 1;
    }

    /// Passes what the parenthesis that is next holds, and its end; nothing when none is next.
    pub(crate) fn skip_parentheses(&mut self) -> bool {
        if !self.eat_symbol("(") {
            return false;
        }
        let mut depth = 1_usize;
        while depth > 0 && !self.at_end() {
            if self.eat_symbol("(") {
                depth += 1;
            } else if self.eat_symbol(")") {
                depth -= 1;
            } else {
                self.skip();
            }
        }
        true
    }

    /// Passes everything up to and with the keyword, outside parentheses; false at the end without it.
    pub(crate) fn find(&mut self, word: &str) -> bool {
        while !self.at_end() {
            if self.eat(word) {
                return true;
            }
            if !self.skip_parentheses() {
                self.skip();
            }
        }
        false
    }

    /// Whether the keyword follows somewhere outside parentheses.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.clone().find(word)
    }

    /// Whether any of the tokens from here on, inside parentheses too, is one of these words.
    pub(crate) fn mentions(&self, words: &[&str]) -> bool {
        let rest = self.tokens.get(self.index..).unwrap_or_default();
        rest.iter().any(|token| words.iter().any(|word| token.is_word(self.text, word)))
    }

    /// Whether a variable of this name is given a value somewhere: `name =` or `name :=`.
    pub(crate) fn assigns(&self, name: &str) -> bool {
        let rest = self.tokens.get(self.index..).unwrap_or_default();
        rest.windows(2).any(|pair| match pair {
            [variable, sign] => {
                variable.is_word(self.text, name)
                    && (sign.is_symbol(self.text, "=") || sign.is_symbol(self.text, ":"))
            }
            _ => false,
        })
    }

    /// The names of functions called from here on with what is their first argument, where it is a literal.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (&'a str, Option<String>)> + '_ {
        let rest = self.tokens.get(self.index..).unwrap_or_default();
        rest.windows(2).enumerate().filter_map(move |(index, pair)| {
            let [name, parenthesis] = pair else { return None };
            if name.kind != TokenKind::Word || !parenthesis.is_symbol(self.text, "(") {
                return None;
            }
            let argument = rest.get(index + 2).filter(|token| token.kind == TokenKind::Literal);
            Some((name.text(self.text), argument.map(|token| literal_value(token.text(self.text)))))
        })
    }

    /// Passes a name with up to two qualifiers, of which the one before the name counts.
    pub(crate) fn name(&mut self) -> Option<QualifiedName> {
        let start = self.index;
        let mut schema = None;
        let Some(mut name) = self.identifier() else {
            self.index = start;
            return None;
        };
        while self.eat_symbol(".") {
            let Some(next) = self.identifier() else { break };
            schema = Some(std::mem::replace(&mut name, next));
        }
        Some(QualifiedName { schema, name })
    }

    /// Passes names with commas between; stops at what is none.
    pub(crate) fn names(&mut self) -> Vec<QualifiedName> {
        let mut names = Vec::new();
        while let Some(name) = self.name() {
            names.push(name);
            // The argument types of a function.
            self.skip_parentheses();
            if !self.eat_symbol(",") {
                break;
            }
        }
        names
    }

    /// Passes one identifier and gives it as the catalog spells it.
    pub(crate) fn identifier(&mut self) -> Option<String> {
        let token = self.token()?;
        let text = token.text(self.text);
        let name = match token.kind {
            TokenKind::Word if self.dialect == Dialect::Postgres => shorten(text.to_ascii_lowercase()),
            TokenKind::Word => text.to_owned(),
            TokenKind::QuotedName if self.dialect == Dialect::Postgres => shorten(unquote(text)?),
            TokenKind::QuotedName => unquote(text)?,
            // SQLite takes a string for a name, and MySQL does under ANSI_QUOTES.
            TokenKind::Literal if self.dialect == Dialect::Sqlite => unquote(text)?,
            TokenKind::Literal if text.starts_with('"') => unquote(text)?,
            _ => return None,
        };
        self.index += 1;
        Some(name)
    }

    /// The value of the literal that is next.
    pub(crate) fn literal(&mut self) -> Option<String> {
        if self.kind() != Some(TokenKind::Literal) {
            return None;
        }
        let value = self.peek().map(literal_value);
        self.skip();
        value
    }

    fn token(&self) -> Option<&Token> {
        self.tokens.get(self.index)
    }
}

/// Whether the server takes the content of an executable comment, of which `opening` is `/*!50003`, for code.
/// MariaDB leaves out what is meant for MySQL 5.7 and later.
fn is_executed(opening: &str, dialect: Dialect, (major, minor, patch): (u32, u32, u32)) -> bool {
    let digits = opening.trim_start_matches(['/', '*', 'M', '!']);
    let Ok(wanted) = digits.parse::<u32>() else {
        return true;
    };
    if dialect == Dialect::Mariadb && !opening.starts_with("/*M") && (50_700..=99_999).contains(&wanted) {
        return false;
    }
    let server = major.saturating_mul(10_000).saturating_add(minor.saturating_mul(100)).saturating_add(patch);
    server >= wanted
}

/// The content of a quoted identifier. None for PostgreSQL's `U&"…"`, whose escapes are not decoded.
fn unquote(text: &str) -> Option<String> {
    let quote = text.chars().next()?;
    let close = if quote == '[' { ']' } else { quote };
    let inner = text.strip_prefix(quote)?.strip_suffix(close)?;
    match quote {
        '[' => Some(inner.to_owned()),
        '"' | '`' | '\'' => Some(inner.replace(&format!("{quote}{quote}"), &quote.to_string())),
        _ => None,
    }
}

/// The content of a string literal, escapes other than doubled quotes left as they are.
fn literal_value(text: &str) -> String {
    if text.starts_with('$') {
        let tag =
            text.find('$').and_then(|first| text.get(first + 1..)?.find('$')).map_or(0, |index| index + 2);
        return text.get(tag..text.len().saturating_sub(tag)).unwrap_or_default().to_owned();
    }
    let Some(start) = text.find(['\'', '"']) else {
        return String::new();
    };
    let quote = text.get(start..start + 1).unwrap_or("'");
    let inner = text.get(start + 1..text.len().saturating_sub(1)).unwrap_or_default();
    inner.replace(&format!("{quote}{quote}"), quote)
}

fn shorten(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(POSTGRES_NAME_BYTES));
    name
}
