//! Statements and expressions from tokens: the way into them, and the place that a parser has come to.

mod expression;
mod statement;

use super::lexer::{NotKnown, Spanned, Token};
use super::tree::{Expression, Statement, Unit};

/// How deep expressions and statements may stand in each other.
const DEPTH: usize = 60;

/// A whole program.
///
/// # Errors
/// Something is not known here.
pub fn program(units: &[Unit]) -> Result<Vec<Statement>, NotKnown> {
    let mut parser = Parser { units, position: 0, depth: 0 };
    let statements = parser.statements(&[])?;
    match parser.units.get(parser.position) {
        None => Ok(statements),
        Some(_) => parser.not_known("a statement"),
    }
}

/// One expression, which is all there is.
///
/// # Errors
/// Something is not known here.
pub fn expression(tokens: &[Spanned]) -> Result<Expression, NotKnown> {
    let units: Vec<Unit> = tokens.iter().cloned().map(Unit::Token).collect();
    let mut parser = Parser { units: &units, position: 0, depth: 0 };
    parser.skip_newlines();
    let found = parser.with_modifiers()?;
    parser.skip_newlines();
    match parser.units.get(parser.position) {
        None => Ok(found),
        Some(_) => parser.not_known("what follows the value"),
    }
}

struct Parser<'a> {
    units: &'a [Unit],
    position: usize,
    depth: usize,
}

type Parsed<T> = Result<T, NotKnown>;

impl Parser<'_> {
    fn spanned(&self) -> Option<&Spanned> {
        match self.units.get(self.position)? {
            Unit::Token(spanned) => Some(spanned),
            _ => None,
        }
    }

    fn token(&self) -> Option<&Token> {
        self.spanned().map(|spanned| &spanned.token)
    }

    fn line(&self) -> usize {
        let before = self.units.get(..=self.position).unwrap_or(self.units);
        let last = before.iter().rev().find_map(|unit| match unit {
            Unit::Token(spanned) => Some(spanned.line),
            _ => None,
        });
        last.unwrap_or(1)
    }

    fn not_known<T>(&self, what: &'static str) -> Parsed<T> {
        Err(NotKnown { line: self.line(), what })
    }

    fn is(&self, operator: &str) -> bool {
        matches!(self.token(), Some(Token::Operator(found)) if *found == operator)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.token(), Some(Token::Name(found)) if found == word)
    }

    fn eat(&mut self, operator: &str) -> bool {
        let found = self.is(operator);
        self.position += usize::from(found);
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, operator: &'static str) -> Parsed<()> {
        if self.eat(operator) { Ok(()) } else { self.not_known("a bracket that is not closed") }
    }

    fn skip_newlines(&mut self) {
        while self.token() == Some(&Token::Newline) {
            self.position += 1;
        }
    }

    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEPTH {
            return self.not_known("code that is too deep");
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    fn parse(text: &str) -> Result<Expression, NotKnown> {
        expression(&tokens(text, 1)?)
    }

    #[test]
    fn operators_bind_as_in_ruby() {
        let same = [
            ("a || b && c", "a || (b && c)"),
            ("a or b && c", "(a) or ((b && c))"),
            ("!a == b", "(!a) == b"),
            ("a ? b : c ? d : e", "a ? b : (c ? d : e)"),
            ("1 + 2 * 3", "1 + (2 * 3)"),
            ("x.y z, 1", "x.y(z, 1)"),
            ("x\n  .y", "x.y"),
            ("a != b", "!(a == b)"),
        ];
        for (left, right) in same {
            assert_eq!(parse(left).unwrap(), parse(right).unwrap(), "{left}");
        }
    }

    #[test]
    fn what_is_not_known_is_no_panic() {
        for text in ["", "a +", "(a", "[1", "a ? b", "x {", "case a", "a b c)", "{a: 1}", "->{}", "a = 1"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"(".repeat(5000)).is_err());
        assert!(parse(&"!".repeat(5000)).is_err());
    }
}
