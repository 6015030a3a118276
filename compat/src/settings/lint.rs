//! `[lint]` of `dunlin.toml`.

use std::collections::BTreeMap;

use regex::Regex;
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
    /// `[lint.naming]`: what the names of new objects have to look like.
    pub naming: BTreeMap<NamedObject, NamePattern>,
}

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "plain words")]
pub enum NamedObject {
    Schema,
    Table,
    Column,
    Index,
    ForeignKey,
    Unique,
    Check,
}

/// A regular expression that a name has to match as a whole, or the name of a usual one: `snake_case`, `camelCase`, `PascalCase`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct NamePattern {
    written: String,
    regex: Regex,
}

impl NamePattern {
    /// Whether a name matches.
    pub fn fits(&self, name: &str) -> bool {
        self.regex.is_match(name)
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl TryFrom<String> for NamePattern {
    type Error = String;

    fn try_from(written: String) -> Result<NamePattern, String> {
        let expression = match written.as_str() {
            "snake_case" => "[a-z][a-z0-9]*(_[a-z0-9]+)*",
            "camelCase" => "[a-z][a-zA-Z0-9]*",
            "PascalCase" => "[A-Z][a-zA-Z0-9]*",
            other => other,
        };
        // Alone first: what closes a group of its own would not be anchored.
        let regex = Regex::new(expression).and_then(|_| Regex::new(&format!("^(?:{expression})$")));
        let regex = regex.map_err(|error| format!("`{written}` is no regular expression: {error}"))?;
        Ok(NamePattern { written, regex })
    }
}

impl PartialEq for NamePattern {
    fn eq(&self, other: &NamePattern) -> bool {
        self.written == other.written
    }
}

impl Eq for NamePattern {}

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
pub(super) const LINT_KEYS: [&str; 6] = ["off", "on", "plugins", "up", "severity", "naming"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_matches_as_a_whole_or_not_at_all() {
        let fits = |pattern: &str, name| NamePattern::try_from(pattern.to_owned()).unwrap().fits(name);
        assert!(fits("snake_case", "order_lines2"));
        for name in ["Orders", "orderLines", "_orders", "orders_", "order__lines", ""] {
            assert!(!fits("snake_case", name), "{name}");
        }
        assert!(fits("camelCase", "orderLines") && !fits("camelCase", "OrderLines"));
        assert!(fits("PascalCase", "OrderLines") && !fits("PascalCase", "order_lines"));
        assert!(fits("idx_.+|.+_key", "idx_a") && !fits("idx_|x", "idx_a"));
        assert!(NamePattern::try_from("a)|(b".to_owned()).is_err());
        assert!(NamePattern::try_from("(".to_owned()).unwrap_err().contains("no regular expression"));
    }
}
