//! What a knexfile sees besides itself: its place, and the environment.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::value::{Value, is_of_every_object};

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// It is not set.
    Unset,
    /// Text.
    Text(String),
    /// Not Unicode: Node and QuickJS make different text of it.
    Other,
}

/// See the module.
pub struct World<'a> {
    /// The file, without links.
    pub file: String,
    /// Its folder.
    pub folder: String,
    /// The folder in which it is evaluated, if it has no links: with some, carriers name it differently.
    pub working_folder: Option<String>,
    /// Whether it is one of the project's own, whose questions for variables are told.
    pub is_told: bool,
    /// The process' environment.
    pub variables: &'a dyn Fn(&str) -> Variable,
    /// What dotenv has added.
    added: RefCell<BTreeMap<String, String>>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> World<'a> {
    /// A world in which nothing has been asked for.
    pub fn new(
        file: String,
        folder: String,
        working_folder: Option<String>,
        is_told: bool,
        variables: &'a dyn Fn(&str) -> Variable,
    ) -> World<'a> {
        let (added, asked) = (RefCell::default(), RefCell::default());
        World { file, folder, working_folder, is_told, variables, added, asked }
    }

    /// The value of `process.env.name`, which the file asks for.
    pub fn ask(&self, name: &str) -> Option<Value> {
        if is_of_every_object(name) || !name.is_ascii() {
            return None;
        }
        if self.is_told {
            self.asked.borrow_mut().insert(name.to_owned());
        }
        self.look(name)
    }

    /// The same, without being told.
    pub fn look(&self, name: &str) -> Option<Value> {
        if let Some(text) = self.added.borrow().get(name) {
            return Some(Value::text(text));
        }
        match (self.variables)(name) {
            Variable::Unset => Some(Value::Undefined),
            Variable::Text(text) => Some(Value::Text(text)),
            Variable::Other => None,
        }
    }

    /// Sets a variable that is not set.
    pub fn add(&self, name: &str, value: &str) {
        if !self.added.borrow().contains_key(name) && (self.variables)(name) == Variable::Unset {
            self.added.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
    }

    /// The names that the file asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().iter().cloned().collect()
    }
}
