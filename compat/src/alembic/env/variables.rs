//! Environment variables.

use std::rc::Rc;

use super::host::{EnvHost, key_error};
use crate::alembic::python::value::Place;
use crate::alembic::python::{Arguments, Outcome, Raised, Unknown, Value};

impl EnvHost<'_> {
    /// `os.environ[key]`.
    pub(super) fn variable(&mut self, key: &str, place: &Place) -> Outcome {
        match self.look_up(key) {
            Ok(Some(value)) => Outcome::Value(value),
            Ok(None) => Outcome::Raises(Raised {
                class: "KeyError".to_owned(),
                message: format!("'{key}' (the environment variable is not set)"),
                place: place.clone(),
            }),
            Err(outcome) => outcome,
        }
    }

    /// The value of a variable, if it is set. Before it counts as not set, every import has to be looked into, since one
    /// may load a `.env` file.
    pub(super) fn look_up(&mut self, key: &str) -> Result<Option<Value>, Outcome> {
        if let Some(unknown) = self.lost.get(key) {
            return Ok(Some(Value::Unknown(Rc::clone(unknown))));
        }
        let value = (self.inputs.variables)(key).or_else(|| self.loaded.get(key).cloned());
        if value.is_none() && !self.caught_up {
            self.caught_up = true;
            return Err(Outcome::AfterImports);
        }
        self.caught_up = false;
        self.read.insert(key.to_owned(), value.is_some());
        Ok(value.map(Value::text))
    }

    pub(super) fn variable_call(
        &mut self,
        name: &str,
        arguments: &Arguments,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
    ) -> Outcome {
        let Some(key) = arguments.get(0, "key").and_then(Value::as_text) else {
            return Outcome::NotKnown;
        };
        let default = arguments.get(1, "default").cloned();
        match name {
            "os.getenv" | "os.environ.get" => match self.look_up(key) {
                Ok(value) => Outcome::Value(value.or(default).unwrap_or(Value::None)),
                Err(outcome) => outcome,
            },
            "os.environ.setdefault" => match self.look_up(key) {
                Ok(Some(value)) => Outcome::Value(value),
                Ok(None) => {
                    let default = default.unwrap_or(Value::None);
                    self.set(key, &default, place, maybe);
                    Outcome::Value(default)
                }
                Err(outcome) => outcome,
            },
            "os.environ.pop" => match self.look_up(key) {
                Ok(Some(value)) => {
                    let reason = format!("the environment variable {key} is removed");
                    self.lost.insert(key.to_owned(), Rc::new(Unknown { place: place.clone(), reason }));
                    Outcome::Value(value)
                }
                Ok(None) => default.map_or_else(|| key_error(key, place), Outcome::Value),
                Err(outcome) => outcome,
            },
            _ => Outcome::NotKnown,
        }
    }

    /// Sets a variable.
    pub(super) fn set(&mut self, key: &str, value: &Value, place: &Place, maybe: Option<&Rc<Unknown>>) {
        match (value, maybe) {
            (Value::Text(text), None) if (self.inputs.variables)(key).is_none() => {
                self.lost.remove(key);
                self.loaded.insert(key.to_owned(), text.to_string());
            }
            _ => {
                let reason = format!("the environment variable {key} is set to what is not known");
                let unknown = maybe.cloned().or(value.unknown());
                let unknown = unknown.unwrap_or_else(|| Rc::new(Unknown { place: place.clone(), reason }));
                self.lost.insert(key.to_owned(), unknown);
            }
        }
    }
}
