//! CONF mode's flat properties as typed settings (`ClassicConfiguration.configure`).

use std::collections::BTreeMap;

use super::error::ConfigError;
use super::model::{Model, Setting, Value, bad_value};
use super::parameters::{Home, IGNORED_NAMESPACES, Kind, Parameter, parameter, refused_namespace};
use super::provenance::Origin;
use super::text::tokenize;

/// Properties by full key, each with the place that set it last.
pub(super) type Properties = BTreeMap<String, (String, Origin)>;

/// Parameters that exist in TOML mode only.
const TOML_ONLY: &[&str] = &[
    "color",
    "environment",
    "provisionMode",
    "failOnMissingTarget",
    "displayName",
    "provisioner",
    "migrationResolvers",
];
/// Parameters whose setters refuse an empty text.
const NEVER_EMPTY: &[&str] = &[
    "sqlMigrationSeparator",
    "placeholderPrefix",
    "placeholderSuffix",
    "placeholderSeparator",
    "scriptPlaceholderPrefix",
    "scriptPlaceholderSuffix",
];

/// The defaults with the properties over them.
///
/// # Errors
/// [`ConfigError::UnknownProperties`], [`ConfigError::Value`], [`ConfigError::Invalid`], [`ConfigError::Unsupported`].
pub(super) fn model(properties: &Properties, warnings: &mut Vec<String>) -> Result<Model, ConfigError> {
    let mut model = Model::defaults();
    let mut unknown = Vec::new();
    for (key, (text, origin)) in properties {
        // What is not Flyway's is left alone.
        let Some(name) = key.strip_prefix("flyway.") else {
            continue;
        };
        if matches!(name, "configFiles" | "configFileEncoding") {
            continue;
        }
        let Some((parameter, map_key)) = find(name) else {
            let namespace = name.split('.').next().unwrap_or_default();
            if let Some(reason) = refused_namespace(namespace) {
                return Err(ConfigError::Unsupported {
                    key: key.clone(),
                    reason: reason.to_owned(),
                    origin: origin.clone(),
                });
            }
            if namespace != name && IGNORED_NAMESPACES.contains(&namespace) {
                warnings
                    .push(format!("{key} is ignored: it belongs to Redgate's edition of Flyway ({origin})"));
            } else {
                unknown.push(key.clone());
            }
            continue;
        };
        let Some(value) = typed(key, parameter, text, origin)? else {
            continue;
        };
        let section = match parameter.home {
            Home::Environment => &mut model.environments.entry("default".to_owned()).or_default().section,
            _ => &mut model.flyway,
        };
        match map_key {
            None => {
                section.settings.insert(parameter.name, Setting { value, origin: origin.clone() });
            }
            Some(map_key) => {
                let empty = Setting { value: Value::Map(BTreeMap::new()), origin: origin.clone() };
                let setting = section.settings.entry(parameter.name).or_insert(empty);
                if let Value::Map(map) = &mut setting.value {
                    map.insert(map_key.to_owned(), text.clone());
                }
                setting.origin = origin.clone();
            }
        }
    }
    if unknown.is_empty() { Ok(model) } else { Err(ConfigError::UnknownProperties { keys: unknown }) }
}

/// The parameter a name sets, with the key inside it for a map.
fn find(name: &str) -> Option<(&'static Parameter, Option<&str>)> {
    // In CONF files this is the name of migrationResolvers.
    if name == "resolvers" {
        return parameter("migrationResolvers").map(|parameter| (parameter, None));
    }
    if let Some((map, key)) = name.split_once('.').filter(|(_, key)| !key.is_empty())
        && let Some(parameter) = parameter(map).filter(|parameter| parameter.kind == Kind::Map)
    {
        return Some((parameter, Some(key)));
    }
    let usable = |parameter: &&Parameter| parameter.kind != Kind::Map && !TOML_ONLY.contains(&parameter.name);
    parameter(name).filter(usable).map(|parameter| (parameter, None))
}

fn typed(
    key: &str,
    parameter: &Parameter,
    text: &str,
    origin: &Origin,
) -> Result<Option<Value>, ConfigError> {
    let name = parameter.name;
    Ok(Some(match parameter.kind {
        Kind::Text | Kind::Map => {
            if text.is_empty() && NEVER_EMPTY.contains(&name) {
                return Err(ConfigError::Invalid(format!("{name} cannot be empty! ({origin})")));
            }
            let unset = match name {
                "installedBy" => text.is_empty(),
                "reportFilename" => !super::text::has_text(text),
                _ => false,
            };
            if unset {
                return Ok(None);
            }
            Value::Text(text.to_owned())
        }
        // These two are read without a check (Boolean.parseBoolean).
        Kind::Flag if matches!(name, "outputProgress" | "outputLogsInJson") => {
            Value::Flag(text.eq_ignore_ascii_case("true"))
        }
        Kind::Flag if text.eq_ignore_ascii_case("true") => Value::Flag(true),
        Kind::Flag if text.eq_ignore_ascii_case("false") => Value::Flag(false),
        Kind::Flag => return Err(bad_value(key, "should be either true or false", text, origin)),
        Kind::Number => {
            let number: i32 =
                text.parse().map_err(|_| bad_value(key, "should be an integer", text, origin))?;
            if number < 0 && parameter.home == Home::Environment {
                return Err(ConfigError::Invalid(format!(
                    "Invalid number of {name} (must be 0 or greater): {number} ({origin})"
                )));
            }
            Value::Number(number)
        }
        Kind::List if text.is_empty() && matches!(name, "callbacks" | "migrationResolvers") => {
            return Ok(None);
        }
        Kind::List => Value::List(tokenize(text)),
    }))
}
