//! Statements.

use super::super::lexer::{Spanned, Token};
use super::super::tree::{Expression, Statement, Unit};
use super::{Parsed, Parser};

impl Parser<'_> {
    /// Statements up to one of the words (or operators), which is left.
    pub(super) fn statements(&mut self, until: &[&str]) -> Parsed<Vec<Statement>> {
        let mut found = Vec::new();
        loop {
            self.skip_newlines();
            let statement = match self.units.get(self.position) {
                None => return Ok(found),
                Some(Unit::Text(text)) => Statement::Text(text.clone()),
                Some(Unit::Output(number)) => Statement::Output(*number),
                Some(Unit::Token(_)) => {
                    if until.iter().any(|word| self.is_word(word) || self.is(word)) {
                        return Ok(found);
                    }
                    found.push(self.deeper(Self::statement)?);
                    match self.units.get(self.position) {
                        None | Some(Unit::Text(_) | Unit::Output(_)) => {}
                        Some(_) if self.token() == Some(&Token::Newline) => {}
                        Some(_) if until.iter().any(|word| self.is_word(word) || self.is(word)) => {}
                        Some(_) => return self.not_known("what follows a statement"),
                    }
                    continue;
                }
            };
            found.push(statement);
            self.position += 1;
        }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        let line = self.line();
        if self.is_word("if") || self.is_word("unless") {
            return self.conditional();
        }
        if let Some(Token::Name(name)) = self.token().cloned()
            && let Some(Unit::Token(Spanned { token: Token::Operator(operator @ ("=" | "||=")), .. })) =
                self.units.get(self.position + 1)
        {
            let operator = *operator;
            self.position += 2;
            self.skip_newlines();
            let value = self.with_modifiers()?;
            return Ok(Statement::Assign(name, operator, value, line));
        }
        Ok(Statement::Expression(self.with_modifiers()?, line))
    }

    fn conditional(&mut self) -> Parsed<Statement> {
        let line = self.line();
        let is_unless = self.is_word("unless");
        self.position += 1;
        let condition = self.condition()?;
        let condition = if is_unless { Expression::Not(Box::new(condition)) } else { condition };
        let mut arms = vec![(condition, self.statements(&["elsif", "else", "end"])?, line)];
        while self.is_word("elsif") {
            let line = self.line();
            self.position += 1;
            let condition = self.condition()?;
            arms.push((condition, self.statements(&["elsif", "else", "end"])?, line));
        }
        let otherwise = if self.eat_word("else") { self.statements(&["end"])? } else { Vec::new() };
        if !self.eat_word("end") {
            return self.not_known("an `if` without `end`");
        }
        Ok(Statement::If(arms, otherwise))
    }

    fn condition(&mut self) -> Parsed<Expression> {
        let condition = self.low()?;
        self.eat_word("then");
        Ok(condition)
    }
}
