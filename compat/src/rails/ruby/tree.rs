//! Ruby as a tree: what a parser makes of tokens.

use super::lexer::Spanned;

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
