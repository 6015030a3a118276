//! `[lint]` of `dunlin.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The table `[lint]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LintSettings {
    /// Rules that are off.
    pub off: Vec<String>,
    /// Rules that are on although they are off unless asked for.
    pub on: Vec<String>,
    /// Plugins of the world `rule` that look as well, by their names in `[plugin.NAME]`.
    pub plugins: Vec<String>,
    /// What of the pending migrations stops `up`.
    pub up: StopsUp,
    /// `[lint.severity]`: rules whose severity is always this.
    pub severity: BTreeMap<String, RuleSeverity>,
}

/// What stops `up`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StopsUp {
    /// Errors.
    #[default]
    Error,
    /// Warnings as well.
    Warning,
    /// Nothing; no rule looks.
    Never,
}

/// A severity as settings write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "plain words")]
pub enum RuleSeverity {
    Note,
    Warning,
    Error,
}

/// The keys of `[lint]`.
pub(crate) const LINT_KEYS: [&str; 5] = ["off", "on", "plugins", "up", "severity"];
