//! Expressions and statements from tokens.

use super::lexer::{NotKnown, Piece, Spanned, Token};

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// `nil`
    Nil,
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A string, its code parsed.
    Text(Vec<Part>),
    /// `:name`
    Symbol(String),
    /// `[…]`
    List(Vec<Expression>),
    /// A constant by its full name.
    Constant(String),
    /// A name without arguments: a variable, or a method of the file's own self.
    Name(String),
    /// A method.
    Call(Box<Call>),
    /// `a && b`
    And(Box<Expression>, Box<Expression>),
    /// `a || b`
    Or(Box<Expression>, Box<Expression>),
    /// `!a`
    Not(Box<Expression>),
    /// `a == b`, `a + b` and their like.
    Binary(&'static str, Box<Expression>, Box<Expression>),
    /// `a ? b : c`, `b if a`
    If(Box<Expression>, Box<Expression>, Box<Expression>),
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// The text of a value.
    Code(Expression),
}

/// A method on a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What it is called on; its own self where there is none.
    pub receiver: Option<Expression>,
    /// `&.`: nothing happens to nil.
    pub safe: bool,
    /// The method's name; `[]` for an index.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<Expression>,
    /// `{ … }` or `do … end`
    pub block: Option<Block>,
}

/// A block of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The names between its bars.
    pub parameters: Vec<String>,
    /// Its body.
    pub body: Vec<Statement>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Text of a template.
    Text(String),
    /// `<%= … %>`, by its number in the template.
    Output(usize),
    /// A value, at a line.
    Expression(Expression, usize),
    /// `name = value`, `name ||= value`.
    Assign(String, &'static str, Expression, usize),
    /// `if`, with what each condition leads to.
    If(Vec<(Expression, Vec<Statement>, usize)>, Vec<Statement>),
}

/// A piece of a program: tokens, or what a template has between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// A token of code.
    Token(Spanned),
    /// Text of a template.
    Text(String),
    /// `<%= … %>`
    Output(usize),
}

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

    /// Statements up to one of the words (or operators), which is left.
    fn statements(&mut self, until: &[&str]) -> Parsed<Vec<Statement>> {
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

    /// An expression with `if` or `unless` after it.
    fn with_modifiers(&mut self) -> Parsed<Expression> {
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
    fn low(&mut self) -> Parsed<Expression> {
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
