//! The plugins of a project, by the names that migrations use.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use dunlin_compat::settings::plugin::PluginTable;
use sha2::{Digest, Sha256};

use super::error::PluginError;
use super::package::{Plugin, hexadecimal};
use super::rule::Rule;
use super::settings::{PluginSettings, file_of};
use super::step::Step;
use super::transform::Transform;

/// Where a project's plugins are and what they are given. Each is loaded when it is first needed. Cheap to clone.
#[derive(Clone, Default)]
pub struct Shelf {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    project: PathBuf,
    tables: BTreeMap<String, PluginTable>,
    loaded: Mutex<BTreeMap<String, Arc<Plugin>>>,
}

impl fmt::Debug for Shelf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shelf").field("project", &self.inner.project).finish_non_exhaustive()
    }
}

impl Shelf {
    /// The plugins of a project; `tables` is what its `dunlin.toml` says of them.
    pub fn new(project: &Path, tables: BTreeMap<String, PluginTable>) -> Shelf {
        let inner = Inner { project: project.to_owned(), tables, loaded: Mutex::default() };
        Shelf { inner: Arc::new(inner) }
    }

    fn file(&self, name: &str) -> PathBuf {
        file_of(name, self.inner.tables.get(name), &self.inner.project)
    }

    /// The SHA-256 of a plugin's file as it is now; `None` when it cannot be read. Runs nothing.
    pub fn sha256(&self, name: &str) -> Option<String> {
        let content = std::fs::read(self.file(name)).ok()?;
        Some(hexadecimal(&Sha256::digest(content)))
    }

    /// A plugin that changes rows.
    ///
    /// # Errors
    /// Its table in `dunlin.toml` cannot be used, or those of [`Transform::load`].
    pub fn transform(&self, name: &str) -> Result<Transform, PluginError> {
        Transform::of(self.plugin(name)?)
    }

    /// A plugin that does a step.
    ///
    /// # Errors
    /// Its table in `dunlin.toml` cannot be used, or those of [`Step::load`].
    pub fn step(&self, name: &str) -> Result<Step, PluginError> {
        Step::of(self.plugin(name)?)
    }

    /// A plugin that checks migrations.
    ///
    /// # Errors
    /// Its table in `dunlin.toml` cannot be used, or those of [`Rule::load`].
    pub fn rule(&self, name: &str) -> Result<Rule, PluginError> {
        Rule::of(self.plugin(name)?)
    }

    fn plugin(&self, name: &str) -> Result<Arc<Plugin>, PluginError> {
        let mut loaded = self.inner.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = loaded.get(name) {
            return Ok(Arc::clone(plugin));
        }
        let settings = match self.inner.tables.get(name) {
            Some(table) => PluginSettings::of_table(name, table, &self.inner.project)?,
            None => PluginSettings::default(),
        };
        let plugin = Arc::new(Plugin::load(&self.file(name), &settings)?);
        loaded.insert(name.to_owned(), Arc::clone(&plugin));
        Ok(plugin)
    }
}
