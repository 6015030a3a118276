//! Plugins that check migrations.

use std::path::Path;
use std::sync::Arc;

use super::bindings::linter::{Finding, GuestIndices, Migration};
use super::error::PluginError;
use super::package::{Identity, Plugin, World};
use super::settings::PluginSettings;

/// A plugin of the world `rule`.
#[derive(Debug, Clone)]
pub struct Rule {
    plugin: Arc<Plugin>,
}

impl Rule {
    /// Loads a plugin that checks migrations.
    ///
    /// # Errors
    /// Those of [`Plugin::load`], and that it is for something else.
    pub fn load(path: &Path, settings: &PluginSettings) -> Result<Rule, PluginError> {
        Rule::of(Arc::new(Plugin::load(path, settings)?))
    }

    /// The same of a plugin that is loaded.
    ///
    /// # Errors
    /// It is for something else.
    pub fn of(plugin: Arc<Plugin>) -> Result<Rule, PluginError> {
        plugin.demand(World::Rule)?;
        Ok(Rule { plugin })
    }

    /// What is recorded of it.
    pub fn identity(&self) -> &Identity {
        self.plugin.identity()
    }

    /// Checks a migration, in an instance of its own. Findings point at statements that are there and at parts that lie
    /// in them.
    ///
    /// # Errors
    /// The plugin fails, reports an error, or points elsewhere.
    pub fn check(&self, migration: &Migration) -> Result<Vec<Finding>, PluginError> {
        let plugin = &self.plugin;
        let options = plugin.options()?;
        let indices = GuestIndices::new(plugin.pre()).map_err(|error| plugin.invalid(&error))?;
        let mut running = plugin.instantiate()?;
        let guest =
            indices.load(&mut running.store, &running.instance).map_err(|error| plugin.invalid(&error))?;
        let findings = match running.call(|store| guest.call_check(store, migration, &options)) {
            Ok(Ok(findings)) => findings,
            Ok(Err(message)) => return Err(plugin.failed(running.refusal(&message)).into()),
            Err(cause) => return Err(plugin.failed(cause).into()),
        };
        match findings.iter().find_map(|finding| misplaced(finding, migration)) {
            Some(reason) => Err(plugin.setup(reason)),
            None => Ok(findings),
        }
    }
}

/// Why a finding points nowhere, or nothing.
fn misplaced(finding: &Finding, migration: &Migration) -> Option<String> {
    let rule = &finding.rule;
    let kebab = rule.starts_with(|first: char| first.is_ascii_lowercase())
        && rule.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !kebab {
        return Some(format!("its rule {rule:?} is not named in kebab-case"));
    }
    let Some(index) = finding.statement else {
        return finding.span.map(|_| format!("its rule {rule} points at a part of no statement"));
    };
    let Some(statement) = migration.statements.get(index as usize) else {
        return Some(format!(
            "its rule {rule} points at statement {index} of a migration that has {}",
            migration.statements.len()
        ));
    };
    let (start, end) = finding.span?;
    match statement.sql.get(start as usize..end as usize) {
        Some(_) => None,
        None => Some(format!(
            "its rule {rule} points at bytes {start} to {end}, which are no part of the statement"
        )),
    }
}
