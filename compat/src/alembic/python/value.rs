//! Values as far as they can be told without running anything.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use ruff_python_ast::StmtFunctionDef;

use super::interpreter::Scope;
use super::text::{repr, repr_list, repr_tuple};

/// A value.
#[derive(Clone)]
pub enum Value {
    /// `None`.
    None,
    /// A boolean.
    Bool(bool),
    /// An integer that fits.
    Integer(i64),
    /// A string.
    Text(Rc<str>),
    /// A tuple.
    Tuple(Rc<[Value]>),
    /// A list, which aliases share.
    List(Items),
    /// A set, in the order in which it was built.
    Set(Items),
    /// A dictionary, which aliases share.
    Dict(Entries),
    /// Something of a module, known by its full name alone: `os.environ`.
    Named(Rc<str>),
    /// An attribute of a value, which is to be called.
    Method(Rc<(Value, String)>),
    /// What a call or a class of the project made.
    Object(Rc<Object>),
    /// A function of the project.
    Function(Rc<Function>),
    /// A module of the project, or a name in one, that is looked into once it is needed.
    Import(Rc<Import>),
    /// What cannot be told.
    Unknown(Rc<Unknown>),
}

/// An import of a module of the project.
pub struct Import {
    /// The module's full name.
    pub module: String,
    /// The name in it; none for the module itself.
    pub name: Option<String>,
    /// Where it is imported.
    pub place: Place,
}

/// Items of a list or set.
#[derive(Clone)]
pub struct Items(pub Rc<RefCell<Contents<Vec<Value>>>>);

/// Entries of a dictionary.
#[derive(Clone)]
pub struct Entries(pub Rc<RefCell<Contents<Pairs>>>);

/// Keys with their values, in the order of insertion.
pub type Pairs = Vec<(Value, Value)>;

/// What is in a container, unless something unknown may have changed it.
#[derive(Clone)]
pub struct Contents<T> {
    /// What it holds.
    pub held: T,
    /// Why that is not known.
    pub unknown: Option<Rc<Unknown>>,
}

/// A module, a class, or what a call made.
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// The class by its full name, or the module or class itself by its own.
    pub class: String,
    /// Its attributes.
    pub attributes: RefCell<BTreeMap<String, Value>>,
    /// The file and line where it was made.
    pub place: Place,
    /// Why it may have other attributes than those.
    pub opaque: Option<Rc<Unknown>>,
}

/// What an [`Object`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A module of the project.
    Module,
    /// A class of the project.
    Class,
    /// An instance of a class of the project.
    Instance,
    /// Something that the host made and whose methods it knows.
    Host,
}

impl Object {
    /// Something that the host makes.
    pub fn of_host(class: &str, place: &Place, attributes: Vec<(&str, Value)>) -> Rc<Object> {
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Rc::new(Object {
            kind: Kind::Host,
            class: class.to_owned(),
            attributes: RefCell::new(attributes),
            place: place.clone(),
            opaque: None,
        })
    }

    /// One of its attributes.
    pub fn attribute(&self, name: &str) -> Option<Value> {
        self.attributes.borrow().get(name).cloned()
    }
}

/// A file and a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as messages name it.
    pub file: Rc<str>,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// A function of the project.
pub struct Function {
    /// Its definition.
    pub definition: Rc<StmtFunctionDef>,
    pub(super) scope: Rc<Scope>,
}

/// Why a value cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Where the reason lies.
    pub place: Place,
    /// The reason, to be read behind "because": `` `settings.url` is not known ``.
    pub reason: String,
}

/// What stands for a name of a template that is not bound. It is false, and has no text.
pub const UNDEFINED: &str = "mako.runtime.UNDEFINED";

/// Things known by name that are false.
const FALSE: [&str; 3] = ["typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING", UNDEFINED];

/// The longest string that is computed with, in bytes, and the most items of a list: more than a header or a URL needs.
pub(super) const LONGEST: usize = 16 * 1024;

impl Value {
    /// Whether it is too large to be computed with.
    pub(super) fn is_large(&self) -> bool {
        match self {
            Value::Text(text) => text.len() > LONGEST,
            Value::Tuple(items) => items.len() > LONGEST,
            Value::List(items) | Value::Set(items) => items.0.borrow().held.len() > LONGEST,
            Value::Dict(entries) => entries.0.borrow().held.len() > LONGEST,
            _ => false,
        }
    }

    /// A string.
    pub fn text(text: impl AsRef<str>) -> Value {
        Value::Text(Rc::from(text.as_ref()))
    }

    /// A name.
    pub fn named(name: impl AsRef<str>) -> Value {
        Value::Named(Rc::from(name.as_ref()))
    }

    /// A module of the project, to be looked into when it is needed.
    pub fn import(module: &str, place: &Place) -> Value {
        Value::Import(Rc::new(Import { module: module.to_owned(), name: None, place: place.clone() }))
    }

    /// A list.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Items::of(items))
    }

    /// A dictionary.
    pub fn dict(entries: Vec<(Value, Value)>) -> Value {
        Value::Dict(Entries(Rc::new(RefCell::new(Contents { held: entries, unknown: None }))))
    }

    /// The string, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Why it is not known; none if it is. A container is not known if something in it is not.
    pub fn unknown(&self) -> Option<Rc<Unknown>> {
        self.unknown_within(&mut Budget::default())
    }

    fn unknown_within(&self, budget: &mut Budget) -> Option<Rc<Unknown>> {
        if !budget.spend() {
            return Some(Rc::new(Unknown {
                place: Place { file: Rc::from(""), line: 1 },
                reason: "it nests too deep or is too large".to_owned(),
            }));
        }
        let found = match self {
            Value::Unknown(unknown) => Some(Rc::clone(unknown)),
            Value::Tuple(items) => items.iter().find_map(|item| item.unknown_within(budget)),
            Value::List(items) | Value::Set(items) => {
                let contents = items.0.borrow();
                let mut inside = || contents.held.iter().find_map(|item| item.unknown_within(budget));
                contents.unknown.clone().or_else(&mut inside)
            }
            Value::Dict(entries) => {
                let contents = entries.0.borrow();
                let mut inside = || {
                    contents.held.iter().find_map(|(key, value)| {
                        key.unknown_within(budget).or_else(|| value.unknown_within(budget))
                    })
                };
                contents.unknown.clone().or_else(&mut inside)
            }
            _ => None,
        };
        budget.depth -= 1;
        found
    }

    /// The items of something that can be iterated over; an error if they are not known, none if it cannot.
    pub fn iterate(&self) -> Option<Result<Vec<Value>, Rc<Unknown>>> {
        match self {
            Value::Tuple(items) => Some(Ok(items.to_vec())),
            Value::List(items) | Value::Set(items) => {
                let contents = items.0.borrow();
                Some(contents.unknown.clone().map_or_else(|| Ok(contents.held.clone()), Err))
            }
            Value::Dict(entries) => {
                let contents = entries.0.borrow();
                let keys = || contents.held.iter().map(|(key, _)| key.clone()).collect();
                Some(contents.unknown.clone().map_or_else(|| Ok(keys()), Err))
            }
            Value::Text(text) => {
                Some(Ok(text.chars().map(|character| Value::text(character.to_string())).collect()))
            }
            Value::Unknown(unknown) => Some(Err(Rc::clone(unknown))),
            _ => None,
        }
    }

    /// What `bool` says, if it is known.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::None => Some(false),
            Value::Bool(value) => Some(*value),
            Value::Integer(value) => Some(*value != 0),
            Value::Text(text) => Some(!text.is_empty()),
            Value::Tuple(items) => Some(!items.is_empty()),
            Value::List(items) | Value::Set(items) => {
                let contents = items.0.borrow();
                contents.unknown.is_none().then_some(!contents.held.is_empty())
            }
            Value::Dict(entries) => {
                let contents = entries.0.borrow();
                contents.unknown.is_none().then_some(!contents.held.is_empty())
            }
            Value::Function(_) | Value::Method(_) => Some(true),
            Value::Named(name) if FALSE.contains(&&**name) => Some(false),
            Value::Named(_) | Value::Object(_) | Value::Import(_) | Value::Unknown(_) => None,
        }
    }

    /// Python's `==`, if it is known.
    pub fn equals(&self, other: &Value) -> Option<bool> {
        if self.unknown().is_some() || other.unknown().is_some() {
            return None;
        }
        self.equals_within(other, &mut Budget::default())
    }

    fn equals_within(&self, other: &Value, budget: &mut Budget) -> Option<bool> {
        if !budget.spend() {
            return None;
        }
        let equal = match (self, other) {
            (Value::None, Value::None) => Some(true),
            (Value::Bool(one), Value::Bool(two)) => Some(one == two),
            (Value::Bool(one), Value::Integer(two)) | (Value::Integer(two), Value::Bool(one)) => {
                Some(i64::from(*one) == *two)
            }
            (Value::Integer(one), Value::Integer(two)) => Some(one == two),
            (Value::Text(one), Value::Text(two)) => Some(one == two),
            (Value::Tuple(one), Value::Tuple(two)) => all_equal(one, two, budget),
            (Value::List(one), Value::List(two)) => {
                all_equal(&one.0.borrow().held, &two.0.borrow().held, budget)
            }
            (Value::Set(_), Value::Set(_)) | (Value::Dict(_), Value::Dict(_)) => None,
            (Value::Named(_) | Value::Object(_) | Value::Method(_) | Value::Import(_), _)
            | (_, Value::Named(_) | Value::Object(_) | Value::Method(_) | Value::Import(_)) => None,
            _ => Some(false),
        };
        budget.depth -= 1;
        equal
    }

    /// Whether both are the same as far as can be told; used where two ways lead to one place.
    pub(super) fn is_same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Named(one), Value::Named(two)) => one == two,
            (Value::Object(one), Value::Object(two)) => Rc::ptr_eq(one, two),
            (Value::Function(one), Value::Function(two)) => Rc::ptr_eq(&one.definition, &two.definition),
            (Value::List(one), Value::List(two)) | (Value::Set(one), Value::Set(two)) => {
                Rc::ptr_eq(&one.0, &two.0)
            }
            (Value::Dict(one), Value::Dict(two)) => Rc::ptr_eq(&one.0, &two.0),
            (Value::Unknown(one), Value::Unknown(two)) => one == two,
            (Value::Import(one), Value::Import(two)) => one.module == two.module && one.name == two.name,
            (Value::Method(one), Value::Method(two)) => one.1 == two.1 && one.0.is_same(&two.0),
            _ => self.equals(other) == Some(true),
        }
    }

    /// `str(value)`, if it is known.
    pub fn shown(&self) -> Option<String> {
        match self {
            Value::Text(text) => Some(text.to_string()),
            Value::Object(object) => object.attribute("__str__")?.as_text().map(str::to_owned),
            _ => self.represented(),
        }
    }

    /// `repr(value)`, if it is known.
    pub fn represented(&self) -> Option<String> {
        match self {
            Value::None => Some("None".to_owned()),
            Value::Bool(value) => Some(if *value { "True" } else { "False" }.to_owned()),
            Value::Integer(value) => Some(value.to_string()),
            Value::Text(text) => Some(repr(text)),
            Value::Tuple(items) => {
                let texts: Option<Vec<String>> =
                    items.iter().map(|item| item.as_text().map(str::to_owned)).collect();
                texts.map(|texts| repr_tuple(&texts))
            }
            Value::List(_) => {
                let items = self.iterate()?.ok()?;
                let texts: Option<Vec<String>> =
                    items.iter().map(|item| item.as_text().map(str::to_owned)).collect();
                texts.map(|texts| repr_list(&texts))
            }
            _ => None,
        }
    }

    /// What messages call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::None => "None",
            Value::Bool(_) => "a bool",
            Value::Integer(_) => "an int",
            Value::Text(_) => "a str",
            Value::Tuple(_) => "a tuple",
            Value::List(_) => "a list",
            Value::Set(_) => "a set",
            Value::Dict(_) => "a dict",
            Value::Function(_) | Value::Method(_) => "a function",
            Value::Named(_) | Value::Object(_) | Value::Import(_) => "an object",
            Value::Unknown(_) => "unknown",
        }
    }
}

fn all_equal(one: &[Value], two: &[Value], budget: &mut Budget) -> Option<bool> {
    if one.len() != two.len() {
        return Some(false);
    }
    let mut equal = true;
    for (one, two) in one.iter().zip(two) {
        equal = one.equals_within(two, budget)? && equal;
    }
    Some(equal)
}

/// How much of a value is looked at: it may hold itself.
#[derive(Default)]
struct Budget {
    seen: usize,
    depth: usize,
}

impl Budget {
    /// Whether one more value may be looked at. Whoever is told so gives the depth back.
    fn spend(&mut self) -> bool {
        self.seen += 1;
        self.depth += 1;
        let may = self.seen <= 2 * LONGEST && self.depth <= 50;
        if !may {
            self.depth -= 1;
        }
        may
    }
}

impl Items {
    /// A new container.
    pub fn of(items: Vec<Value>) -> Items {
        Items(Rc::new(RefCell::new(Contents { held: items, unknown: None })))
    }
}

/// Arguments of a call.
#[derive(Clone, Default)]
pub struct Arguments {
    /// By position.
    pub positional: Vec<Value>,
    /// By keyword.
    pub keywords: Vec<(String, Value)>,
    /// Why there may be more: a `*` or `**` that is not known.
    pub more: Option<Rc<Unknown>>,
}

impl Arguments {
    /// An argument by position, or by keyword.
    pub fn get(&self, position: usize, keyword: &str) -> Option<&Value> {
        self.positional.get(position).or_else(|| self.keyword(keyword))
    }

    /// An argument by keyword.
    pub fn keyword(&self, keyword: &str) -> Option<&Value> {
        self.keywords.iter().find(|(name, _)| name == keyword).map(|(_, value)| value)
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.positional.iter().chain(self.keywords.iter().map(|(_, value)| value))
    }
}
