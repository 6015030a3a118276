//! Statements.

use std::rc::Rc;

use ruff_python_ast::{Decorator, Expr, Operator, Stmt, StmtAugAssign, StmtFunctionDef};

use super::interpreter::{Host, Interpreter, Scope, Stop};
use super::value::{Function, Place, Unknown, Value};

impl<H: Host> Interpreter<H> {
    pub(super) fn statement(&mut self, scope: &Rc<Scope>, statement: &Stmt) -> Result<(), Stop> {
        self.step()?;
        match statement {
            Stmt::FunctionDef(definition) => {
                let value = if !self.host.follows_functions() {
                    let reason = format!("it is the function `{}`", definition.name);
                    Self::unknown(scope.place(&definition.name), reason)
                } else if definition.decorator_list.iter().all(only_caches) {
                    Value::Function(Rc::new(Function {
                        definition: Rc::new(definition.clone()),
                        scope: Rc::clone(scope),
                    }))
                } else {
                    for decorator in &definition.decorator_list {
                        self.decorated(scope, decorator, definition);
                    }
                    let reason = format!("the function `{}` is decorated", definition.name);
                    Self::unknown(scope.place(&definition.name), reason)
                };
                scope.bind(&definition.name, value);
                Ok(())
            }
            Stmt::ClassDef(definition) => {
                let value = self.class(scope, definition)?;
                scope.bind(&definition.name, value);
                Ok(())
            }
            Stmt::Return(statement) => {
                let value = match &statement.value {
                    Some(value) => self.expression(scope, value)?,
                    None => Value::None,
                };
                Err(Stop::Return(value))
            }
            Stmt::Assign(statement) => {
                let value = self.expression(scope, &statement.value)?;
                statement.targets.iter().try_for_each(|target| self.assign(scope, target, value.clone()))
            }
            Stmt::AnnAssign(statement) => match &statement.value {
                Some(value) => {
                    let value = self.expression(scope, value)?;
                    self.assign(scope, &statement.target, value)
                }
                None => Ok(()),
            },
            Stmt::AugAssign(statement) => self.augment(scope, statement),
            Stmt::If(statement) => self.condition(scope, statement),
            Stmt::For(statement) => self.each(scope, statement),
            Stmt::While(statement) => self.repeat(scope, statement),
            Stmt::With(statement) => self.with(scope, statement),
            Stmt::Try(statement) => self.attempt(scope, statement),
            Stmt::Match(statement) => self.choose(scope, statement),
            Stmt::Raise(statement) => self.raise(scope, statement),
            Stmt::Import(statement) => {
                self.import(scope, statement);
                Ok(())
            }
            Stmt::ImportFrom(statement) => self.import_from(scope, statement),
            Stmt::Global(statement) => {
                let names = statement.names.iter().map(|name| name.to_string());
                scope.globals.borrow_mut().extend(names);
                Ok(())
            }
            Stmt::Expr(statement) => self.expression(scope, &statement.value).map(|_| ()),
            Stmt::Delete(statement) => {
                for target in &statement.targets {
                    match target {
                        Expr::Name(name) => {
                            scope.names.borrow_mut().remove(name.id.as_str());
                        }
                        Expr::Subscript(target) => {
                            let container = self.expression(scope, &target.value)?;
                            self.spoil(&container, &scope.place(target), "something is deleted from it");
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            Stmt::TypeAlias(statement) => {
                let value = Self::unknown(scope.place(statement), "it is a type");
                if let Expr::Name(name) = statement.name.as_ref() {
                    scope.bind(name.id.as_str(), value);
                }
                Ok(())
            }
            Stmt::Assert(statement) => self.expression(scope, &statement.test).map(|_| ()),
            Stmt::Break(_) => Err(Stop::Break),
            Stmt::Continue(_) => Err(Stop::Continue),
            Stmt::Nonlocal(_) | Stmt::Pass(_) | Stmt::IpyEscapeCommand(_) => Ok(()),
        }
    }

    pub(super) fn assign(&mut self, scope: &Rc<Scope>, target: &Expr, value: Value) -> Result<(), Stop> {
        match target {
            Expr::Name(name) => {
                scope.bind(name.id.as_str(), value);
                Ok(())
            }
            Expr::Tuple(targets) => self.unpack(scope, &targets.elts, &value, &scope.place(target)),
            Expr::List(targets) => self.unpack(scope, &targets.elts, &value, &scope.place(target)),
            Expr::Starred(target) => self.assign(scope, &target.value, value),
            Expr::Attribute(target) => {
                let place = scope.place(target);
                match self.expression(scope, &target.value)? {
                    Value::Object(object) => {
                        let value = match &self.maybe {
                            Some(unknown) => Value::Unknown(Rc::clone(unknown)),
                            None => value,
                        };
                        object.attributes.borrow_mut().insert(target.attr.to_string(), value);
                    }
                    Value::Named(name) => self.host.assign(&name, &target.attr, &value, &place),
                    _ => {}
                }
                Ok(())
            }
            Expr::Subscript(target) => {
                let container = self.expression(scope, &target.value)?;
                let key = self.expression(scope, &target.slice)?;
                self.store(&container, key, value, &scope.place(target));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn unpack(
        &mut self,
        scope: &Rc<Scope>,
        targets: &[Expr],
        value: &Value,
        place: &Place,
    ) -> Result<(), Stop> {
        let items = match value.iterate() {
            Some(Ok(items)) if items.len() == targets.len() && !targets.iter().any(Expr::is_starred_expr) => {
                items
            }
            Some(Err(unknown)) => vec![Value::Unknown(unknown); targets.len()],
            _ => vec![
                Self::unknown(place.clone(), "it is unpacked from a value that is not known");
                targets.len()
            ],
        };
        targets.iter().zip(items).try_for_each(|(target, item)| self.assign(scope, target, item))
    }

    fn store(&mut self, container: &Value, key: Value, value: Value, place: &Place) {
        match (container, &key) {
            (Value::Dict(entries), _) if self.maybe.is_none() && key.unknown().is_none() => {
                // The key may be the container itself, so that nothing is borrowed while it is compared.
                let held = entries.0.borrow().held.clone();
                let position = held.iter().position(|(held, _)| held.equals(&key) == Some(true));
                let mut contents = entries.0.borrow_mut();
                match position.and_then(|position| contents.held.get_mut(position)) {
                    Some(entry) => entry.1 = value,
                    None => contents.held.push((key, value)),
                }
                return;
            }
            (Value::List(items), Value::Integer(index)) if self.maybe.is_none() => {
                let mut contents = items.0.borrow_mut();
                if let Some(item) =
                    usize::try_from(*index).ok().and_then(|index| contents.held.get_mut(index))
                {
                    *item = value;
                    return;
                }
            }
            _ => {}
        }
        self.spoil(container, place, "an entry of it is set in a way that is not followed");
    }

    /// Marks a container as not known any more.
    pub(super) fn spoil(&mut self, value: &Value, place: &Place, reason: &str) {
        let unknown = self
            .maybe
            .clone()
            .unwrap_or_else(|| Rc::new(Unknown { place: place.clone(), reason: reason.to_owned() }));
        match value {
            Value::List(items) | Value::Set(items) => items.0.borrow_mut().unknown = Some(unknown),
            Value::Dict(entries) => entries.0.borrow_mut().unknown = Some(unknown),
            _ => {}
        }
    }

    fn augment(&mut self, scope: &Rc<Scope>, statement: &StmtAugAssign) -> Result<(), Stop> {
        let old = self.expression(scope, &statement.target)?;
        let more = self.expression(scope, &statement.value)?;
        let place = scope.place(statement);
        // A list is extended in place, so that its aliases see it.
        if let (Value::List(items), Operator::Add) = (&old, statement.op) {
            match more.iterate() {
                Some(Ok(more)) if self.maybe.is_none() && !old.is_large() => {
                    items.0.borrow_mut().held.extend(more);
                }
                _ => self.spoil(&old, &place, "it is extended by what is not known"),
            }
            return self.assign(scope, &statement.target, old);
        }
        let value = Self::binary(&old, statement.op, &more)
            .unwrap_or_else(|| Self::unknown(place, "it is computed in a way that is not followed"));
        self.assign(scope, &statement.target, value)
    }
}

impl<H: Host> Interpreter<H> {
    /// Tells the host who gets to know a function, and follows it where that calls it.
    fn decorated(&mut self, scope: &Rc<Scope>, decorator: &Decorator, definition: &StmtFunctionDef) {
        let function = match &decorator.expression {
            Expr::Call(call) => &call.func,
            expression => expression,
        };
        if matches!(function, Expr::Name(_) | Expr::Attribute(_))
            && let Ok(Value::Named(name)) = self.expression(scope, function)
        {
            let place = scope.place(decorator);
            if let Some(arguments) = self.host.decorated(&name, definition.parameters.len(), &place) {
                let function = Function { definition: Rc::new(definition.clone()), scope: Rc::clone(scope) };
                // What comes of it is nobody's.
                let _ = self.call_value(&Value::Function(Rc::new(function)), arguments, &place);
            }
        }
    }
}

/// Whether a decorator only keeps the result for the next call (`functools.cache` and `lru_cache`).
fn only_caches(decorator: &Decorator) -> bool {
    let name = match &decorator.expression {
        Expr::Call(call) => last_name(&call.func),
        expression => last_name(expression),
    };
    matches!(name.as_deref(), Some("cache" | "lru_cache"))
}

/// The last part of a dotted name.
pub(super) fn last_name(class: &Expr) -> Option<String> {
    match class {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => Some(attribute.attr.to_string()),
        _ => None,
    }
}
