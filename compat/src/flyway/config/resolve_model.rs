//! Which settings have their resolvers replaced, and when.

use std::collections::BTreeMap;

use super::environment::Environment;
use super::error::ConfigError;
use super::model::{EnvironmentSection, Model, Section, Setting, Value};
use super::provenance::Origin;
use super::resolver::{Lookup, resolve};
use super::settings::Effective;

/// Replaces resolvers in `[flyway]`. Overrides in `[environments.<name>.flyway]` are not resolved, as in Flyway.
pub(super) fn resolve_project(model: &mut Model, environment: &dyn Environment) -> Result<(), ConfigError> {
    let current = model.flyway.text("environment");
    let map = |section: &Section| match section.settings.get("placeholders") {
        Some(Setting { value: Value::Map(map), .. }) => Some(map.clone()),
        _ => None,
    };
    let placeholders = model
        .environments
        .get(&current)
        .and_then(|environment| map(&environment.overrides))
        .or_else(|| map(&model.flyway))
        .unwrap_or_default();
    let lookup = Lookup {
        variable: &|name| environment.variable(name),
        placeholder: &|name| placeholders.get(name).cloned(),
        environment: None,
    };
    for (name, setting) in &mut model.flyway.settings {
        resolve_setting(&format!("flyway.{name}"), setting, &lookup)?;
    }
    Ok(())
}

/// Replaces resolvers in the current environment, in both modes.
pub(super) fn resolve_environment(
    effective: &mut Effective<'_>,
    placeholders: &BTreeMap<String, String>,
    environment: &dyn Environment,
) -> Result<(), ConfigError> {
    let name = effective.name.clone();
    let mode = effective.model.flyway.text("provisionMode");
    let modes = ["", "provision", "reprovision", "skip"];
    if !modes.contains(&mode.trim().to_lowercase().as_str()) {
        return Err(ConfigError::Invalid(format!("Unknown provisioner mode: {mode}")));
    }
    let EnvironmentSection { section, resolvers, .. } = &mut effective.environment;
    let unsupported = |key: String, reason: &str, origin: &Origin| ConfigError::Unsupported {
        key,
        reason: reason.to_owned(),
        origin: origin.clone(),
    };
    let foreign = |resolver: &&String| !["env", "placeholder"].contains(&resolver.to_lowercase().as_str());
    if let Some(resolver) = resolvers.keys().find(foreign) {
        let origin = resolvers.get(resolver).unwrap_or(&Origin::Default);
        let key = format!("environments.{name}.resolvers.{resolver}");
        return Err(unsupported(key, "only the resolvers env and placeholder exist", origin));
    }
    let lookup = Lookup {
        variable: &|name| environment.variable(name),
        placeholder: &|name| placeholders.get(name).cloned(),
        environment: Some(&name),
    };
    for (key, setting) in &mut section.settings {
        // Sent to the server as it is.
        if !matches!(*key, "initSql" | "displayName") {
            resolve_setting(&format!("environments.{name}.{key}"), setting, &lookup)?;
        }
    }
    match section.settings.get("provisioner") {
        Some(Setting { value: Value::Text(provisioner), origin }) if provisioner != "none" => {
            Err(unsupported(
                format!("environments.{name}.provisioner"),
                "environments are not provisioned",
                origin,
            ))
        }
        _ => Ok(()),
    }
}

fn resolve_setting(key: &str, setting: &mut Setting, lookup: &Lookup<'_>) -> Result<(), ConfigError> {
    if setting.origin == Origin::Default {
        return Ok(());
    }
    let origin = setting.origin.clone();
    let secret =
        ["password", "url", "jdbcProperties", "token", "licenseKey"].iter().any(|end| key.ends_with(end));
    let resolved = |text: &String| {
        resolve(text, lookup).map_err(|message| ConfigError::Resolver {
            // The whole value stands in some messages, and it may hold a secret.
            message: message.replace(text.as_str(), if secret { "********" } else { text }),
            key: key.to_owned(),
            origin: origin.clone(),
        })
    };
    match &mut setting.value {
        Value::Text(text) => *text = resolved(text)?,
        Value::List(items) => {
            for item in items {
                *item = resolved(item)?;
            }
        }
        Value::Map(map) => {
            for value in map.values_mut() {
                *value = resolved(value)?;
            }
        }
        Value::Flag(_) | Value::Number(_) => {}
    }
    Ok(())
}
