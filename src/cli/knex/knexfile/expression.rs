//! Expressions of a knexfile, as far as their values are known without running anything.

use std::collections::HashMap;

use oxc::ast::ast::{
    Argument, ArrayExpressionElement, ArrowFunctionBody, ArrowFunctionExpression, BinaryOperator,
    BindingPattern, CallExpression, ChainElement, Expression, FormalParameters, Function, LogicalOperator,
    ObjectExpression, ObjectPropertyKind, PropertyKey, PropertyKind, Statement, TemplateLiteral,
    UnaryOperator,
};

use super::dotenv;
use super::paths;
use super::value::{Known, Object, Value, trimmed};
use super::world::World;

/// A function that may be called: without parameters, and with nothing in it but constants and what it returns.
enum Callable<'b, 'a> {
    Arrow(&'b ArrowFunctionExpression<'a>),
    Function(&'b Function<'a>),
}

/// Names, and their values once they have one.
pub type Names = HashMap<String, Option<Value>>;

/// Evaluates expressions of one file.
pub struct Evaluator<'b, 'a, 'w> {
    world: &'w World<'w>,
    /// Names of Node's, or none of them for what is not there.
    globals: fn(&str) -> Option<Value>,
    scopes: Vec<Names>,
    functions: Vec<Callable<'b, 'a>>,
}

/// What a link of a chain gives: a value, or the end of the chain at a `?.`.
enum Link {
    Value(Value),
    End,
}

/// How deep expressions lie in each other at most.
const DEEPEST: usize = 16;

impl<'b, 'a: 'b, 'w> Evaluator<'b, 'a, 'w> {
    /// With these names of the file, none of which has a value yet.
    pub fn new(world: &'w World<'w>, globals: fn(&str) -> Option<Value>, names: Names) -> Self {
        Evaluator { world, globals, scopes: vec![names], functions: Vec::new() }
    }

    /// Gives a name of the innermost scope its value.
    pub fn set(&mut self, name: &str, value: Value) -> Option<()> {
        let known = self.scopes.last_mut()?.get_mut(name)?;
        *known = Some(value);
        Some(())
    }

    /// Declares constants.
    pub fn bind(&mut self, pattern: &'b BindingPattern<'a>, value: Value) -> Option<()> {
        match pattern {
            BindingPattern::BindingIdentifier(name) => self.set(&name.name, value),
            BindingPattern::AssignmentPattern(pattern) => {
                let value = match value {
                    Value::Undefined => self.evaluate(&pattern.right)?,
                    given => given,
                };
                self.bind(&pattern.left, value)
            }
            BindingPattern::ObjectPattern(pattern) if pattern.rest.is_none() => {
                for property in &pattern.properties {
                    let name = self.name_of(&property.key, property.computed)?;
                    let part = self.member(&value, &name)?;
                    self.bind(&property.value, part)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// A function of the file as a value.
    pub fn function(&mut self, function: &'b Function<'a>) -> Value {
        self.functions.push(Callable::Function(function));
        Value::Function(self.functions.len() - 1)
    }

    /// Calls a function of the file, and waits for what it gives.
    pub fn call(&mut self, number: usize) -> Option<Value> {
        let (parameters, statements) = match self.functions.get(number)? {
            Callable::Arrow(arrow) => match &arrow.body {
                ArrowFunctionBody::FunctionBody(body) => (&arrow.params, &body.statements),
                other => {
                    let parameters = &arrow.params;
                    let expression = other.as_expression()?;
                    return is_empty(parameters).then(|| self.evaluate(expression))?;
                }
            },
            Callable::Function(function) if !function.generator => {
                (&function.params, &function.body.as_ref()?.statements)
            }
            Callable::Function(_) => return None,
        };
        if !is_empty(parameters) || self.scopes.len() > DEEPEST {
            return None;
        }
        self.scopes.push(declared(statements.iter())?);
        let result = self.body(statements);
        self.scopes.pop();
        result
    }

    fn body(&mut self, statements: &'b [Statement<'a>]) -> Option<Value> {
        for statement in statements {
            match statement {
                Statement::VariableDeclaration(declaration) => {
                    for declarator in &declaration.declarations {
                        let value = self.evaluate(declarator.init.as_ref()?)?;
                        self.bind(&declarator.id, value)?;
                    }
                }
                Statement::ReturnStatement(returned) => {
                    return self.evaluate(returned.argument.as_ref()?);
                }
                _ => return None,
            }
        }
        Some(Value::Undefined)
    }

    /// The value of an expression.
    pub fn evaluate(&mut self, expression: &'b Expression<'a>) -> Option<Value> {
        match expression {
            Expression::BooleanLiteral(literal) => Some(Value::Bool(literal.value)),
            Expression::NullLiteral(_) => Some(Value::Null),
            Expression::NumericLiteral(literal) => Some(Value::Number(literal.value)),
            Expression::StringLiteral(literal) => {
                (!literal.lone_surrogates).then(|| Value::text(literal.value.as_str()))
            }
            Expression::TemplateLiteral(template) => self.template(template),
            Expression::Identifier(name) => self.lookup(&name.name),
            Expression::ArrayExpression(array) => {
                let items = array.elements.iter().map(|element| match element {
                    ArrayExpressionElement::SpreadElement(_) | ArrayExpressionElement::Elision(_) => None,
                    other => self.evaluate(other.as_expression()?),
                });
                items.collect::<Option<_>>().map(Value::List)
            }
            Expression::ObjectExpression(object) => self.object(object),
            Expression::ArrowFunctionExpression(arrow) => {
                self.functions.push(Callable::Arrow(arrow));
                Some(Value::Function(self.functions.len() - 1))
            }
            Expression::FunctionExpression(function) => Some(self.function(function)),
            Expression::AwaitExpression(awaited) => {
                let value = self.evaluate(&awaited.argument)?;
                let waits = matches!(&value, Value::Object(object) if object.is_awaitable());
                (!waits).then_some(value)
            }
            Expression::BinaryExpression(binary) => {
                let left = self.evaluate(&binary.left)?;
                let right = self.evaluate(&binary.right)?;
                match binary.operator {
                    BinaryOperator::Addition => left.plus(&right),
                    BinaryOperator::StrictEquality => left.is_identical(&right).map(Value::Bool),
                    BinaryOperator::StrictInequality => {
                        left.is_identical(&right).map(|same| Value::Bool(!same))
                    }
                    BinaryOperator::Equality => left.is_equal(&right).map(Value::Bool),
                    BinaryOperator::Inequality => left.is_equal(&right).map(|same| Value::Bool(!same)),
                    _ => None,
                }
            }
            Expression::LogicalExpression(logical) => {
                let left = self.evaluate(&logical.left)?;
                let is_decided = match logical.operator {
                    LogicalOperator::Or => left.is_truthy(),
                    LogicalOperator::And => !left.is_truthy(),
                    LogicalOperator::Coalesce => !left.is_nullish(),
                };
                if is_decided { Some(left) } else { self.evaluate(&logical.right) }
            }
            Expression::ConditionalExpression(conditional) => {
                let chosen = match self.evaluate(&conditional.test)?.is_truthy() {
                    true => &conditional.consequent,
                    false => &conditional.alternate,
                };
                self.evaluate(chosen)
            }
            Expression::UnaryExpression(unary) => {
                let value = self.evaluate(&unary.argument)?;
                match unary.operator {
                    UnaryOperator::LogicalNot => Some(Value::Bool(!value.is_truthy())),
                    UnaryOperator::UnaryPlus => value.to_number().map(Value::Number),
                    UnaryOperator::UnaryNegation => match value {
                        Value::Number(number) => Some(Value::Number(-number)),
                        _ => None,
                    },
                    _ => None,
                }
            }
            Expression::ParenthesizedExpression(inner) => self.evaluate(&inner.expression),
            Expression::TSAsExpression(inner) => self.evaluate(&inner.expression),
            Expression::TSSatisfiesExpression(inner) => self.evaluate(&inner.expression),
            Expression::TSTypeAssertion(inner) => self.evaluate(&inner.expression),
            Expression::TSNonNullExpression(inner) => self.evaluate(&inner.expression),
            Expression::ImportMeta(_) => self.lookup("import.meta"),
            Expression::ChainExpression(chain) => {
                let link = match &chain.expression {
                    ChainElement::CallExpression(call) => self.called(call)?,
                    ChainElement::TSNonNullExpression(_) => return None,
                    other => self.reached(other.as_member_expression()?)?,
                };
                Some(match link {
                    Link::Value(value) => value,
                    Link::End => Value::Undefined,
                })
            }
            other => match self.link(other)? {
                Link::Value(value) => Some(value),
                Link::End => None,
            },
        }
    }

    fn lookup(&self, name: &str) -> Option<Value> {
        match self.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            Some(value) => value.clone(),
            None => (self.globals)(name).or_else(|| match name {
                "__dirname" if (self.globals)("require").is_some() => Some(Value::text(&self.world.folder)),
                "__filename" if (self.globals)("require").is_some() => Some(Value::text(&self.world.file)),
                _ => None,
            }),
        }
    }

    fn template(&mut self, template: &'b TemplateLiteral<'a>) -> Option<Value> {
        let mut text = String::new();
        let mut expressions = template.expressions.iter();
        for quasi in &template.quasis {
            if quasi.lone_surrogates {
                return None;
            }
            text.push_str(quasi.value.cooked.as_ref()?.as_str());
            if let Some(expression) = expressions.next() {
                text.push_str(&self.evaluate(expression)?.to_text()?);
            }
        }
        Some(Value::Text(text))
    }

    fn object(&mut self, object: &'b ObjectExpression<'a>) -> Option<Value> {
        let mut made = Object::default();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    let value = self.evaluate(&spread.argument)?;
                    made.spread(&value)?;
                }
                ObjectPropertyKind::ObjectProperty(property) => {
                    if property.kind != PropertyKind::Init {
                        return None;
                    }
                    let name = self.name_of(&property.key, property.computed)?;
                    let value = self.evaluate(&property.value)?;
                    made.set(&name, value)?;
                }
            }
        }
        Some(Value::Object(made))
    }

    fn name_of(&mut self, key: &'b PropertyKey<'a>, computed: bool) -> Option<String> {
        match key {
            PropertyKey::StaticIdentifier(name) => Some(name.name.to_string()),
            PropertyKey::StringLiteral(text) if !computed && !text.lone_surrogates => {
                Some(text.value.to_string())
            }
            key if computed => match self.evaluate(key.as_expression()?)? {
                Value::Text(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    // -- members and calls

    /// A part of a chain.
    fn link(&mut self, expression: &'b Expression<'a>) -> Option<Link> {
        match expression {
            Expression::CallExpression(call) => self.called(call),
            Expression::StaticMemberExpression(_) | Expression::ComputedMemberExpression(_) => {
                self.reached(expression.as_member_expression()?)
            }
            Expression::PrivateFieldExpression(_) => None,
            Expression::ImportMeta(_)
            | Expression::Identifier(_)
            | Expression::ParenthesizedExpression(_) => self.evaluate(expression).map(Link::Value),
            Expression::TSNonNullExpression(inner) => self.link(&inner.expression),
            Expression::StringLiteral(_)
            | Expression::TemplateLiteral(_)
            | Expression::ArrayExpression(_) => self.evaluate(expression).map(Link::Value),
            _ => None,
        }
    }

    fn reached(&mut self, member: &'b oxc::ast::ast::MemberExpression<'a>) -> Option<Link> {
        let Link::Value(object) = self.link(member.object())? else { return Some(Link::End) };
        if member.optional() && object.is_nullish() {
            return Some(Link::End);
        }
        use oxc::ast::ast::MemberExpression;
        let name = match member {
            MemberExpression::StaticMemberExpression(member) => member.property.name.to_string(),
            MemberExpression::ComputedMemberExpression(member) => match self.evaluate(&member.expression)? {
                Value::Text(name) => name,
                _ => return None,
            },
            MemberExpression::PrivateFieldExpression(_) => return None,
        };
        self.member(&object, &name).map(Link::Value)
    }

    fn member(&self, object: &Value, name: &str) -> Option<Value> {
        match object {
            Value::Object(object) => object.get(name),
            Value::Known(Known::Environment) => self.world.ask(name),
            Value::Known(known) => known.member(name),
            _ => None,
        }
        .or_else(|| match (object, name) {
            (Value::Known(Known::Meta), "dirname") => Some(Value::text(&self.world.folder)),
            (Value::Known(Known::Meta), "filename") => Some(Value::text(&self.world.file)),
            _ => None,
        })
    }

    fn called(&mut self, call: &'b CallExpression<'a>) -> Option<Link> {
        if call.optional {
            return None;
        }
        if let Expression::StaticMemberExpression(member) = &call.callee {
            let Link::Value(object) = self.link(&member.object)? else { return Some(Link::End) };
            if member.optional && object.is_nullish() {
                return Some(Link::End);
            }
            if let Value::Text(text) = &object {
                let given = self.arguments(&call.arguments)?;
                return of_text(text, &member.property.name, &given).map(Link::Value);
            }
        }
        // What was looked at once is looked at again: nothing that it can be has more than one value.
        let Link::Value(callee) = self.link(&call.callee)? else { return Some(Link::End) };
        let given = self.arguments(&call.arguments)?;
        let Value::Known(known) = callee else { return None };
        self.call_known(known, &given).map(Link::Value)
    }

    fn arguments(&mut self, arguments: &'b [Argument<'a>]) -> Option<Vec<Value>> {
        arguments.iter().map(|argument| self.evaluate(argument.as_expression()?)).collect()
    }

    fn call_known(&mut self, known: Known, given: &[Value]) -> Option<Value> {
        let first = given.first().cloned().unwrap_or(Value::Undefined);
        let texts = || given.iter().map(text_of).collect::<Option<Vec<String>>>();
        match known {
            Known::Require => {
                let found = Known::module(&text_of(&first)?)?;
                if found == Known::Dotenv {
                    dotenv::package(self.world)?;
                }
                Some(Value::Known(found))
            }
            Known::WorkingFolder => self.world.working_folder.as_ref().map(Value::text),
            Known::Join => Some(Value::Text(paths::join(&texts()?))),
            Known::Resolve => {
                let parts = texts()?;
                // The folder counts only where no part is absolute.
                let is_absolute = parts.iter().any(|part| part.starts_with('/'));
                let folder = if is_absolute { "/" } else { self.world.working_folder.as_deref()? };
                Some(Value::Text(paths::resolve(folder, &parts)))
            }
            Known::Normalize => Some(Value::Text(paths::normalize(&text_of(&first)?))),
            Known::FolderOf => Some(Value::Text(paths::folder_of(&text_of(&first)?))),
            Known::FileOfUrl if first == Value::Known(Known::OwnUrl) => Some(Value::text(&self.world.file)),
            Known::ParseInt => match given.get(1) {
                None | Some(Value::Undefined) => first.parse_int().map(Value::Number),
                Some(Value::Number(base)) if *base == 10.0 => first.parse_int().map(Value::Number),
                Some(_) => None,
            },
            Known::ToNumber if !given.is_empty() => first.to_number().map(Value::Number),
            Known::ToText if !given.is_empty() => first.to_text().map(Value::Text),
            Known::ToBool => Some(Value::Bool(first.is_truthy())),
            Known::ReadDotenv => {
                dotenv::read(self.world, given)?;
                // What it gives is not looked at in a statement of its own.
                Some(Value::Known(Known::ReadDotenv))
            }
            _ => None,
        }
    }
}

fn is_empty(parameters: &FormalParameters<'_>) -> bool {
    parameters.items.is_empty() && parameters.rest.is_none()
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// Methods of text.
fn of_text(text: &str, name: &str, given: &[Value]) -> Option<Value> {
    match (name, given) {
        ("trim", []) => trimmed(text).map(Value::text),
        ("toLowerCase", []) => text.is_ascii().then(|| Value::Text(text.to_ascii_lowercase())),
        ("toUpperCase", []) => text.is_ascii().then(|| Value::Text(text.to_ascii_uppercase())),
        ("split", [Value::Text(at)]) if !at.is_empty() => {
            Some(Value::List(text.split(at.as_str()).map(Value::text).collect()))
        }
        ("includes", [Value::Text(part)]) => Some(Value::Bool(text.contains(part.as_str()))),
        ("startsWith", [Value::Text(part)]) => Some(Value::Bool(text.starts_with(part.as_str()))),
        ("endsWith", [Value::Text(part)]) => Some(Value::Bool(text.ends_with(part.as_str()))),
        _ => None,
    }
}

/// The names that statements declare; `None` where there are others than constants, variables and functions.
pub fn declared<'b, 'a: 'b>(statements: impl Iterator<Item = &'b Statement<'a>>) -> Option<Names> {
    let mut names = Names::new();
    for statement in statements {
        if let Statement::VariableDeclaration(declaration) = statement {
            for declarator in &declaration.declarations {
                declare(&declarator.id, &mut names)?;
            }
        } else if let Statement::FunctionDeclaration(function) = statement {
            names.insert(function.id.as_ref()?.name.to_string(), None);
        }
    }
    Some(names)
}

/// Notes the names of a pattern.
pub fn declare(pattern: &BindingPattern<'_>, names: &mut Names) -> Option<()> {
    match pattern {
        BindingPattern::BindingIdentifier(name) => {
            names.insert(name.name.to_string(), None);
            Some(())
        }
        BindingPattern::AssignmentPattern(pattern) => declare(&pattern.left, names),
        BindingPattern::ObjectPattern(pattern) if pattern.rest.is_none() => {
            pattern.properties.iter().try_for_each(|property| declare(&property.value, names))
        }
        _ => None,
    }
}
