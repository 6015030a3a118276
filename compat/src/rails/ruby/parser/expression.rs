//! Expressions, from the loosest operators to the tightest.

use super::super::lexer::{Piece, Spanned, Token};
use super::super::tree::{Block, Call, Expression, Part, Unit};
use super::{Parsed, Parser, expression};

impl Parser<'_> {
    /// An expression with `if` or `unless` after it.
    pub(super) fn with_modifiers(&mut self) -> Parsed<Expression> {
        let mut value = self.low()?;
        loop {
            let is_unless = self.is_word("unless");
            if !is_unless && !self.is_word("if") {
                return Ok(value);
            }
            self.position += 1;
            let condition = self.low()?;
            let (then, otherwise) =
                if is_unless { (Expression::Nil, value) } else { (value, Expression::Nil) };
            value = Expression::If(Box::new(condition), Box::new(then), Box::new(otherwise));
        }
    }

    /// `not`, `and`, `or`.
    pub(super) fn low(&mut self) -> Parsed<Expression> {
        let mut left = self.low_not()?;
        loop {
            let is_and = self.is_word("and");
            if !is_and && !self.is_word("or") {
                return Ok(left);
            }
            self.position += 1;
            self.skip_newlines();
            let right = Box::new(self.low_not()?);
            left = if is_and {
                Expression::And(Box::new(left), right)
            } else {
                Expression::Or(Box::new(left), right)
            };
        }
    }

    fn low_not(&mut self) -> Parsed<Expression> {
        if self.eat_word("not") {
            return Ok(Expression::Not(Box::new(self.deeper(Self::low_not)?)));
        }
        self.deeper(Self::ternary)
    }

    fn ternary(&mut self) -> Parsed<Expression> {
        let condition = self.binary(0)?;
        if !self.eat("?") {
            return Ok(condition);
        }
        self.skip_newlines();
        let then = self.deeper(Self::ternary)?;
        self.skip_newlines();
        if !self.eat(":") {
            return self.not_known("a `?` without `:`");
        }
        self.skip_newlines();
        let otherwise = self.deeper(Self::ternary)?;
        Ok(Expression::If(Box::new(condition), Box::new(then), Box::new(otherwise)))
    }

    fn binary(&mut self, level: usize) -> Parsed<Expression> {
        const LEVELS: [&[&str]; 6] =
            [&["||"], &["&&"], &["==", "!="], &["<", ">", "<=", ">="], &["+", "-"], &["*"]];
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(Token::Operator(operator)) = self.token() {
            let operator = *operator;
            if !operators.contains(&operator) {
                break;
            }
            self.position += 1;
            self.skip_newlines();
            let right = Box::new(self.binary(level + 1)?);
            left = match operator {
                "||" => Expression::Or(Box::new(left), right),
                "&&" => Expression::And(Box::new(left), right),
                "!=" => Expression::Not(Box::new(Expression::Binary("==", Box::new(left), right))),
                _ => Expression::Binary(operator, Box::new(left), right),
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Expression> {
        if self.eat("!") {
            return Ok(Expression::Not(Box::new(self.deeper(Self::unary)?)));
        }
        if self.is("-") {
            self.position += 1;
            if let Some(Token::Integer(number)) = self.token() {
                let number = -*number;
                self.position += 1;
                return self.chain(Expression::Integer(number));
            }
            return self.not_known("a sign before a value");
        }
        let first = self.primary()?;
        self.chain(first)
    }

    /// Methods and indexes after a value.
    fn chain(&mut self, mut value: Expression) -> Parsed<Expression> {
        loop {
            if self.is("[") && self.spanned().is_some_and(|spanned| !spanned.after_blank) {
                self.position += 1;
                let arguments = self.arguments("]")?;
                value = call(Some(value), false, "[]".to_owned(), arguments, None);
                continue;
            }
            // A method may stand on the next line.
            let mut ahead = self.position;
            while matches!(self.units.get(ahead), Some(Unit::Token(Spanned { token: Token::Newline, .. }))) {
                ahead += 1;
            }
            let is_dot = |unit: Option<&Unit>| {
                matches!(unit, Some(Unit::Token(Spanned { token: Token::Operator("." | "&."), .. })))
            };
            if is_dot(self.units.get(ahead)) {
                self.position = ahead;
            } else if !self.is("::") {
                return Ok(value);
            }
            let safe = self.is("&.");
            let is_scope = self.is("::");
            self.position += 1;
            self.skip_newlines();
            match (self.token().cloned(), &value) {
                (Some(Token::Constant(name)), Expression::Constant(scope)) if is_scope => {
                    value = Expression::Constant(format!("{scope}::{name}"));
                    self.position += 1;
                }
                (Some(Token::Name(name)), _) if !is_scope => {
                    self.position += 1;
                    let (arguments, block) = self.call_rest()?;
                    value = call(Some(value), safe, name, arguments, block);
                }
                _ => return self.not_known("a method"),
            }
        }
    }

    /// Arguments in brackets or without, and a block.
    fn call_rest(&mut self) -> Parsed<(Vec<Expression>, Option<Block>)> {
        let blank = self.spanned().is_some_and(|spanned| spanned.after_blank);
        let arguments = if self.is("(") && !blank {
            self.position += 1;
            self.arguments(")")?
        } else if blank && self.begins_argument() {
            self.bare_arguments()?
        } else {
            Vec::new()
        };
        Ok((arguments, self.block()?))
    }

    fn begins_argument(&self) -> bool {
        match self.token() {
            Some(
                Token::Text(_) | Token::Integer(_) | Token::Symbol(_) | Token::Constant(_) | Token::Words(_),
            ) => true,
            Some(Token::Name(name)) => !matches!(
                name.as_str(),
                "if" | "unless"
                    | "and"
                    | "or"
                    | "not"
                    | "then"
                    | "do"
                    | "end"
                    | "else"
                    | "elsif"
                    | "rescue"
                    | "while"
            ),
            _ => false,
        }
    }

    fn bare_arguments(&mut self) -> Parsed<Vec<Expression>> {
        let mut arguments = vec![self.deeper(Self::ternary)?];
        while self.eat(",") {
            self.skip_newlines();
            arguments.push(self.deeper(Self::ternary)?);
        }
        Ok(arguments)
    }

    fn arguments(&mut self, close: &'static str) -> Parsed<Vec<Expression>> {
        let mut arguments = Vec::new();
        loop {
            self.skip_newlines();
            if self.eat(close) {
                return Ok(arguments);
            }
            arguments.push(self.deeper(Self::low)?);
            self.skip_newlines();
            if !self.eat(",") {
                self.expect(close)?;
                return Ok(arguments);
            }
        }
    }

    fn block(&mut self) -> Parsed<Option<Block>> {
        let close = if self.eat("{") {
            "}"
        } else if self.eat_word("do") {
            "end"
        } else {
            return Ok(None);
        };
        let mut parameters = Vec::new();
        if self.eat("|") {
            while let Some(Token::Name(name)) = self.token().cloned() {
                self.position += 1;
                parameters.push(name);
                self.eat(",");
            }
            self.expect("|")?;
        } else if self.eat("||") {
            return self.not_known("a block");
        }
        let body = self.deeper(|parser| parser.statements(&[close]))?;
        if !self.eat(close) && !self.eat_word(close) {
            return self.not_known("a block without end");
        }
        Ok(Some(Block { parameters, body }))
    }

    fn primary(&mut self) -> Parsed<Expression> {
        let Some(token) = self.token().cloned() else {
            return self.not_known("a value that is missing");
        };
        self.position += 1;
        Ok(match token {
            Token::Integer(number) => Expression::Integer(number),
            Token::Symbol(name) => Expression::Symbol(name),
            Token::Words(words) => Expression::List(
                words.into_iter().map(|word| Expression::Text(vec![Part::Text(word)])).collect(),
            ),
            Token::Text(pieces) => {
                let mut parts = self.parts(pieces)?;
                while let Some(Token::Text(more)) = self.token().cloned() {
                    self.position += 1;
                    parts.extend(self.parts(more)?);
                }
                Expression::Text(parts)
            }
            Token::Constant(name) => Expression::Constant(name),
            Token::Operator("::") => match self.token().cloned() {
                Some(Token::Constant(name)) => {
                    self.position += 1;
                    Expression::Constant(name)
                }
                _ => return self.not_known("a sign"),
            },
            Token::Operator("(") => {
                self.skip_newlines();
                let inner = self.deeper(Self::with_modifiers)?;
                self.skip_newlines();
                self.expect(")")?;
                inner
            }
            Token::Operator("[") => Expression::List(self.arguments("]")?),
            Token::Name(name) => return self.name(name),
            _ => {
                self.position -= 1;
                return self.not_known("a sign");
            }
        })
    }

    fn name(&mut self, name: String) -> Parsed<Expression> {
        match name.as_str() {
            "nil" => Ok(Expression::Nil),
            "true" => Ok(Expression::Bool(true)),
            "false" => Ok(Expression::Bool(false)),
            "begin" | "case" | "def" | "class" | "module" | "while" | "until" | "for" | "return"
            | "yield" | "if" | "unless" | "else" | "elsif" | "end" | "do" | "then" | "rescue" | "ensure"
            | "self" | "super" | "defined?" | "lambda" | "proc" => {
                self.position -= 1;
                self.not_known("a keyword")
            }
            _ => {
                let (arguments, block) = self.call_rest()?;
                if arguments.is_empty() && block.is_none() {
                    return Ok(Expression::Name(name));
                }
                Ok(call(None, false, name, arguments, block))
            }
        }
    }

    fn parts(&mut self, pieces: Vec<Piece>) -> Parsed<Vec<Part>> {
        let part = |piece| match piece {
            Piece::Text(text) => Ok(Part::Text(text)),
            Piece::Code(tokens) => expression(&tokens).map(Part::Code),
        };
        self.deeper(|_| pieces.into_iter().map(part).collect())
    }
}

fn call(
    receiver: Option<Expression>,
    safe: bool,
    name: String,
    arguments: Vec<Expression>,
    block: Option<Block>,
) -> Expression {
    Expression::Call(Box::new(Call { receiver, safe, name, arguments, block }))
}
