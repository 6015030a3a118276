//! Typed settings per place, and how layers of them merge (`ConfigurationModel`, `MergeUtils`).

use std::collections::{BTreeMap, BTreeSet};

use super::error::ConfigError;
use super::flat::TEMPORARY;
use super::parameters::{Home, Kind, PARAMETERS, Parameter, TRANSACTIONAL_LOCK, parameter};
use super::provenance::Origin;
use super::text::{has_text, split_commas, trim};
use super::tree::{Entry, Node, ScalarKind, Table};

/// A typed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Flag(bool),
    Number(i32),
    List(Vec<String>),
    Map(BTreeMap<String, String>),
}

/// A value with the place that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub value: Value,
    pub origin: Origin,
}

/// A key of `[flyway]` that no parameter has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownKey {
    /// `flyway`, or the table below it.
    pub namespace: String,
    pub key: String,
    pub origin: Origin,
}

/// Settings of one table, by parameter name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub settings: BTreeMap<&'static str, Setting>,
    pub unknown: Vec<UnknownKey>,
}

/// One `[environments.<name>]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct EnvironmentSection {
    pub section: Section,
    /// `[environments.<name>.flyway]`.
    pub overrides: Section,
    /// Names of `[environments.<name>.resolvers.<resolver>]`.
    pub resolvers: BTreeMap<String, Origin>,
}

/// A whole configuration, or one layer of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Model {
    pub flyway: Section,
    pub environments: BTreeMap<String, EnvironmentSection>,
    /// Root keys that are neither `flyway`, `environments` nor `id`.
    pub foreign: BTreeSet<String>,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// As an array (TOML files).
    Array,
    /// As text with commas (variables and arguments).
    Commas,
}

impl Section {
    /// A text setting; empty if there is none.
    pub(super) fn text(&self, name: &str) -> String {
        match self.settings.get(name) {
            Some(Setting { value: Value::Text(text), .. }) => text.clone(),
            _ => String::new(),
        }
    }

    /// `other`'s settings over these: scalars replace, lists replace unless empty, maps merge by key.
    pub(super) fn merge(&mut self, other: Section) {
        for (name, setting) in other.settings {
            let merged = match (self.settings.get_mut(name), &setting.value) {
                (Some(_), Value::List(items)) if items.is_empty() => continue,
                (Some(Setting { value: Value::Map(known), origin }), Value::Map(added)) => {
                    known.extend(added.iter().map(|(key, value)| (key.clone(), value.clone())));
                    *origin = setting.origin;
                    continue;
                }
                _ => setting,
            };
            self.settings.insert(name, merged);
        }
        for key in other.unknown {
            self.unknown.retain(|known| (&known.namespace, &known.key) != (&key.namespace, &key.key));
            self.unknown.push(key);
        }
    }
}

impl EnvironmentSection {
    pub(super) fn merge(&mut self, other: EnvironmentSection) {
        self.section.merge(other.section);
        self.overrides.merge(other.overrides);
        self.resolvers.extend(other.resolvers);
    }
}

impl Model {
    /// What holds when nobody sets anything.
    pub(super) fn defaults() -> Model {
        let mut model = Model::default();
        for parameter in PARAMETERS.iter().filter(|parameter| parameter.home != Home::Environment) {
            if let Some(value) = default_value(parameter) {
                model.flyway.settings.insert(parameter.name, Setting { value, origin: Origin::Default });
            }
        }
        model.environments.insert("default".to_owned(), EnvironmentSection::default());
        model
    }

    /// `other` over this.
    pub(super) fn merge(&mut self, other: Model) {
        self.flyway.merge(other.flyway);
        for (name, environment) in other.environments {
            self.environments.entry(name).or_default().merge(environment);
        }
        self.foreign.extend(other.foreign);
    }

    /// The typed form of a tree.
    ///
    /// # Errors
    /// [`ConfigError::Mismatch`] (arrays, TOML) or [`ConfigError::Value`] (text) where a value has the wrong type.
    pub(super) fn from_tree(tree: &Table, lists: Lists) -> Result<Model, ConfigError> {
        let mut model = Model::default();
        for (key, entry) in tree {
            match key.as_str() {
                "flyway" => model.flyway = project_section(table(key, entry, "FlywayModel")?, lists)?,
                "environments" => {
                    for (name, environment) in table(key, entry, "LinkedHashMap")? {
                        // People wrote it flat.
                        let key = if name == TEMPORARY {
                            "flyway".to_owned()
                        } else {
                            format!("environments.{name}")
                        };
                        let section =
                            environment_section(&key, table(&key, environment, "EnvironmentModel")?, lists)?;
                        model.environments.insert(name.clone(), section);
                    }
                }
                "id" => drop(typed("id", Kind::Text, entry, lists)?),
                _ => {
                    model.foreign.insert(key.clone());
                }
            }
        }
        Ok(model)
    }
}

/// A parameter's default; empty lists and maps where it has none.
pub(super) fn default_value(parameter: &Parameter) -> Option<Value> {
    match (parameter.kind, parameter.default) {
        (Kind::Text, default) => default.map(|text| Value::Text(text.to_owned())),
        (Kind::Flag, default) => default.map(|text| Value::Flag(text == "true")),
        (Kind::Number, default) => default.and_then(|text| text.parse().ok()).map(Value::Number),
        (Kind::List, default) => Some(Value::List(default.map(split_commas).unwrap_or_default())),
        (Kind::Map, _) => Some(Value::Map(BTreeMap::new())),
    }
}

fn table<'a>(key: &str, entry: &'a Entry, expected: &'static str) -> Result<&'a Table, ConfigError> {
    match &entry.node {
        Node::Table(table) => Ok(table),
        other => Err(mismatch(key, other, expected, &entry.origin)),
    }
}

fn mismatch(key: &str, node: &Node, expected: &'static str, origin: &Origin) -> ConfigError {
    ConfigError::Mismatch { key: key.to_owned(), found: node.description(), expected, origin: origin.clone() }
}

/// `[flyway]`.
fn project_section(table: &Table, lists: Lists) -> Result<Section, ConfigError> {
    let mut section = Section::default();
    for (key, entry) in table {
        // An older name of the same setting.
        let name = if key == "environmentProvisionMode" { "provisionMode" } else { key.as_str() };
        let known = parameter(name).filter(|parameter| parameter.home != Home::Environment);
        if let Some(parameter) = known {
            section.set(parameter, &format!("flyway.{key}"), entry, lists)?;
        } else if key == "postgresql" {
            postgresql(&mut section, entry, lists)?;
        } else {
            section.add_unknown(key, entry);
        }
    }
    Ok(section)
}

/// `[flyway.postgresql]`, of which `transactional.lock` is all there is.
fn postgresql(section: &mut Section, entry: &Entry, lists: Lists) -> Result<(), ConfigError> {
    for (key, entry) in table("flyway.postgresql", entry, "PostgreSQLConfigurationExtension")? {
        if key != "transactional" {
            section.unknown.push(unknown("postgresql", key, entry));
            continue;
        }
        for (key, entry) in table("flyway.postgresql.transactional", entry, "TransactionalModel")? {
            match parameter(TRANSACTIONAL_LOCK).filter(|_| key == "lock") {
                Some(parameter) => {
                    section.set(parameter, "flyway.postgresql.transactional.lock", entry, lists)?
                }
                None => section.unknown.push(unknown("postgresql.transactional", key, entry)),
            }
        }
    }
    Ok(())
}

fn environment_section(
    path: &str,
    table_of: &Table,
    lists: Lists,
) -> Result<EnvironmentSection, ConfigError> {
    let mut environment = EnvironmentSection::default();
    for (key, entry) in table_of {
        let full = format!("{path}.{key}");
        match key.as_str() {
            "flyway" => {
                for (key, entry) in table(&full, entry, "FlywayEnvironmentModel")? {
                    match parameter(key).filter(|parameter| parameter.home == Home::Overridable) {
                        Some(parameter) => {
                            environment.overrides.set(parameter, &format!("{full}.{key}"), entry, lists)?;
                        }
                        None => environment.overrides.add_unknown(key, entry),
                    }
                }
            }
            "resolvers" => {
                for (name, entry) in table(&full, entry, "LinkedHashMap")? {
                    environment.resolvers.insert(name.clone(), entry.origin.clone());
                }
            }
            _ => match parameter(key).filter(|parameter| parameter.home == Home::Environment) {
                Some(parameter) => environment.section.set(parameter, &full, entry, lists)?,
                None => environment.section.unknown.push(unknown(path, key, entry)),
            },
        }
    }
    Ok(environment)
}

fn unknown(namespace: &str, key: &str, entry: &Entry) -> UnknownKey {
    UnknownKey { namespace: namespace.to_owned(), key: key.to_owned(), origin: entry.origin.clone() }
}

impl Section {
    fn set(
        &mut self,
        parameter: &'static Parameter,
        key: &str,
        entry: &Entry,
        lists: Lists,
    ) -> Result<(), ConfigError> {
        if let Some(value) = typed(key, parameter.kind, entry, lists)? {
            // The one parameter that a blank value does not set (FlywayEnvironmentModel.setReportFilename).
            if parameter.name == "reportFilename" && matches!(&value, Value::Text(name) if !has_text(name)) {
                return Ok(());
            }
            self.settings.insert(parameter.name, Setting { value, origin: entry.origin.clone() });
        }
        Ok(())
    }

    /// A table's keys are unknown one by one, anything else as itself.
    fn add_unknown(&mut self, key: &str, entry: &Entry) {
        match &entry.node {
            Node::Table(table) => {
                self.unknown.extend(table.iter().map(|(inner, entry)| unknown(key, inner, entry)));
            }
            _ => self.unknown.push(unknown("flyway", key, entry)),
        }
    }
}

/// The typed value, coerced as Jackson does: numbers and booleans are fine as text and the reverse. `None` is null,
/// which an empty text means for a flag or a number.
fn typed(key: &str, kind: Kind, entry: &Entry, lists: Lists) -> Result<Option<Value>, ConfigError> {
    match (kind, &entry.node) {
        (Kind::Text, Node::Scalar(scalar)) => Ok(Some(Value::Text(scalar.text.clone()))),
        (Kind::Flag, _) => Ok(flag(key, entry, lists)?.map(Value::Flag)),
        (Kind::Number, _) => Ok(number(key, entry, lists)?.map(Value::Number)),
        (Kind::List, Node::Scalar(scalar)) if lists == Lists::Commas => {
            Ok(Some(Value::List(split_commas(&scalar.text))))
        }
        (Kind::List, Node::List(items)) => {
            let text = |item: &Entry| match &item.node {
                Node::Scalar(scalar) => Ok(scalar.text.clone()),
                other => Err(mismatch(key, other, "String", &item.origin)),
            };
            Ok(Some(Value::List(items.iter().map(text).collect::<Result<_, _>>()?)))
        }
        (Kind::Map, Node::Table(table)) => {
            let text = |(name, item): (&String, &Entry)| match &item.node {
                Node::Scalar(scalar) => Ok((name.clone(), scalar.text.clone())),
                other => Err(mismatch(&format!("{key}.{name}"), other, "String", &item.origin)),
            };
            Ok(Some(Value::Map(table.iter().map(text).collect::<Result<_, _>>()?)))
        }
        (Kind::Text, other) => Err(mismatch(key, other, "String", &entry.origin)),
        (Kind::List, other) => Err(mismatch(key, other, "ArrayList", &entry.origin)),
        (Kind::Map, other) => Err(mismatch(key, other, "LinkedHashMap", &entry.origin)),
    }
}

fn flag(key: &str, entry: &Entry, lists: Lists) -> Result<Option<bool>, ConfigError> {
    let Node::Scalar(scalar) = &entry.node else {
        return Err(mismatch(key, &entry.node, "Boolean", &entry.origin));
    };
    match (scalar.kind, trim(&scalar.text)) {
        (ScalarKind::Text, "" | "null") => Ok(None),
        (ScalarKind::Text | ScalarKind::Boolean, "true" | "True" | "TRUE") => Ok(Some(true)),
        (ScalarKind::Text | ScalarKind::Boolean, "false" | "False" | "FALSE") => Ok(Some(false)),
        (ScalarKind::Integer, number) => Ok(Some(number != "0")),
        (ScalarKind::Text, text) if lists == Lists::Commas => {
            Err(bad_value(key, "should be either true or false", text, &entry.origin))
        }
        _ => Err(mismatch(key, &entry.node, "Boolean", &entry.origin)),
    }
}

fn number(key: &str, entry: &Entry, lists: Lists) -> Result<Option<i32>, ConfigError> {
    let Node::Scalar(scalar) = &entry.node else {
        return Err(mismatch(key, &entry.node, "Integer", &entry.origin));
    };
    let text = trim(&scalar.text);
    let out_of_range = || bad_value(key, "should be an integer", text, &entry.origin);
    match scalar.kind {
        ScalarKind::Text if matches!(text, "" | "null") => Ok(None),
        ScalarKind::Text => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) if lists == Lists::Commas => Err(out_of_range()),
            Err(_) => Err(mismatch(key, &entry.node, "Integer", &entry.origin)),
        },
        ScalarKind::Integer => text.parse().map(Some).map_err(|_| out_of_range()),
        // Jackson cuts the fraction off.
        ScalarKind::Float => {
            let number = text.replace('_', "").parse::<f64>().map_err(|_| out_of_range())?.trunc();
            if number >= f64::from(i32::MIN) && number <= f64::from(i32::MAX) {
                // Within range, so the conversion is exact.
                return Ok(Some(number as i32));
            }
            Err(out_of_range())
        }
        ScalarKind::Boolean | ScalarKind::Date => Err(mismatch(key, &entry.node, "Integer", &entry.origin)),
    }
}

pub(super) fn bad_value(key: &str, expected: &str, value: &str, origin: &Origin) -> ConfigError {
    ConfigError::Value {
        key: key.to_owned(),
        expected: expected.to_owned(),
        value: value.to_owned(),
        origin: origin.clone(),
    }
}
