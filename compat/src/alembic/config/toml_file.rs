//! `[tool.alembic]` of `pyproject.toml`.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::provenance::Origin;
use crate::alembic::python::format::{self, Value};

/// The table `[tool.alembic]` of a file, or an empty one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TomlFile {
    /// The file as it was named.
    pub path: PathBuf,
    /// The folder of the file, absolute, with slashes: what `%(here)s` stands for.
    pub here: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    key: String,
    line: usize,
    value: TomlValue,
}

/// A value of `[tool.alembic]`; strings are raw.
#[derive(Debug, Clone, PartialEq)]
enum TomlValue {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<TomlValue>),
    Table(Vec<(String, TomlValue)>),
    Other,
}

impl TomlFile {
    /// Reads the text of a `pyproject.toml`.
    ///
    /// # Errors
    /// [`ConfigError::Toml`] and [`ConfigError::NotATable`].
    pub fn parse(path: &Path, here: &str, text: &str) -> Result<TomlFile, ConfigError> {
        let line_of = |offset: usize| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        let document = DeTable::parse(text).map_err(|error| ConfigError::Toml {
            path: path.to_owned(),
            line: line_of(error.span().map_or(0, |span| span.start)),
            message: error.message().replace('\n', "; "),
        })?;
        let mut file = TomlFile { path: path.to_owned(), here: here.to_owned(), entries: Vec::new() };
        let Some(tool) = document.get_ref().get("tool").map(Spanned::get_ref) else {
            return Ok(file);
        };
        let DeValue::Table(tool) = tool else {
            return Err(ConfigError::NotATable);
        };
        match tool.get("alembic").map(Spanned::get_ref) {
            None => {}
            Some(DeValue::Table(table)) => {
                for (key, value) in table {
                    let key_text = key.get_ref().to_string();
                    let line = line_of(key.span().start);
                    file.entries.push(Entry { key: key_text, line, value: own(value.get_ref()) });
                }
            }
            Some(_) => return Err(ConfigError::NotATable),
        }
        Ok(file)
    }

    /// What stands for a file that does not exist.
    pub fn absent(path: &Path) -> TomlFile {
        TomlFile { path: path.to_owned(), ..TomlFile::default() }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where a key stands; none if it does not.
    pub fn origin(&self, key: &str) -> Option<Origin> {
        self.entry(key).map(|entry| Origin::File { path: self.path.clone(), line: entry.line })
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// A string, or an integer as its text.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, ConfigError> {
        match self.entry(key).map(|entry| &entry.value) {
            None => Ok(None),
            Some(TomlValue::Text(text)) => self.format(key, text).map(Some),
            Some(TomlValue::Integer(integer)) => Ok(Some(integer.to_string())),
            Some(TomlValue::Other) => Err(ConfigError::TomlType(key.to_owned())),
            Some(_) => Err(self.wrong(key, "write a string in quotes")),
        }
    }

    /// A boolean, false by default. Alembic takes nothing else for one, not even the string "true".
    pub(super) fn boolean(&self, key: &str) -> Result<bool, ConfigError> {
        match self.entry(key).map(|entry| &entry.value) {
            None => Ok(false),
            Some(TomlValue::Boolean(value)) => Ok(*value),
            Some(_) => Err(ConfigError::TomlBoolean(key.to_owned())),
        }
    }

    /// What Python's `bool` says of a value that is no string; none if it is a string or absent.
    pub(super) fn truth(&self, key: &str) -> Option<bool> {
        match &self.entry(key)?.value {
            TomlValue::Text(_) => None,
            TomlValue::Boolean(value) => Some(*value),
            TomlValue::Integer(value) => Some(*value != 0),
            TomlValue::List(items) => Some(!items.is_empty()),
            TomlValue::Table(entries) => Some(!entries.is_empty()),
            TomlValue::Other => Some(true),
        }
    }

    /// A list of strings.
    pub(super) fn list(&self, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(entry) = self.entry(key) else {
            return Ok(None);
        };
        let advice = "write a list of strings, as in [\"%(here)s/versions\"]";
        let TomlValue::List(items) = &entry.value else {
            return Err(self.wrong(key, advice));
        };
        let text = |item: &TomlValue| match item {
            TomlValue::Text(text) => self.format(key, text),
            _ => Err(self.wrong(key, advice)),
        };
        items.iter().map(text).collect::<Result<Vec<String>, ConfigError>>().map(Some)
    }

    /// A list of tables of strings.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<Vec<(String, String)>>, ConfigError> {
        let Some(entry) = self.entry(key) else {
            return Ok(Vec::new());
        };
        let advice = "write a list of tables of strings, each with a `name`";
        let TomlValue::List(items) = &entry.value else {
            return Err(self.wrong(key, advice));
        };
        let table = |item: &TomlValue| {
            let TomlValue::Table(entries) = item else {
                return Err(self.wrong(key, advice));
            };
            let entry = |(name, value): &(String, TomlValue)| match value {
                TomlValue::Text(text) => Ok((name.clone(), self.format(key, text)?)),
                _ => Err(self.wrong(key, advice)),
            };
            entries.iter().map(entry).collect()
        };
        items.iter().map(table).collect()
    }

    fn format(&self, key: &str, text: &str) -> Result<String, ConfigError> {
        let lookup = |name: &str| (name == "here").then(|| Value::Text(self.here.clone()));
        format::format(text, &lookup).map_err(|error| ConfigError::Format {
            origin: self.origin(key).unwrap_or(Origin::Default),
            key: key.to_owned(),
            error,
        })
    }

    fn wrong(&self, key: &str, message: &str) -> ConfigError {
        let origin = self.origin(key).unwrap_or(Origin::Default);
        ConfigError::Value { origin, key: key.to_owned(), message: message.to_owned() }
    }
}

fn own(value: &DeValue<'_>) -> TomlValue {
    match value {
        DeValue::String(text) => TomlValue::Text(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(TomlValue::Other, TomlValue::Integer),
        DeValue::Boolean(value) => TomlValue::Boolean(*value),
        DeValue::Array(items) => TomlValue::List(items.iter().map(|item| own(item.get_ref())).collect()),
        DeValue::Table(table) => TomlValue::Table(
            table.iter().map(|(key, value)| (key.get_ref().to_string(), own(value.get_ref()))).collect(),
        ),
        DeValue::Float(_) | DeValue::Datetime(_) => TomlValue::Other,
    }
}
