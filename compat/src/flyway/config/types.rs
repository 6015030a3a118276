//! The types of a loaded configuration's values.

use std::fmt;

use super::error::ConfigError;

/// Text that never shows in debug output: a password, or a URL that may hold one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text. It must not reach output, errors or logs.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("********")
    }
}

/// Placeholders the user defined: found in any case, kept as written.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Placeholders(Vec<(String, String)>);

impl Placeholders {
    /// The value of a placeholder, its name in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let name = name.to_lowercase();
        self.0.iter().find(|(key, _)| key.to_lowercase() == name).map(|(_, value)| value.as_str())
    }

    /// Names as written, and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Placeholders {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Placeholders {
        Placeholders(pairs.into_iter().collect())
    }
}

/// Names only: a value may be secret.
impl fmt::Debug for Placeholders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.iter().map(|(key, _)| key)).finish()
    }
}

/// How far to migrate (`flyway.target`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where to stop.
    pub point: TargetPoint,
    /// Written with a trailing `?`: the version need not exist.
    pub optional: bool,
}

/// Where to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetPoint {
    /// At the last migration.
    Latest,
    /// At the highest applied version.
    Current,
    /// After the first pending migration.
    Next,
    /// At this version, as written.
    Version(String),
}

impl Target {
    /// Reads `latest`, `current`, `next` (in any case) or a version, each with an optional `?` at the end.
    pub fn parse(text: &str) -> Target {
        let (name, optional) = match text.strip_suffix('?') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let point = match name.to_lowercase().as_str() {
            "latest" => TargetPoint::Latest,
            "current" => TargetPoint::Current,
            "next" => TargetPoint::Next,
            // The number by which Flyway itself denotes the latest version.
            _ if name == i64::MAX.to_string() => TargetPoint::Latest,
            _ => TargetPoint::Version(name.to_owned()),
        };
        Target { point, optional }
    }
}

/// Which migrations a pattern is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternType {
    /// All.
    Any,
    /// Versioned ones.
    Versioned,
    /// Repeatable ones.
    Repeatable,
}

/// Which states a pattern is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternState {
    /// All.
    Any,
    /// Applied, and its file is gone.
    Missing,
    /// Not applied yet.
    Pending,
    /// Not applied and never to be.
    Ignored,
    /// Applied by a newer version of the project.
    Future,
}

/// One of `flyway.ignoreMigrationPatterns`: `<type>:<state>` (`ValidatePattern`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IgnorePattern {
    /// Which migrations.
    pub migrations: PatternType,
    /// Which states.
    pub state: PatternState,
}

impl IgnorePattern {
    /// Reads `*:future`, in any case and with blanks around the parts.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] in Flyway's words.
    pub fn parse(pattern: &str) -> Result<IgnorePattern, ConfigError> {
        let parts: Vec<&str> = pattern.trim_end_matches(':').split(':').collect();
        let &[kind, state] = parts.as_slice() else {
            return Err(ConfigError::Invalid(format!(
                "Invalid pattern '{pattern}'. Pattern must be of the form <migration_type>:<migration_state>"
            )));
        };
        let migrations = match super::text::trim(kind).to_lowercase().as_str() {
            "*" => PatternType::Any,
            "repeatable" => PatternType::Repeatable,
            "versioned" => PatternType::Versioned,
            _ => {
                return Err(ConfigError::Invalid(format!(
                    "Invalid migration type '{kind}'. Valid types are: [*, repeatable, versioned]"
                )));
            }
        };
        let state = match super::text::trim(state).to_lowercase().as_str() {
            "*" => PatternState::Any,
            "missing" => PatternState::Missing,
            "pending" => PatternState::Pending,
            "ignored" => PatternState::Ignored,
            "future" => PatternState::Future,
            _ => {
                return Err(ConfigError::Invalid(format!(
                    "Invalid migration state '{state}'. Valid states are: [*, missing, pending, ignored, future]"
                )));
            }
        };
        Ok(IgnorePattern { migrations, state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_words_or_versions() {
        let version = |text: &str| TargetPoint::Version(text.to_owned());
        let cases = [
            ("latest", TargetPoint::Latest, false),
            ("Current", TargetPoint::Current, false),
            ("next?", TargetPoint::Next, true),
            ("1.2", version("1.2"), false),
            ("1_2?", version("1_2"), true),
            ("9223372036854775807", TargetPoint::Latest, false),
        ];
        for (text, point, optional) in cases {
            assert_eq!(Target::parse(text), Target { point, optional }, "{text}");
        }
    }

    #[test]
    fn ignore_patterns_have_a_type_and_a_state() {
        let parsed = IgnorePattern::parse(" Versioned : MISSING").expect("valid");
        assert_eq!((parsed.migrations, parsed.state), (PatternType::Versioned, PatternState::Missing));
        for (pattern, message) in [
            ("future", "Invalid pattern 'future'."),
            ("*:a:b", "Invalid pattern '*:a:b'."),
            ("foo:future", "Invalid migration type 'foo'."),
            ("*:failed", "Invalid migration state 'failed'."),
        ] {
            let error = IgnorePattern::parse(pattern).expect_err(pattern).to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn placeholders_are_found_in_any_case_and_keep_their_spelling() {
        let placeholders: Placeholders = [("Tenant".to_owned(), "acme".to_owned())].into_iter().collect();
        assert_eq!(placeholders.get("tENANT"), Some("acme"));
        assert_eq!(placeholders.iter().collect::<Vec<_>>(), [("Tenant", "acme")]);
        assert!(!format!("{placeholders:?}").contains("acme"));
    }
}
