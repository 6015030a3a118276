//! Values of expressions.

use std::collections::BTreeMap;
use std::path::Path;

use super::tree::{Block, Call, Expression, Part, Statement};

/// What configuration files ask of their surroundings.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Environment variables.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
    /// `Rails.root`
    pub root: &'a Path,
    /// `Rails.env`
    pub environment: &'a str,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// nil
    Nil,
    /// true or false
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A string.
    Text(String),
    /// A symbol.
    Symbol(String),
    /// A path (`Pathname`).
    Path(String),
    /// `Rails.env`
    Environment(String),
    /// A list.
    List(Vec<Value>),
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Only Ruby knows it.
    NotKnown(String),
    /// Ruby would raise this.
    Raised(String),
}

impl Value {
    /// Whether Ruby takes it for true.
    pub fn is_true(&self) -> bool {
        !matches!(self, Value::Nil | Value::Bool(false))
    }

    /// `to_s`; a list has none that is worth having.
    fn text(&self) -> Result<String, Stop> {
        Ok(match self {
            Value::Nil => String::new(),
            Value::Bool(value) => value.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Text(text) | Value::Symbol(text) | Value::Path(text) | Value::Environment(text) => {
                text.clone()
            }
            Value::List(_) => return not_known("the text of a list"),
        })
    }

    /// `to_json` as ActiveSupport has it, which escapes what HTML would read.
    fn json(&self) -> Result<String, Stop> {
        Ok(match self {
            Value::Nil => "null".to_owned(),
            Value::Bool(_) | Value::Integer(_) => self.text()?,
            Value::List(_) => return not_known("a list as JSON"),
            _ => {
                let mut text = serde_json::Value::from(self.text()?).to_string();
                for (sign, escaped) in [
                    ('<', "\\u003c"),
                    ('>', "\\u003e"),
                    ('&', "\\u0026"),
                    ('\u{2028}', "\\u2028"),
                    ('\u{2029}', "\\u2029"),
                ] {
                    text = text.replace(sign, escaped);
                }
                text
            }
        })
    }

    fn is_blank(&self) -> bool {
        match self {
            Value::Nil | Value::Bool(false) => true,
            Value::Text(text) | Value::Environment(text) => text.chars().all(char::is_whitespace),
            Value::Symbol(name) => name.is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Bool(true) | Value::Integer(_) | Value::Path(_) => false,
        }
    }
}

fn not_known<T>(what: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::NotKnown(what.into()))
}

/// Evaluates one program: its variables, and what it writes.
pub struct Evaluator<'a> {
    around: Surroundings<'a>,
    variables: BTreeMap<String, Result<Value, Stop>>,
    /// What the template gave so far.
    pub written: String,
    steps: usize,
}

/// More than any configuration takes.
const STEPS: usize = 100_000;
/// More than any configuration is long.
const LENGTH: usize = 4 << 20;

/// Gives what an output of the template is to be, by its number, with what its variables are.
pub type Outputs<'o> = &'o mut dyn FnMut(usize, &mut Evaluator<'_>) -> Result<String, Stop>;

impl<'a> Evaluator<'a> {
    /// A new one.
    pub fn new(around: Surroundings<'a>) -> Evaluator<'a> {
        Evaluator { around, variables: BTreeMap::new(), written: String::new(), steps: 0 }
    }

    /// Runs statements; the value is that of the last. The error comes with the line it is at.
    ///
    /// # Errors
    /// Something is not known, or Ruby would raise.
    pub fn run(&mut self, statements: &[Statement], outputs: Outputs<'_>) -> Result<Value, (Stop, usize)> {
        let mut last = Value::Nil;
        for statement in statements {
            self.steps += 1;
            if self.steps > STEPS || self.written.len() > LENGTH {
                return Err((Stop::NotKnown("it does not come to an end".to_owned()), 1));
            }
            match statement {
                Statement::Text(text) => self.written.push_str(text),
                Statement::Output(number) => {
                    let text = outputs(*number, self).map_err(|stop| (stop, 0))?;
                    self.written.push_str(&text);
                }
                Statement::Expression(expression, line) => {
                    last = self.statement(expression, outputs, *line)?;
                }
                Statement::Assign(name, operator, expression, _) => {
                    let before = self.variables.get(name);
                    let keeps = *operator == "||=" && matches!(before, Some(Ok(value)) if value.is_true());
                    if !keeps {
                        let value = self.value(expression);
                        // What only Ruby knows may never be asked for; what it raises it raises here.
                        if let Err(Stop::Raised(message)) = value {
                            return Err((Stop::Raised(message), statement_line(statement)));
                        }
                        self.variables.insert(name.clone(), value);
                    }
                }
                Statement::If(arms, otherwise) => {
                    let mut chosen = otherwise;
                    for (condition, body, line) in arms {
                        if self.value(condition).map_err(|stop| (stop, *line))?.is_true() {
                            chosen = body;
                            break;
                        }
                    }
                    last = self.run(chosen, outputs)?;
                }
            }
        }
        Ok(last)
    }

    /// `each` is the one method whose block may write.
    fn statement(
        &mut self,
        expression: &Expression,
        outputs: Outputs<'_>,
        line: usize,
    ) -> Result<Value, (Stop, usize)> {
        if let Expression::Call(call) = expression
            && let (Some(receiver), "each", Some(block)) = (&call.receiver, call.name.as_str(), &call.block)
        {
            let items = match self.value(receiver).map_err(|stop| (stop, line))? {
                Value::List(items) => items,
                _ => return Err((Stop::NotKnown("each of something else than a list".to_owned()), line)),
            };
            let [parameter] = block.parameters.as_slice() else {
                return Err((Stop::NotKnown("the parameters of a block".to_owned()), line));
            };
            let hidden = self.variables.remove(parameter);
            for item in items {
                self.variables.insert(parameter.clone(), Ok(item));
                self.run(&block.body, outputs)?;
            }
            self.variables.remove(parameter);
            if let Some(hidden) = hidden {
                self.variables.insert(parameter.clone(), hidden);
            }
            return Ok(Value::Nil);
        }
        self.value(expression).map_err(|stop| (stop, line))
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// Something is not known, or Ruby would raise.
    pub fn value(&mut self, expression: &Expression) -> Result<Value, Stop> {
        self.steps += 1;
        if self.steps > STEPS {
            return not_known("it does not come to an end");
        }
        match expression {
            Expression::Nil => Ok(Value::Nil),
            Expression::Bool(value) => Ok(Value::Bool(*value)),
            Expression::Integer(number) => Ok(Value::Integer(*number)),
            Expression::Symbol(name) => Ok(Value::Symbol(name.clone())),
            Expression::Text(parts) => self.join(parts).map(Value::Text),
            Expression::List(items) => {
                Ok(Value::List(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?))
            }
            Expression::Constant(name) => not_known(format!("the constant {name}")),
            Expression::Name(name) => match self.variables.get(name) {
                Some(value) => value.clone(),
                None => not_known(format!("`{name}`")),
            },
            Expression::And(left, right) => {
                let left = self.value(left)?;
                if left.is_true() { self.value(right) } else { Ok(left) }
            }
            Expression::Or(left, right) => {
                let left = self.value(left)?;
                if left.is_true() { Ok(left) } else { self.value(right) }
            }
            Expression::Not(inner) => Ok(Value::Bool(!self.value(inner)?.is_true())),
            Expression::If(condition, then, otherwise) => {
                if self.value(condition)?.is_true() {
                    self.value(then)
                } else {
                    self.value(otherwise)
                }
            }
            Expression::Binary(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                binary(operator, &left, &right)
            }
            Expression::Call(call) => self.call(call),
        }
    }

    /// The text that `<%= … %>` gives.
    ///
    /// # Errors
    /// As [`Evaluator::value`].
    pub fn output(&mut self, expression: &Expression) -> Result<String, Stop> {
        self.value(expression)?.text()
    }

    fn join(&mut self, parts: &[Part]) -> Result<String, Stop> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Code(expression) => text.push_str(&self.output(expression)?),
            }
        }
        Ok(text)
    }

    fn call(&mut self, call: &Call) -> Result<Value, Stop> {
        match &call.receiver {
            Some(Expression::Constant(name)) if name == "ENV" => self.environment_variable(call),
            Some(Expression::Constant(name)) if name == "Rails" => {
                match (call.name.as_str(), call.arguments.len()) {
                    ("env", 0) => Ok(Value::Environment(self.around.environment.to_owned())),
                    ("root", 0) => Ok(Value::Path(self.around.root.display().to_string())),
                    _ => not_known(format!("Rails.{}", call.name)),
                }
            }
            Some(Expression::Constant(name)) if name == "File" && call.name == "join" => {
                let parts = self.arguments(call)?;
                let texts = parts.iter().map(Value::text).collect::<Result<Vec<_>, _>>()?;
                Ok(Value::Text(file_join(&texts)))
            }
            Some(Expression::Constant(name)) => not_known(format!("{name}.{}", call.name)),
            Some(receiver) => {
                let value = self.value(receiver)?;
                if call.safe && value == Value::Nil {
                    return Ok(Value::Nil);
                }
                if call.block.is_some() {
                    return not_known(format!("`{}` with a block", call.name));
                }
                let arguments = self.arguments(call)?;
                method(&value, &call.name, &arguments)
            }
            None if call.name == "Integer" => not_known("Integer(…)"),
            None => not_known(format!("`{}`", call.name)),
        }
    }

    fn arguments(&mut self, call: &Call) -> Result<Vec<Value>, Stop> {
        call.arguments.iter().map(|argument| self.value(argument)).collect()
    }

    fn environment_variable(&mut self, call: &Call) -> Result<Value, Stop> {
        let arguments = self.arguments(call)?;
        let (name, more) = match arguments.split_first() {
            Some((Value::Text(name), more)) => (name, more),
            _ => return not_known(format!("ENV.{}", call.name)),
        };
        let found = (self.around.variables)(name);
        match (call.name.as_str(), more, &call.block) {
            ("[]", [], None) => Ok(found.map_or(Value::Nil, Value::Text)),
            ("key?" | "has_key?" | "include?" | "member?", [], None) => Ok(Value::Bool(found.is_some())),
            ("fetch", [], None) => {
                found.map(Value::Text).ok_or_else(|| Stop::Raised(format!("key not found: \"{name}\"")))
            }
            ("fetch", [default], None) => Ok(found.map_or_else(|| default.clone(), Value::Text)),
            ("fetch", [], Some(block)) => match found {
                Some(text) => Ok(Value::Text(text)),
                None => self.block(block),
            },
            _ => not_known(format!("ENV.{}", call.name)),
        }
    }

    /// A block that gives a value.
    fn block(&mut self, block: &Block) -> Result<Value, Stop> {
        let mut outputs = |_: usize, _: &mut Evaluator<'_>| not_known("text in a block");
        self.run(&block.body, &mut outputs).map_err(|(stop, _)| stop)
    }
}

fn statement_line(statement: &Statement) -> usize {
    match statement {
        Statement::Expression(_, line) | Statement::Assign(_, _, _, line) => *line,
        _ => 0,
    }
}

fn binary(operator: &str, left: &Value, right: &Value) -> Result<Value, Stop> {
    let overflow = || Stop::NotKnown("a large number".to_owned());
    match (operator, left, right) {
        ("==", _, _) => Ok(Value::Bool(equal(left, right))),
        ("+", Value::Integer(left), Value::Integer(right)) => {
            left.checked_add(*right).map(Value::Integer).ok_or_else(overflow)
        }
        ("-", Value::Integer(left), Value::Integer(right)) => {
            left.checked_sub(*right).map(Value::Integer).ok_or_else(overflow)
        }
        ("*", Value::Integer(left), Value::Integer(right)) => {
            left.checked_mul(*right).map(Value::Integer).ok_or_else(overflow)
        }
        ("<", Value::Integer(left), Value::Integer(right)) => Ok(Value::Bool(left < right)),
        (">", Value::Integer(left), Value::Integer(right)) => Ok(Value::Bool(left > right)),
        ("<=", Value::Integer(left), Value::Integer(right)) => Ok(Value::Bool(left <= right)),
        (">=", Value::Integer(left), Value::Integer(right)) => Ok(Value::Bool(left >= right)),
        (
            "+",
            Value::Text(left) | Value::Environment(left),
            Value::Text(right) | Value::Environment(right),
        ) => Ok(Value::Text(format!("{left}{right}"))),
        ("+", Value::Path(left), Value::Text(right) | Value::Path(right)) => {
            path_join(left, &[right.as_str()])
        }
        ("+", Value::List(left), Value::List(right)) => Ok(Value::List([left.as_slice(), right].concat())),
        _ => not_known(format!("`{operator}` of these values")),
    }
}

/// `Rails.env` is a string.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Environment(left), Value::Text(right)) | (Value::Text(left), Value::Environment(right)) => {
            left == right
        }
        _ => left == right,
    }
}

fn method(value: &Value, name: &str, arguments: &[Value]) -> Result<Value, Stop> {
    let unknown = || not_known(format!("the method `{name}` of this value"));
    match (name, arguments) {
        ("to_s", []) => return value.text().map(Value::Text),
        ("nil?", []) => return Ok(Value::Bool(*value == Value::Nil)),
        ("blank?", []) => return Ok(Value::Bool(value.is_blank())),
        ("present?", []) => return Ok(Value::Bool(!value.is_blank())),
        ("presence", []) => return Ok(if value.is_blank() { Value::Nil } else { value.clone() }),
        ("freeze" | "dup" | "itself", []) => return Ok(value.clone()),
        ("to_json", []) => return value.json().map(Value::Text),
        ("in?", [Value::List(items)]) => return Ok(Value::Bool(items.iter().any(|item| equal(item, value)))),
        _ => {}
    }
    match value {
        Value::Nil => match (name, arguments) {
            ("to_i", []) => Ok(Value::Integer(0)),
            ("to_a", []) => Ok(Value::List(Vec::new())),
            _ => not_known(format!("the method `{name}` of nil")),
        },
        Value::Integer(number) => match (name, arguments) {
            ("to_i", []) => Ok(value.clone()),
            ("zero?", []) => Ok(Value::Bool(*number == 0)),
            ("positive?", []) => Ok(Value::Bool(*number > 0)),
            _ => unknown(),
        },
        Value::Text(text) => text_method(text, name, arguments).unwrap_or_else(unknown),
        Value::Environment(text) => match (name, arguments) {
            ("local?", []) => Ok(Value::Bool(matches!(text.as_str(), "development" | "test"))),
            (question, []) if question.ends_with('?') && question != "empty?" => {
                Ok(Value::Bool(question.strip_suffix('?') == Some(text)))
            }
            ("to_sym", []) => Ok(Value::Symbol(text.clone())),
            _ => text_method(text, name, arguments).unwrap_or_else(unknown),
        },
        Value::Path(path) => match name {
            "join" => {
                let parts = arguments.iter().map(Value::text).collect::<Result<Vec<_>, _>>()?;
                path_join(path, &parts.iter().map(String::as_str).collect::<Vec<_>>())
            }
            "basename" if arguments.is_empty() => Ok(Value::Path(basename(path))),
            "parent" | "dirname" if arguments.is_empty() => {
                let parent = Path::new(path).parent().map(|parent| parent.display().to_string());
                parent.map_or_else(unknown, |parent| Ok(Value::Path(parent)))
            }
            "to_str" if arguments.is_empty() => Ok(Value::Text(path.clone())),
            _ => unknown(),
        },
        Value::List(items) => match (name, arguments) {
            ("first", []) => Ok(items.first().cloned().unwrap_or(Value::Nil)),
            ("last", []) => Ok(items.last().cloned().unwrap_or(Value::Nil)),
            ("compact", []) => {
                Ok(Value::List(items.iter().filter(|item| **item != Value::Nil).cloned().collect()))
            }
            ("include?", [wanted]) => Ok(Value::Bool(items.iter().any(|item| equal(item, wanted)))),
            ("any?", []) => Ok(Value::Bool(items.iter().any(Value::is_true))),
            ("empty?", []) => Ok(Value::Bool(items.is_empty())),
            ("join", [] | [Value::Text(_)]) => {
                let between = if let [Value::Text(between)] = arguments { between } else { "" };
                let texts = items.iter().map(Value::text).collect::<Result<Vec<_>, _>>()?;
                Ok(Value::Text(texts.join(between)))
            }
            _ => unknown(),
        },
        Value::Bool(_) | Value::Symbol(_) => unknown(),
    }
}

fn text_method(text: &str, name: &str, arguments: &[Value]) -> Option<Result<Value, Stop>> {
    let blank = |character: char| character.is_ascii_whitespace() || character == '\0';
    Some(Ok(match (name, arguments) {
        ("to_str", []) => Value::Text(text.to_owned()),
        ("to_sym", []) => Value::Symbol(text.to_owned()),
        ("to_i", []) => return Some(leading_integer(text).map(Value::Integer)),
        ("empty?", []) => Value::Bool(text.is_empty()),
        ("strip", []) => Value::Text(text.trim_end_matches(blank).trim_start_matches(blank).to_owned()),
        ("downcase", []) => Value::Text(text.to_lowercase()),
        ("upcase", []) => Value::Text(text.to_uppercase()),
        ("chomp", []) => {
            let cut = text.strip_suffix("\r\n").or_else(|| text.strip_suffix(['\n', '\r']));
            Value::Text(cut.unwrap_or(text).to_owned())
        }
        ("start_with?", [Value::Text(start)]) => Value::Bool(text.starts_with(start)),
        ("end_with?", [Value::Text(end)]) => Value::Bool(text.ends_with(end)),
        ("include?", [Value::Text(part)]) => Value::Bool(text.contains(part)),
        ("delete_prefix", [Value::Text(start)]) => {
            Value::Text(text.strip_prefix(start.as_str()).unwrap_or(text).to_owned())
        }
        ("delete_suffix", [Value::Text(end)]) => {
            Value::Text(text.strip_suffix(end.as_str()).unwrap_or(text).to_owned())
        }
        ("sub", [Value::Text(from), Value::Text(to)]) if !to.contains('\\') => {
            Value::Text(text.replacen(from, to, 1))
        }
        ("gsub", [Value::Text(from), Value::Text(to)]) if !to.contains('\\') => {
            Value::Text(text.replace(from, to))
        }
        ("split", [Value::Text(at)]) if !at.is_empty() && at != " " => {
            let mut parts: Vec<&str> = text.split(at.as_str()).collect();
            while parts.last() == Some(&"") {
                parts.pop();
            }
            Value::List(parts.into_iter().map(|part| Value::Text(part.to_owned())).collect())
        }
        _ => return None,
    }))
}

/// `String#to_i`
fn leading_integer(text: &str) -> Result<i64, Stop> {
    let text = text.trim_start_matches(|character: char| character.is_ascii_whitespace());
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let mut number = String::from(sign);
    let mut after_digit = false;
    for character in digits.chars() {
        match character {
            '0'..='9' => {
                number.push(character);
                after_digit = true;
            }
            '_' if after_digit => after_digit = false,
            _ => break,
        }
    }
    if !number.ends_with(|character: char| character.is_ascii_digit()) {
        return Ok(0);
    }
    number.parse().or_else(|_| not_known("a large number"))
}

/// `Pathname#join`: an absolute part begins anew. Dots are left to Ruby.
fn path_join(path: &str, parts: &[&str]) -> Result<Value, Stop> {
    let mut joined = path.to_owned();
    for part in parts {
        if part.split('/').any(|segment| segment == "..") {
            return not_known("`..` in a path");
        }
        let part = part.strip_prefix("./").unwrap_or(part);
        if part.starts_with('/') {
            joined = (*part).to_owned();
        } else if !part.is_empty() && part != "." {
            if !joined.ends_with('/') {
                joined.push('/');
            }
            joined.push_str(part);
        }
    }
    Ok(Value::Path(joined))
}

/// `File.join`: one slash between two parts.
fn file_join(parts: &[String]) -> String {
    let mut joined = String::new();
    for (number, part) in parts.iter().enumerate() {
        if number == 0 {
            joined.push_str(part);
            continue;
        }
        match (joined.ends_with('/'), part.starts_with('/')) {
            (true, true) => joined.truncate(joined.trim_end_matches('/').len()),
            (false, false) => joined.push('/'),
            _ => {}
        }
        joined.push_str(part);
    }
    joined
}

fn basename(path: &str) -> String {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
}
