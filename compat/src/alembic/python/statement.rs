//! Statements.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ruff_python_ast::{
    Decorator, ExceptHandler, Expr, Operator, Stmt, StmtAugAssign, StmtFor, StmtIf, StmtImport,
    StmtImportFrom, StmtMatch, StmtRaise, StmtTry, StmtWhile, StmtWith,
};

use super::interpreter::{Host, Interpreter, Raised, Scope, Stop};
use super::source::{docstring, with_module};
use super::value::{Function, Import, Kind, Object, Place, Unknown, Value};

/// How many items of a list are followed through a loop.
const MOST_ROUNDS: usize = 500;

type Names = HashMap<String, Value>;

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

    fn condition(&mut self, scope: &Rc<Scope>, statement: &StmtIf) -> Result<(), Stop> {
        let mut clauses: Vec<(Option<&Expr>, &[Stmt])> = vec![(Some(&statement.test), &statement.body)];
        clauses
            .extend(statement.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &*clause.body)));
        self.clauses(scope, &clauses, &scope.place(statement))
    }

    fn clauses(
        &mut self,
        scope: &Rc<Scope>,
        clauses: &[(Option<&Expr>, &[Stmt])],
        place: &Place,
    ) -> Result<(), Stop> {
        let Some(((test, body), rest)) = clauses.split_first() else {
            return Ok(());
        };
        let truth = match test {
            Some(test) => self.expression(scope, test)?.truth(),
            None => Some(true),
        };
        match truth {
            Some(true) => self.block(scope, body),
            Some(false) => self.clauses(scope, rest, place),
            None => {
                let unknown = Rc::new(Unknown {
                    place: place.clone(),
                    reason: "it depends on a condition that is not known".to_owned(),
                });
                self.both(scope, &unknown, &mut |this| this.block(scope, body), &mut |this| {
                    this.clauses(scope, rest, place)
                })
            }
        }
    }

    /// Follows two ways, only one of which is taken. An exception is assumed not to be the way that is.
    pub(super) fn both(
        &mut self,
        scope: &Rc<Scope>,
        unknown: &Rc<Unknown>,
        one: &mut dyn FnMut(&mut Self) -> Result<(), Stop>,
        two: &mut dyn FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let outer = self.maybe.clone();
        let top = scope.top();
        let start = (scope.names.borrow().clone(), top.names.borrow().clone());
        self.maybe = Some(Rc::clone(unknown));
        let first = one(self);
        let after_first = (scope.names.borrow().clone(), top.names.borrow().clone());
        top.names.replace(start.1);
        scope.names.replace(start.0);
        let second = two(self);
        self.maybe = self.returned.clone().or(outer);
        match (first, second) {
            (Err(Stop::Limit), _) | (_, Err(Stop::Limit)) => Err(Stop::Limit),
            (Err(Stop::Raise(_)), second) => second,
            (first, Err(Stop::Raise(_))) => {
                top.names.replace(after_first.1);
                scope.names.replace(after_first.0);
                first
            }
            (first, second) => {
                merge(&scope.names, after_first.0, unknown);
                if !Rc::ptr_eq(scope, &top) {
                    merge(&top.names, after_first.1, unknown);
                }
                match (first, second) {
                    (Ok(()), Ok(())) => Ok(()),
                    (Err(Stop::Return(one)), Err(Stop::Return(two))) if one.is_same(&two) => {
                        Err(Stop::Return(one))
                    }
                    (Err(Stop::Break), Err(Stop::Break)) => Err(Stop::Break),
                    (Err(Stop::Continue), Err(Stop::Continue)) => Err(Stop::Continue),
                    (Err(Stop::Return(_)), _) | (_, Err(Stop::Return(_))) => {
                        // What follows may or may not run.
                        self.returned = Some(Rc::clone(unknown));
                        self.maybe = Some(Rc::clone(unknown));
                        Ok(())
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    fn each(&mut self, scope: &Rc<Scope>, statement: &StmtFor) -> Result<(), Stop> {
        let iterated = self.expression(scope, &statement.iter)?;
        let place = scope.place(statement);
        let items = match iterated.iterate() {
            Some(Ok(items)) if items.len() <= MOST_ROUNDS && !statement.is_async => items,
            _ => {
                let unknown = iterated
                    .unknown()
                    .unwrap_or_else(|| not_known(&place, "it depends on a loop over what is not known"));
                let target = Value::Unknown(Rc::clone(&unknown));
                return self.both(
                    scope,
                    &unknown,
                    &mut |this| {
                        this.assign(scope, &statement.target, target.clone())?;
                        loop_end(this.block(scope, &statement.body)).map(|_| ())
                    },
                    &mut |_| Ok(()),
                );
            }
        };
        for item in items {
            self.step()?;
            self.assign(scope, &statement.target, item)?;
            if loop_end(self.block(scope, &statement.body))? {
                return Ok(());
            }
        }
        self.block(scope, &statement.orelse)
    }

    fn repeat(&mut self, scope: &Rc<Scope>, statement: &StmtWhile) -> Result<(), Stop> {
        let test = self.expression(scope, &statement.test)?;
        if test.truth() == Some(false) {
            return self.block(scope, &statement.orelse);
        }
        let unknown = not_known(&scope.place(statement), "it depends on a while loop");
        self.both(
            scope,
            &unknown,
            &mut |this| loop_end(this.block(scope, &statement.body)).map(|_| ()),
            &mut |_| Ok(()),
        )
    }

    fn with(&mut self, scope: &Rc<Scope>, statement: &StmtWith) -> Result<(), Stop> {
        for item in &statement.items {
            let context = self.expression(scope, &item.context_expr)?;
            if let Some(target) = &item.optional_vars {
                self.assign(scope, target, context)?;
            }
        }
        self.block(scope, &statement.body)
    }

    fn attempt(&mut self, scope: &Rc<Scope>, statement: &StmtTry) -> Result<(), Stop> {
        let tried = match self.block(scope, &statement.body) {
            Ok(()) => self.block(scope, &statement.orelse),
            Err(Stop::Raise(raised)) => self.handle(scope, &statement.handlers, raised),
            Err(stop) => Err(stop),
        };
        if matches!(tried, Err(Stop::Limit)) {
            return tried;
        }
        self.block(scope, &statement.finalbody)?;
        tried
    }

    fn handle(&mut self, scope: &Rc<Scope>, handlers: &[ExceptHandler], raised: Raised) -> Result<(), Stop> {
        for handler in handlers {
            let ExceptHandler::ExceptHandler(handler) = handler;
            if handler.type_.as_deref().is_none_or(|class| catches(class, &raised.class)) {
                if let Some(name) = &handler.name {
                    let value = Self::unknown(raised.place.clone(), "it is an exception");
                    scope.bind(name, value);
                }
                return self.block(scope, &handler.body);
            }
        }
        Err(Stop::Raise(raised))
    }

    fn choose(&mut self, scope: &Rc<Scope>, statement: &StmtMatch) -> Result<(), Stop> {
        self.expression(scope, &statement.subject)?;
        let unknown = not_known(&scope.place(statement), "it depends on a match statement");
        for case in &statement.cases {
            self.both(scope, &unknown, &mut |this| this.block(scope, &case.body), &mut |_| Ok(()))?;
        }
        Ok(())
    }

    fn raise(&mut self, scope: &Rc<Scope>, statement: &StmtRaise) -> Result<(), Stop> {
        let place = scope.place(statement);
        let (class, message) = match statement.exc.as_deref() {
            Some(Expr::Call(call)) => {
                let message = match call.arguments.args.first() {
                    Some(message) => self.expression(scope, message)?.shown(),
                    None => None,
                };
                (last_name(&call.func), message)
            }
            Some(class) => (last_name(class), None),
            None => (None, None),
        };
        Err(Stop::Raise(Raised {
            class: class.unwrap_or_else(|| "Exception".to_owned()),
            message: message.unwrap_or_default(),
            place,
        }))
    }

    fn import(&mut self, scope: &Rc<Scope>, statement: &StmtImport) {
        for alias in &statement.names {
            let module = alias.name.as_str();
            let place = scope.place(alias);
            let (bound, name) = match &alias.asname {
                Some(asname) => (asname.as_str(), module),
                None => {
                    let first = module.split('.').next().unwrap_or(module);
                    (first, first)
                }
            };
            let value = self.imported(name, None, &place);
            scope.bind(bound, value);
            self.note_pending(module);
        }
    }

    fn import_from(&mut self, scope: &Rc<Scope>, statement: &StmtImportFrom) -> Result<(), Stop> {
        let dots = usize::try_from(statement.level).unwrap_or(0);
        let module = format!("{}{}", ".".repeat(dots), statement.module.as_deref().unwrap_or_default());
        let module = absolute_name(&module, &scope.module.name);
        for alias in &statement.names {
            let place = scope.place(alias);
            if alias.name.as_str() == "*" {
                self.import_all(scope, &module, &place)?;
                continue;
            }
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            let value = self.imported(&module, Some(alias.name.as_str()), &place);
            scope.bind(bound, value);
            self.note_pending(&module);
        }
        Ok(())
    }

    /// What an import binds: modules of the project are looked into only when that is needed.
    fn imported(&mut self, module: &str, name: Option<&str>, place: &Place) -> Value {
        if self.host.follows_module(module) {
            let (module, name) = (module.to_owned(), name.map(str::to_owned));
            return Value::Import(Rc::new(Import { module, name, place: place.clone() }));
        }
        let full = match name {
            Some(name) => format!("{module}.{name}"),
            None => module.to_owned(),
        };
        self.host.value_of(&full, place).unwrap_or_else(|| Value::named(full))
    }

    fn note_pending(&mut self, module: &str) {
        if self.host.follows_module(module) && !self.modules.contains_key(module) {
            self.pending.push_back(module.to_owned());
        }
    }

    /// Looks into every module that was imported so far, and into those that they import.
    pub(super) fn catch_up(&mut self) -> Result<(), Stop> {
        while let Some(module) = self.pending.pop_front() {
            self.module(&module)?;
        }
        Ok(())
    }

    /// The value of an import.
    pub(super) fn resolve(&mut self, import: &Import) -> Result<Value, Stop> {
        let Import { module, name, place } = import;
        let Some(followed) = self.module(module)? else {
            let full = name.as_ref().map_or_else(|| module.clone(), |name| format!("{module}.{name}"));
            return Ok(Self::unknown(place.clone(), format!("the module of `{full}` cannot be read")));
        };
        let Some(name) = name else {
            return Ok(module_object(&followed, module, place));
        };
        match followed.find(name) {
            Some(Value::Import(import)) => self.resolve_deeper(&import),
            Some(value) => Ok(value),
            None => {
                let full = format!("{module}.{name}");
                match self.module(&full)? {
                    Some(followed) => Ok(module_object(&followed, &full, place)),
                    None => Ok(Self::unknown(place.clone(), format!("`{full}` is not found in the project"))),
                }
            }
        }
    }

    fn resolve_deeper(&mut self, import: &Import) -> Result<Value, Stop> {
        self.enter()?;
        let value = self.resolve(import);
        self.depth -= 1;
        value
    }

    fn import_all(&mut self, scope: &Rc<Scope>, module: &str, place: &Place) -> Result<(), Stop> {
        if self.host.follows_module(module)
            && let Some(followed) = self.module(module)?
        {
            let names: Names = followed.names.borrow().clone();
            let public = names.into_iter().filter(|(name, _)| !name.starts_with('_'));
            scope.names.borrow_mut().extend(public);
            return Ok(());
        }
        let spares = |name: &str| name.starts_with("__") || self.host.star_import_spares(module, name);
        let reason = format!("`from {module} import *` may set it");
        for (name, value) in scope.names.borrow_mut().iter_mut() {
            if !spares(name) {
                *value = Self::unknown(place.clone(), reason.clone());
            }
        }
        scope.module.stars.borrow_mut().push((module.to_owned(), place.line));
        Ok(())
    }

    /// The names of a module of the project, if it is one that is to be followed.
    pub(super) fn module(&mut self, module: &str) -> Result<Option<Rc<Scope>>, Stop> {
        if let Some(known) = self.modules.get(module) {
            return Ok(Some(Rc::clone(known)));
        }
        // Packages run before what is in them.
        if let Some((package, _)) = module.rsplit_once('.')
            && self.host.follows_module(package)
        {
            self.module(package)?;
            if let Some(known) = self.modules.get(module) {
                return Ok(Some(Rc::clone(known)));
            }
        }
        let Some(source) = self.host.source(module) else {
            return Ok(None);
        };
        self.enter()?;
        let maybe = self.maybe.take();
        let returned = self.returned.take();
        let followed = with_module(&source.text, |tree, lines| {
            self.follow(&source.file, module, docstring(tree).as_deref(), tree, lines).gave_up
        });
        self.maybe = maybe;
        self.returned = returned;
        self.depth -= 1;
        match followed {
            Ok(true) => Err(Stop::Limit),
            Ok(false) => Ok(self.modules.get(module).map(Rc::clone)),
            Err(_) => Ok(None),
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

/// The full name of a relative module.
fn absolute_name(module: &str, current: &str) -> String {
    let dots = module.len() - module.trim_start_matches('.').len();
    if dots == 0 {
        return module.to_owned();
    }
    let rest = module.get(dots..).unwrap_or_default();
    let mut parts: Vec<&str> = current.split('.').collect();
    parts.truncate(parts.len().saturating_sub(dots));
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts.join(".")
}

fn module_object(scope: &Rc<Scope>, name: &str, place: &Place) -> Value {
    let attributes = scope.names.borrow().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let stars = scope.module.stars.borrow();
    let opaque = stars.first().map(|(module, line)| {
        let place = Place { file: Rc::clone(&scope.module.file), line: *line };
        not_known(&place, &format!("`from {module} import *` is not followed"))
    });
    let object = Object {
        kind: Kind::Module,
        class: name.to_owned(),
        attributes: RefCell::new(attributes),
        place: place.clone(),
        opaque,
    };
    Value::Object(Rc::new(object))
}

fn not_known(place: &Place, reason: &str) -> Rc<Unknown> {
    Rc::new(Unknown { place: place.clone(), reason: reason.to_owned() })
}

/// Names whose values differ on two ways are not known after them.
fn merge(names: &RefCell<Names>, other: Names, unknown: &Rc<Unknown>) {
    let mut names = names.borrow_mut();
    for (name, value) in names.iter_mut() {
        if !other.get(name).is_some_and(|other| other.is_same(value)) {
            *value = Value::Unknown(Rc::clone(unknown));
        }
    }
    for (name, _) in other {
        names.entry(name).or_insert_with(|| Value::Unknown(Rc::clone(unknown)));
    }
}

/// Whether the loop ends.
fn loop_end(round: Result<(), Stop>) -> Result<bool, Stop> {
    match round {
        Ok(()) | Err(Stop::Continue) => Ok(false),
        Err(Stop::Break) => Ok(true),
        Err(stop) => Err(stop),
    }
}

/// Whether `except class` takes an exception of a class.
fn catches(class: &Expr, raised: &str) -> bool {
    match class {
        Expr::Tuple(classes) => classes.elts.iter().any(|class| catches(class, raised)),
        _ => last_name(class).is_some_and(|name| {
            name == raised
                || matches!(name.as_str(), "Exception" | "BaseException")
                || name == "LookupError" && matches!(raised, "KeyError" | "IndexError")
                || name == "ImportError" && raised == "ModuleNotFoundError"
        }),
    }
}

fn last_name(class: &Expr) -> Option<String> {
    match class {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => Some(attribute.attr.to_string()),
        _ => None,
    }
}
