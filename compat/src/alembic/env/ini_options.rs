//! `context.config`: options of the ini file, and those that `env.py` sets itself.

use std::collections::HashMap;
use std::rc::Rc;

use super::host::key_error;
use crate::alembic::config::Sources;
use crate::alembic::python::text::repr;
use crate::alembic::python::value::Place;
use crate::alembic::python::{Arguments, Outcome, Raised, Unknown, Value};

/// The options as they are at the moment.
pub(in crate::alembic) struct IniOptions<'a> {
    sources: std::borrow::Cow<'a, Sources>,
    /// Options that were set to what is not known, by section and key.
    lost: HashMap<(String, String), Rc<Unknown>>,
}

impl<'a> IniOptions<'a> {
    pub(in crate::alembic) fn new(sources: &'a Sources) -> IniOptions<'a> {
        IniOptions { sources: std::borrow::Cow::Borrowed(sources), lost: HashMap::new() }
    }

    /// `config.NAME`.
    pub(in crate::alembic) fn attribute(&self, name: &str) -> Option<Value> {
        match name {
            "config_ini_section" => Some(Value::text(&self.sources.section)),
            // The command line always names one, whether it exists or not.
            "config_file_name" => Some(Value::text(&self.sources.ini_name)),
            "toml_file_name" => Some(Value::text(self.sources.toml.path.to_string_lossy())),
            "attributes" => Some(Value::dict(Vec::new())),
            _ => None,
        }
    }

    /// `config.NAME(…)`.
    pub(in crate::alembic) fn call(
        &mut self,
        function: &str,
        arguments: &Arguments,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
    ) -> Outcome {
        let section = self.sources.section.clone();
        let text = |position: usize, keyword: &str| {
            arguments.get(position, keyword).and_then(Value::as_text).map(str::to_owned)
        };
        match function {
            "get_main_option" | "get_alembic_option" => match text(0, "name") {
                Some(name) => self.option(&section, &name, arguments.get(1, "default"), place),
                None => Outcome::NotKnown,
            },
            "get_section_option" => match (text(0, "section"), text(1, "name")) {
                (Some(section), Some(name)) => {
                    self.option(&section, &name, arguments.get(2, "default"), place)
                }
                _ => Outcome::NotKnown,
            },
            "get_section" => match text(0, "name") {
                Some(name) => self.section(&name, arguments.get(1, "default"), place),
                None => Outcome::NotKnown,
            },
            "set_main_option" => match (text(0, "name"), arguments.get(1, "value")) {
                (Some(name), Some(value)) => self.set(&section, &name, value, place, maybe),
                _ => Outcome::NotKnown,
            },
            "set_section_option" => match (text(0, "section"), text(1, "name"), arguments.get(2, "value")) {
                (Some(section), Some(name), Some(value)) => self.set(&section, &name, value, place, maybe),
                _ => Outcome::NotKnown,
            },
            _ => Outcome::NotKnown,
        }
    }

    fn option(&self, section: &str, name: &str, default: Option<&Value>, place: &Place) -> Outcome {
        let key = name.to_lowercase();
        if let Some(unknown) = self.lost.get(&(section.to_owned(), key.clone())) {
            return Outcome::Value(Value::Unknown(Rc::clone(unknown)));
        }
        match self.sources.section_option(section, &key) {
            Ok(Some(text)) => Outcome::Value(Value::text(text)),
            Ok(None) => Outcome::Value(default.cloned().unwrap_or(Value::None)),
            Err(error) => raises("CommandError", error.to_string(), place),
        }
    }

    fn section(&self, name: &str, default: Option<&Value>, place: &Place) -> Outcome {
        match self.sources.section_items(name) {
            Ok(Some(items)) => {
                let value = |key: &str, text: String| match self.lost.get(&(name.to_owned(), key.to_owned()))
                {
                    Some(unknown) => Value::Unknown(Rc::clone(unknown)),
                    None => Value::text(text),
                };
                let mut entries: Vec<(Value, Value)> =
                    items.into_iter().map(|(key, text)| (Value::text(&key), value(&key, text))).collect();
                for ((section, key), unknown) in &self.lost {
                    if section == name && !entries.iter().any(|(held, _)| held.as_text() == Some(key)) {
                        entries.push((Value::text(key), Value::Unknown(Rc::clone(unknown))));
                    }
                }
                Outcome::Value(Value::dict(entries))
            }
            Ok(None) => Outcome::Value(default.cloned().unwrap_or(Value::None)),
            Err(error) => raises("InterpolationError", error.to_string(), place),
        }
    }

    /// `ConfigParser.set`, which refuses a percent sign that is not doubled.
    fn set(
        &mut self,
        section: &str,
        name: &str,
        value: &Value,
        place: &Place,
        maybe: Option<&Rc<Unknown>>,
    ) -> Outcome {
        let key = (section.to_owned(), name.to_lowercase());
        let text = match (value, maybe) {
            (Value::Text(text), None) => text,
            (Value::Text(_) | Value::Unknown(_), _) => {
                let unknown = maybe.cloned().or(value.unknown());
                if let Some(unknown) = unknown {
                    self.lost.insert(key, unknown);
                }
                return Outcome::Value(Value::None);
            }
            (Value::Object(_) | Value::Named(_) | Value::Method(_) | Value::Import(_), _) => {
                let reason = format!("`{name}` is set to what is not known");
                self.lost.insert(key, Rc::new(Unknown { place: place.clone(), reason }));
                return Outcome::Value(Value::None);
            }
            _ => return raises("TypeError", "option values must be strings".to_owned(), place),
        };
        if let Some(position) = stray_percent(text) {
            // The value may hold a password.
            let message = format!(
                "invalid interpolation syntax in the value of {} at position {position}; double each percent sign, as in \
                 .replace(\"%\", \"%%\")",
                repr(name)
            );
            return raises("ValueError", message, place);
        }
        self.lost.remove(&key);
        let sources = self.sources.to_mut();
        if sources.ini.section(section).is_none() {
            sources.ini.sections.push(crate::alembic::config::ini::Section {
                name: section.to_owned(),
                line: place.line,
                options: crate::alembic::config::ini::Options::default(),
            });
        }
        if let Some(section) = sources.ini.sections.iter_mut().find(|known| known.name == section) {
            section.options.set(&key.1, text.to_string(), place.line);
        }
        Outcome::Value(Value::None)
    }
}

/// The position of a percent sign that is neither doubled nor part of `%(name)s`, in what remains without those.
fn stray_percent(text: &str) -> Option<usize> {
    let mut rest = text.replace("%%", "");
    while let Some(start) = rest.find("%(") {
        let tail = rest.get(start + 2..).unwrap_or_default();
        let Some(end) = tail
            .find(')')
            .filter(|end| *end > 0 && tail.get(end + 1..).is_some_and(|after| after.starts_with('s')))
        else {
            break;
        };
        rest.replace_range(start..start + 2 + end + 2, "");
    }
    rest.find('%').map(|index| rest.get(..index).map_or(0, |before| before.chars().count()))
}

fn raises(class: &str, message: String, place: &Place) -> Outcome {
    Outcome::Raises(Raised { class: class.to_owned(), message, place: place.clone() })
}

/// A dictionary's missing key, as `engine_from_config` raises it.
pub(super) fn missing(key: &str, place: &Place) -> Outcome {
    key_error(key, place)
}
