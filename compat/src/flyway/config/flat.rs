//! Variables and arguments, which are flat, as trees of TOML mode (`TomlUtils`, `CommandLineArguments`).

use std::collections::BTreeMap;

use super::arguments::{EnvironmentArgument, Invocation};
use super::environment::{Environment, key_of_variable};
use super::error::ConfigError;
use super::parameters::is_environment_field;
use super::provenance::Origin;
use super::text::tokenize;
use super::tree::{self, Entry, Node, Scalar, ScalarKind, Table};

/// The environment that flat settings of one go to before the current one's name is known.
pub(super) const TEMPORARY: &str = "tempConfigEnvironment";

/// Environment variables as a tree (`TomlUtils.loadConfigurationFromEnvironment`): `FLYWAY_X`, which Flyway knows by
/// name, and `flyway_a_b` and `environments_a_b`, whose underscores are dots.
pub(super) fn variables_tree(
    environment: &dyn Environment,
    warnings: &mut Vec<String>,
) -> Result<Table, ConfigError> {
    let mut keys: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (variable, value) in environment.variables() {
        if variable == "FLYWAY_CONFIG_FILES" {
            continue;
        }
        let upper = variable.to_uppercase();
        let known = variable.starts_with("FLYWAY_") || upper.starts_with("FLYWAY_JDBC_PROPERTIES_");
        let key = if known {
            key_of_variable(&upper)
        } else if variable.starts_with("flyway_") || variable.starts_with("environments_") {
            Some(variable.replace('_', "."))
        } else {
            None
        };
        let Some(key) = key else { continue };
        let key = match key.strip_prefix("flyway.") {
            Some(name) if is_environment_field(name.split('.').next().unwrap_or_default()) => {
                format!("environments.{TEMPORARY}.{name}")
            }
            _ => key,
        };
        let Some((other, other_value)) = keys.remove(&key) else {
            keys.insert(key, (variable, value));
            continue;
        };
        let (new, old) = if other.starts_with("FLYWAY_") {
            ((variable, value), other)
        } else {
            ((other, other_value), variable)
        };
        warnings.push(format!(
            "Using both new Environment variable {} and old Environment variable {old}. Please remove {old}.",
            new.0
        ));
        keys.insert(key, new);
    }
    let mut root = Table::new();
    for (key, (variable, value)) in keys {
        tree::insert(&mut root, &key, &value, &Origin::Variable(variable))?;
    }
    Ok(root)
}

/// `-key=value` as a tree (`CommandLineArguments.getConfiguration`).
pub(super) fn arguments_tree(invocation: &Invocation) -> Result<Table, ConfigError> {
    let mut root = Table::new();
    for (key, value) in invocation.settings() {
        let full = if is_environment_field(key) {
            format!("environments.{TEMPORARY}.{key}")
        } else {
            format!("flyway.{key}")
        };
        tree::insert(&mut root, &full, value, &Origin::Argument(format!("-{key}")))?;
    }
    Ok(root)
}

/// `-environments.<name>.<key>=value` as a tree. Here `jdbcProperties.` takes the rest of the key, dots and all.
pub(super) fn environment_arguments_tree(invocation: &Invocation) -> Result<Table, ConfigError> {
    let mut environments = Table::new();
    for EnvironmentArgument { environment, key, value } in invocation.environment_settings() {
        let argument = Origin::Argument(format!("-environments.{environment}.{key}"));
        let entry = |node| Entry { node, origin: argument.clone() };
        let text = |text: &str| Node::Scalar(Scalar { kind: ScalarKind::Text, text: text.to_owned() });
        let section =
            environments.entry(environment.clone()).or_insert_with(|| entry(Node::Table(Table::new())));
        let Node::Table(section) = &mut section.node else {
            continue;
        };
        if let Some(property) = key.strip_prefix("jdbcProperties.") {
            let map = section
                .entry("jdbcProperties".to_owned())
                .or_insert_with(|| entry(Node::Table(Table::new())));
            if let Node::Table(map) = &mut map.node {
                map.insert(property.to_owned(), entry(text(value)));
            }
        } else if key == "schemas" {
            let items = tokenize(value).iter().map(|item| entry(text(item))).collect();
            section.insert(key.clone(), entry(Node::List(items)));
        } else if key.starts_with("flyway.") || key.starts_with("resolvers.") {
            tree::insert(section, key, value, &argument)?;
        } else {
            section.insert(key.clone(), entry(text(value)));
        }
    }
    let mut root = Table::new();
    let origin = Origin::Argument("-environments".to_owned());
    root.insert("environments".to_owned(), Entry { node: Node::Table(environments), origin });
    Ok(root)
}
