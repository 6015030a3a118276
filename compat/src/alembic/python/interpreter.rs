//! Following what a module does without running it: what is plain is computed, the rest is unknown with its reason.
//!
//! Conditions that cannot be told are followed both ways, and what differs afterwards is unknown. Nothing is imported or
//! called but what the [`Host`] knows and, if it wants that, functions of the project's own files.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use ruff_python_ast::{Expr, ModModule, Stmt};
use ruff_text_size::Ranged;

use super::source::Lines;
use super::value::{Arguments, Object, Place, Unknown, Value};

/// How many statements and expressions are followed before giving up.
const MOST_STEPS: usize = 200_000;

/// How deep calls and imports may nest.
const DEEPEST: usize = 40;

/// What the follower asks about the world outside the module.
pub trait Host {
    /// Whether functions of the project are to be followed when they are called.
    fn follows_functions(&self) -> bool;

    /// Whether a module by its full name is one of the project that is to be followed.
    fn follows_module(&self, module: &str) -> bool;

    /// The source of such a module.
    fn source(&mut self, module: &str) -> Option<Source>;

    /// Whether `from module import *` can be told not to bind `name`.
    fn star_import_spares(&self, module: &str, name: &str) -> bool;

    /// The value of something known by name, `os.environ`, if it has one.
    fn value_of(&mut self, name: &str, place: &Place) -> Option<Value>;

    /// What a call of something known by name gives. `maybe` says why it may not be reached.
    fn call(
        &mut self,
        name: &str,
        arguments: &Arguments,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
    ) -> Outcome;

    /// What a call of a method of an object gives.
    fn call_method(
        &mut self,
        object: &Rc<Object>,
        method: &str,
        arguments: &Arguments,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
    ) -> Outcome;

    /// What stands for a name that nothing binds; none: a `NameError`.
    fn unbound(&mut self, name: &str) -> Option<Value>;

    /// An attribute of something known by name is set.
    fn assign(&mut self, name: &str, attribute: &str, value: &Value, place: &Place);

    /// A function with so many parameters is given to a decorator known by name, which is not followed. The answer is what it is
    /// called with sooner or later, if that matters.
    fn decorated(&mut self, _name: &str, _parameters: usize, _place: &Place) -> Option<Arguments> {
        None
    }

    /// The attributes that a class has from a base known by name; none if that is not known.
    fn base(&mut self, name: &str, place: &Place) -> Option<Vec<(String, Value)>>;

    /// What `container[key]` gives for something known by name.
    fn subscript(&mut self, name: &str, key: &Value, place: &Place) -> Outcome;
}

/// A module of the project.
pub struct Source {
    /// The file, as messages name it.
    pub file: Rc<str>,
    /// The text.
    pub text: String,
}

/// What a call gives.
pub enum Outcome {
    /// A value.
    Value(Value),
    /// The host does not know it.
    NotKnown,
    /// It raises.
    Raises(Raised),
    /// It calls a function with arguments and gives its result.
    Calls(Value, Arguments),
    /// What it gives depends on what modules do when they are imported that have not been looked into yet. After that it
    /// is asked once more.
    AfterImports,
}

/// An exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// The class by its last name: `KeyError`.
    pub class: String,
    /// The message, empty if it is not known.
    pub message: String,
    /// Where it was raised.
    pub place: Place,
}

/// A host that knows nothing, for modules that only declare.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn follows_functions(&self) -> bool {
        false
    }

    fn follows_module(&self, _: &str) -> bool {
        false
    }

    fn source(&mut self, _: &str) -> Option<Source> {
        None
    }

    fn star_import_spares(&self, module: &str, _: &str) -> bool {
        ["sqlalchemy", "alembic", "typing", "datetime"]
            .contains(&module.split('.').next().unwrap_or_default())
    }

    fn value_of(&mut self, _: &str, _: &Place) -> Option<Value> {
        None
    }

    fn call(&mut self, _: &str, _: &Arguments, _: &Place, _: Option<&Rc<Unknown>>) -> Outcome {
        Outcome::NotKnown
    }

    fn call_method(
        &mut self,
        _: &Rc<Object>,
        _: &str,
        _: &Arguments,
        _: &Place,
        _: Option<&Rc<Unknown>>,
    ) -> Outcome {
        Outcome::NotKnown
    }

    fn unbound(&mut self, _: &str) -> Option<Value> {
        None
    }

    fn assign(&mut self, _: &str, _: &str, _: &Value, _: &Place) {}

    fn base(&mut self, _: &str, _: &Place) -> Option<Vec<(String, Value)>> {
        None
    }

    fn subscript(&mut self, _: &str, _: &Value, _: &Place) -> Outcome {
        Outcome::NotKnown
    }
}

/// The names of a module or of a function that is being called.
pub(super) struct Scope {
    pub(super) names: RefCell<HashMap<String, Value>>,
    /// The scope around a function; none for a module.
    pub(super) outer: Option<Rc<Scope>>,
    /// Names that a `global` statement sends to the module.
    pub(super) globals: RefCell<Vec<String>>,
    pub(super) module: Rc<Module>,
}

/// What the scopes of one file share.
pub(super) struct Module {
    pub(super) file: Rc<str>,
    pub(super) name: String,
    pub(super) lines: Lines,
    /// Modules of which everything was imported, each with its line.
    pub(super) stars: RefCell<Vec<(String, usize)>>,
}

impl Scope {
    fn of_module(module: Module) -> Rc<Scope> {
        Rc::new(Scope {
            names: RefCell::default(),
            outer: None,
            globals: RefCell::default(),
            module: Rc::new(module),
        })
    }

    pub(super) fn inside(outer: &Rc<Scope>) -> Rc<Scope> {
        Rc::new(Scope {
            names: RefCell::default(),
            outer: Some(Rc::clone(outer)),
            globals: RefCell::default(),
            module: Rc::clone(&outer.module),
        })
    }

    pub(super) fn top(self: &Rc<Scope>) -> Rc<Scope> {
        let mut scope = Rc::clone(self);
        while let Some(outer) = &scope.outer {
            scope = Rc::clone(outer);
        }
        scope
    }

    pub(super) fn place(&self, node: &impl Ranged) -> Place {
        Place { file: Rc::clone(&self.module.file), line: self.module.lines.of_node(node) }
    }

    pub(super) fn bind(self: &Rc<Scope>, name: &str, value: Value) {
        if self.outer.is_some() && self.globals.borrow().iter().any(|global| global == name) {
            self.top().names.borrow_mut().insert(name.to_owned(), value);
        } else {
            self.names.borrow_mut().insert(name.to_owned(), value);
        }
    }

    pub(super) fn find(self: &Rc<Scope>, name: &str) -> Option<Value> {
        let mut scope = Rc::clone(self);
        loop {
            if let Some(value) = scope.names.borrow().get(name) {
                return Some(value.clone());
            }
            let outer = scope.outer.clone()?;
            scope = outer;
        }
    }
}

/// Why following stopped where it did.
pub(super) enum Stop {
    Return(Value),
    Break,
    Continue,
    Raise(Raised),
    /// Too long or too deep.
    Limit,
}

/// Follows modules.
pub struct Interpreter<H> {
    /// The world outside.
    pub host: H,
    pub(super) steps: usize,
    pub(super) depth: usize,
    /// Why what is being followed may not be reached.
    pub(super) maybe: Option<Rc<Unknown>>,
    /// Why the function that is being followed may already have returned.
    pub(super) returned: Option<Rc<Unknown>>,
    /// Modules of the project already followed, by full name.
    pub(super) modules: HashMap<String, Rc<Scope>>,
    /// Modules that were imported but not needed so far.
    pub(super) pending: VecDeque<String>,
}

/// The names of a module that was followed.
pub struct Followed {
    scope: Rc<Scope>,
    /// What it raised in the end, or none.
    pub raised: Option<Raised>,
    /// Whether it was too long or too deep to be followed to its end.
    pub gave_up: bool,
}

impl Followed {
    /// The value of a name of the module; none if it is not bound.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.scope.names.borrow().get(name).cloned()
    }

    /// What may have bound names unseen: modules of which everything was imported, and `globals` and its like; with
    /// their lines.
    pub fn stars(&self) -> Vec<(String, usize)> {
        self.scope.module.stars.borrow().clone()
    }
}

/// A module that is filled piece by piece.
pub struct Open {
    scope: Rc<Scope>,
}

impl Open {
    /// Binds a name.
    pub fn bind(&self, name: &str, value: Value) {
        self.scope.bind(name, value);
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.scope.find(name)
    }
}

fn reason_of(stop: Stop) -> Option<Raised> {
    match stop {
        Stop::Raise(raised) => Some(raised),
        Stop::Return(_) | Stop::Break | Stop::Continue | Stop::Limit => None,
    }
}

impl<H: Host> Interpreter<H> {
    /// A follower.
    pub fn new(host: H) -> Interpreter<H> {
        Interpreter {
            host,
            steps: 0,
            depth: 0,
            maybe: None,
            returned: None,
            modules: HashMap::new(),
            pending: VecDeque::new(),
        }
    }

    /// Follows a module. `file` is for messages and `__file__`, `name` for relative imports, `documentation` is the
    /// module's docstring.
    pub fn follow(
        &mut self,
        file: &str,
        name: &str,
        documentation: Option<&str>,
        module: &ModModule,
        lines: &Lines,
    ) -> Followed {
        let scope = Scope::of_module(Module {
            file: Rc::from(file),
            name: name.to_owned(),
            lines: lines.clone(),
            stars: RefCell::default(),
        });
        scope.bind("__doc__", documentation.map_or(Value::None, Value::text));
        scope.bind("__file__", Value::text(file));
        self.modules.insert(name.to_owned(), Rc::clone(&scope));
        let stopped = self.block(&scope, &module.body);
        let (raised, gave_up) = match stopped {
            Ok(()) | Err(Stop::Return(_) | Stop::Break | Stop::Continue) => (None, false),
            Err(Stop::Raise(raised)) => (Some(raised), false),
            Err(Stop::Limit) => (None, true),
        };
        Followed { scope, raised, gave_up }
    }

    /// Looks into what a name of a module was imported from.
    pub fn resolve_name(&mut self, followed: &mut Followed, name: &str) {
        let Some(Value::Import(import)) = followed.get(name) else {
            return;
        };
        let value = match self.resolve(&import) {
            Ok(value) => value,
            Err(Stop::Raise(raised)) => {
                Self::unknown(raised.place.clone(), format!("its module raises {}", raised.class))
            }
            Err(_) => Self::unknown(import.place.clone(), "its module computes too much"),
        };
        followed.scope.bind(name, value);
    }

    /// A module without statements, to be filled and asked piece by piece.
    pub fn open(&mut self, file: &str) -> Open {
        let lines = Lines::of("");
        let (file, name, stars) = (Rc::from(file), String::new(), RefCell::default());
        Open { scope: Scope::of_module(Module { file, name, lines, stars }) }
    }

    /// Follows statements in an open module.
    ///
    /// # Errors
    /// What they raise, or none if there was too much to do.
    pub fn execute(&mut self, open: &Open, body: &[Stmt]) -> Result<(), Option<Raised>> {
        self.block(&open.scope, body).map_err(reason_of)
    }

    /// The value of an expression in an open module.
    ///
    /// # Errors
    /// What it raises, or none if there was too much to do.
    pub fn evaluate(&mut self, open: &Open, expression: &Expr) -> Result<Value, Option<Raised>> {
        self.expression(&open.scope, expression).map_err(reason_of)
    }

    /// Calls a function of an open module.
    ///
    /// # Errors
    /// What it raises, or none if there was too much to do.
    pub fn call_in(
        &mut self,
        open: &Open,
        function: &Value,
        arguments: Arguments,
    ) -> Result<Value, Option<Raised>> {
        let place = Place { file: Rc::clone(&open.scope.module.file), line: 1 };
        self.call_value(function, arguments, &place).map_err(reason_of)
    }

    /// Assigns to a target, as a loop does.
    ///
    /// # Errors
    /// What it raises, or none if there was too much to do.
    pub fn assign_in(&mut self, open: &Open, target: &Expr, value: Value) -> Result<(), Option<Raised>> {
        self.assign(&open.scope, target, value).map_err(reason_of)
    }

    pub(super) fn step(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps > MOST_STEPS { Err(Stop::Limit) } else { Ok(()) }
    }

    pub(super) fn enter(&mut self) -> Result<(), Stop> {
        if self.depth >= DEEPEST {
            return Err(Stop::Limit);
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn block(&mut self, scope: &Rc<Scope>, body: &[Stmt]) -> Result<(), Stop> {
        body.iter().try_for_each(|statement| self.statement(scope, statement))
    }

    pub(super) fn unknown(place: Place, reason: impl Into<String>) -> Value {
        Value::Unknown(Rc::new(Unknown { place, reason: reason.into() }))
    }
}
