//! Case files: a table, rows, and what a plugin is expected to make of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use dunlin_compat::model::Dialect;
use serde::Deserialize;
use serde_json::Value as Json;

use super::super::failure::Failure;
use super::json;
use crate::plugin::{Column, Direction, Kind, Table, Value};

/// A case file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "default_table")]
    table: String,
    #[serde(default)]
    dialect: FileDialect,
    /// Columns of the key; `id` when nothing is said.
    #[serde(default = "default_key")]
    key: Vec<String>,
    columns: serde_json::Map<String, Json>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default)]
    direction: FileDirection,
    rows: Vec<serde_json::Map<String, Json>>,
    /// What is expected; nothing is compared without it.
    changes: Option<Vec<serde_json::Map<String, Json>>>,
    #[serde(default)]
    failures: Vec<ExpectedFailure>,
}

fn default_table() -> String {
    "rows".to_owned()
}

fn default_key() -> Vec<String> {
    vec!["id".to_owned()]
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileDialect {
    #[default]
    Postgresql,
    Mysql,
    Mariadb,
    Sqlite,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileDirection {
    #[default]
    Up,
    Down,
}

/// A column with all that can be said of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileColumn {
    kind: String,
    declared: Option<String>,
    #[serde(default = "yes")]
    nullable: bool,
}

fn yes() -> bool {
    true
}

/// A row that is expected to fail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFailure {
    /// The row's key, as its columns.
    pub key: serde_json::Map<String, Json>,
    /// The column that it is about.
    pub column: Option<String>,
    /// A part of the message.
    pub message: Option<String>,
}

/// A case that was read and is in order.
#[derive(Debug)]
pub struct Case {
    /// The file.
    pub path: PathBuf,
    /// The table.
    pub table: Table,
    /// Options of the plugin.
    pub options: BTreeMap<String, String>,
    /// The rows: values of all columns, null where a row does not give one.
    pub rows: Vec<Vec<Value>>,
    /// The changes that are expected, each with the row's key.
    pub changes: Option<Vec<serde_json::Map<String, Json>>>,
    /// The failures that are expected.
    pub failures: Vec<ExpectedFailure>,
}

impl Case {
    /// Reads a case file.
    pub fn read(path: &Path) -> Result<Case, Failure> {
        let wrong = |reason: String| {
            Failure::new("CASE_FILE", format!("{}: {reason}", path.display()))
                .help("docs/plugins.md shows a case file.")
        };
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let file: File =
            serde_json::from_str(&text).map_err(|error| wrong(error.to_string()).at(path, error.line()))?;
        let columns = file.columns.iter().map(|(name, column)| read_column(name, column));
        let columns = columns.collect::<Result<Vec<Column>, String>>().map_err(wrong)?;
        if let Some(missing) = file.key.iter().find(|key| !columns.iter().any(|column| column.name == **key))
        {
            return Err(wrong(format!("the key's column {missing} is none of `columns`")));
        }
        let mut rows = Vec::with_capacity(file.rows.len());
        for (number, row) in (1..).zip(&file.rows) {
            if let Some(unknown) = row.keys().find(|name| !file.columns.contains_key(*name)) {
                return Err(wrong(format!("row {number} has {unknown}, which is none of `columns`")));
            }
            let values = columns.iter().map(|column| match row.get(&column.name) {
                Some(value) => json::read(value, column),
                None => Ok(Value::Null),
            });
            let values = values.collect::<Result<Vec<Value>, String>>();
            rows.push(values.map_err(|reason| wrong(format!("row {number}: {reason}")))?);
        }
        Ok(Case {
            path: path.to_owned(),
            table: Table {
                dialect: match file.dialect {
                    FileDialect::Postgresql => Dialect::Postgres,
                    FileDialect::Mysql => Dialect::Mysql,
                    FileDialect::Mariadb => Dialect::Mariadb,
                    FileDialect::Sqlite => Dialect::Sqlite,
                },
                version: "0".to_owned(),
                name: file.table,
                columns,
                key: file.key,
                direction: match file.direction {
                    FileDirection::Up => Direction::Up,
                    FileDirection::Down => Direction::Down,
                },
            },
            options: file.options,
            rows,
            changes: file.changes,
            failures: file.failures,
        })
    }

    /// The values of these columns, row by row.
    pub fn project(&self, columns: &[Column]) -> Vec<Vec<Value>> {
        let places: Vec<usize> = columns.iter().filter_map(|column| self.place(&column.name)).collect();
        let pick = |row: &Vec<Value>| places.iter().filter_map(|place| row.get(*place).cloned()).collect();
        self.rows.iter().map(pick).collect()
    }

    /// A row's key as an object.
    pub fn key(&self, row: usize) -> serde_json::Map<String, Json> {
        let value = |name: &String| {
            let value = self.place(name).and_then(|place| self.rows.get(row)?.get(place));
            (name.clone(), value.map_or(Json::Null, json::write))
        };
        self.table.key.iter().map(value).collect()
    }

    /// A row's key for people: `id=7`.
    pub fn key_text(&self, row: usize) -> String {
        let text: Vec<String> = self.key(row).iter().map(|(name, value)| format!("{name}={value}")).collect();
        text.join(", ")
    }

    /// What a row holds of a column, for people.
    pub fn shown(&self, row: usize, column: &str) -> String {
        let value = self.place(column).and_then(|place| self.rows.get(row)?.get(place));
        value.map_or_else(String::new, |value| json::write(value).to_string())
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.table.columns.iter().position(|column| column.name == name)
    }
}

/// `"integer"`, or an object with `kind`, `declared` and `nullable`.
fn read_column(name: &str, json: &Json) -> Result<Column, String> {
    let column = match json {
        Json::String(kind) => FileColumn { kind: kind.clone(), declared: None, nullable: true },
        other => {
            serde_json::from_value(other.clone()).map_err(|error| format!("the column {name}: {error}"))?
        }
    };
    let kind = Kind::named(&column.kind)
        .ok_or_else(|| format!("the column {name}: {:?} is no kind of value", column.kind))?;
    let declared = column.declared.unwrap_or_else(|| kind.name().to_owned());
    Ok(Column { name: name.to_owned(), kind, declared, nullable: column.nullable })
}

/// The case files of a folder, in the order of their names.
pub fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}
