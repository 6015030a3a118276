//! Settings of a single script, from a file of the same name with `.conf` after it (class `SqlScriptMetadata`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::flyway::checksum::BYTE_ORDER_MARK;
use crate::flyway::placeholder::{PlaceholderError, Placeholders};
use crate::flyway::script_config_expression::{ExpressionError, evaluate};

/// What a script's own configuration says.
///
/// Flyway reads the file twice: as it is when scanning, and with placeholders and environment variables replaced when
/// it runs the script. Both readings are checked, so only `shouldExecute` can use placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptConfig {
    /// The `.conf` file.
    pub path: PathBuf,
    /// `executeInTransaction`.
    pub execute_in_transaction: Option<bool>,
    /// `encoding`, which also switches detection off.
    pub encoding: Option<String>,
    /// `placeholderReplacement`.
    pub placeholder_replacement: Option<bool>,
    /// `shouldExecute`, as written.
    pub should_execute: Option<String>,
    text: String,
}

/// A `.conf` file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScriptConfigError {
    /// Keys that do not exist.
    #[error("{} ({path})", self.flyway_message())]
    UnknownKeys {
        /// The `.conf` file.
        path: PathBuf,
        /// The keys, sorted.
        keys: Vec<String>,
    },
    /// A value that is neither `true` nor `false`.
    #[error("{} ({path})", self.flyway_message())]
    NotBoolean {
        /// The `.conf` file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
    /// A placeholder without value, wherever it stands in the file.
    #[error("{path}:{}: {source}", source.line())]
    Placeholder {
        /// The `.conf` file.
        path: PathBuf,
        /// What is wrong.
        source: PlaceholderError,
    },
    /// A `shouldExecute` that cannot be evaluated.
    #[error("{path}: {source}")]
    Expression {
        /// The `.conf` file.
        path: PathBuf,
        /// What is wrong.
        source: ExpressionError,
    },
}

impl ScriptConfigError {
    /// The message in Flyway's words alone, without the file.
    pub fn flyway_message(&self) -> String {
        match self {
            ScriptConfigError::UnknownKeys { keys, .. } => {
                let noun = if keys.len() == 1 { "property" } else { "properties" };
                format!(
                    "Unknown configuration {noun}: {}. Please check your script config files",
                    keys.join(",")
                )
            }
            ScriptConfigError::NotBoolean { key, value, .. } => {
                format!("Invalid value for {key} (should be either true or false): {value}")
            }
            ScriptConfigError::Placeholder { source, .. } => source.to_string(),
            ScriptConfigError::Expression { source, .. } => source.to_string(),
        }
    }

    /// The file and, where it is known, the line in it.
    pub fn place(&self) -> (&Path, usize) {
        match self {
            ScriptConfigError::Placeholder { path, source } => (path, source.line()),
            ScriptConfigError::UnknownKeys { path, .. }
            | ScriptConfigError::NotBoolean { path, .. }
            | ScriptConfigError::Expression { path, .. } => (path, 1),
        }
    }
}

impl ScriptConfig {
    /// Reads the text of a `.conf` file as it is.
    pub fn parse(text: &str, path: &Path) -> Result<ScriptConfig, ScriptConfigError> {
        let mut settings = properties(text);
        let config = ScriptConfig {
            path: path.to_owned(),
            execute_in_transaction: take_boolean(&mut settings, "executeInTransaction", path)?,
            encoding: settings.remove("encoding"),
            placeholder_replacement: take_boolean(&mut settings, "placeholderReplacement", path)?,
            should_execute: settings.remove("shouldExecute"),
            text: text.to_owned(),
        };
        if settings.is_empty() {
            return Ok(config);
        }
        Err(ScriptConfigError::UnknownKeys { path: path.to_owned(), keys: settings.into_keys().collect() })
    }

    /// The settings with placeholders, and then `${NAME}` of the environment, replaced in the whole file. An
    /// environment variable that is not set counts as empty; a placeholder without value is an error.
    pub fn resolve(
        &self,
        placeholders: &Placeholders,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<ScriptConfig, ScriptConfigError> {
        let replaced = placeholders
            .replace(&self.text)
            .map_err(|source| ScriptConfigError::Placeholder { path: self.path.clone(), source })?;
        let expanded = expand_environment(&replaced, environment);
        ScriptConfig::parse(&expanded, &self.path)
    }

    /// Whether the script is to be run; true without `shouldExecute`. To be asked of [`ScriptConfig::resolve`]d settings.
    pub fn evaluate_should_execute(&self) -> Result<bool, ScriptConfigError> {
        match &self.should_execute {
            None => Ok(true),
            Some(expression) => evaluate(expression)
                .map_err(|source| ScriptConfigError::Expression { path: self.path.clone(), source }),
        }
    }
}

fn take_boolean(
    settings: &mut BTreeMap<String, String>,
    key: &'static str,
    path: &Path,
) -> Result<Option<bool>, ScriptConfigError> {
    match settings.remove(key) {
        None => Ok(None),
        Some(value) if value.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(value) if value.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(value) => Err(ScriptConfigError::NotBoolean { path: path.to_owned(), key, value }),
    }
}

/// Replaces `${NAME}`, where the name is of ASCII letters, digits and `_`.
fn expand_environment(text: &str, environment: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        expanded.push_str(before);
        let is_name_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let end = after.find(|character| !is_name_part(character)).unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        match tail.strip_prefix('}') {
            Some(tail) if !name.is_empty() => {
                expanded.push_str(&environment(name).unwrap_or_default());
                rest = tail;
            }
            _ => {
                expanded.push_str("${");
                rest = after;
            }
        }
    }
    expanded.push_str(rest);
    expanded
}

/// Keys and values of a file in Flyway's dialect of Java properties: lines are trimmed, backslashes are literal, and one
/// at the end of a line continues it (`ConfigUtils.loadConfigurationFromString`).
fn properties(text: &str) -> BTreeMap<String, String> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).replace("\r\n", "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    while lines.last() == Some(&"") {
        lines.pop();
    }
    let mut settings = BTreeMap::new();
    let mut pending: Option<String> = None;
    for (index, line) in lines.iter().enumerate() {
        // A lone CR ends a line for `Properties`, though not for the trimming and continuing that precedes it.
        let pieces: Vec<&str> = trim(line).split('\r').collect();
        for (position, piece) in pieces.iter().enumerate() {
            let piece = piece.trim_start_matches([' ', '\t', '\u{C}']);
            let is_comment = pending.is_none() && (piece.is_empty() || piece.starts_with(['#', '!']));
            if is_comment {
                continue;
            }
            let mut logical = pending.take().unwrap_or_default();
            let may_continue = position + 1 == pieces.len() && continues(lines.get(index + 1).copied());
            match piece.strip_suffix('\\').filter(|_| may_continue) {
                Some(start) => {
                    logical.push_str(start);
                    pending = Some(logical);
                }
                None => {
                    logical.push_str(piece);
                    add_setting(&mut settings, &logical);
                }
            }
        }
    }
    if let Some(logical) = pending {
        add_setting(&mut settings, &logical);
    }
    settings
}

/// Whether a backslash at the end of a line joins it with the next: not if that is empty or a property of its own.
fn continues(next: Option<&str>) -> bool {
    let Some(next) = next else { return false };
    if next.is_empty() {
        return false;
    }
    let is_property = trim(next).starts_with("flyway.") && next.contains('=');
    let is_expression = !next.starts_with("shouldExecute") && (next.contains("==") || next.contains("!="));
    !is_property || is_expression
}

fn add_setting(settings: &mut BTreeMap<String, String>, line: &str) {
    let is_blank = |character: char| matches!(character, ' ' | '\t' | '\u{C}');
    let end =
        line.find(|character| is_blank(character) || matches!(character, '=' | ':')).unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(is_blank);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(is_blank);
    settings.insert(key.to_owned(), value.to_owned());
}

/// Java's `String.trim`.
fn trim(line: &str) -> &str {
    line.trim_matches(|character| character <= ' ')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<ScriptConfig, ScriptConfigError> {
        ScriptConfig::parse(text, Path::new("V1__a.sql.conf"))
    }

    #[test]
    fn reads_settings() {
        let config = parse(
            "\u{FEFF}# comment\n! another\r\n  executeInTransaction = FALSE \nencoding:ISO-8859-1\n\
             placeholderReplacement true\nshouldExecute=a==b \\\n  || b!=c",
        )
        .unwrap();
        assert_eq!(config.execute_in_transaction, Some(false));
        assert_eq!(config.encoding.as_deref(), Some("ISO-8859-1"));
        assert_eq!(config.placeholder_replacement, Some(true));
        assert_eq!(config.should_execute.as_deref(), Some("a==b || b!=c"));
    }

    #[test]
    fn an_empty_file_says_nothing() {
        let config = parse("\n \n").unwrap();
        assert_eq!((config.execute_in_transaction, config.encoding), (None, None));
    }

    #[test]
    fn says_what_is_wrong_in_the_words_of_flyway() {
        for (text, message) in [
            ("bogus=1", "Unknown configuration property: bogus. Please check your script config files"),
            (
                "ExecuteInTransaction=false\nfoo : bar\n",
                "Unknown configuration properties: ExecuteInTransaction,foo. Please check your script config files",
            ),
            (
                "executeInTransaction = yes",
                "Invalid value for executeInTransaction (should be either true or false): yes",
            ),
            (
                "placeholderReplacement=${x}",
                "Invalid value for placeholderReplacement (should be either true or false): ${x}",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.flyway_message(), message);
            assert_eq!(error.to_string(), format!("{message} (V1__a.sql.conf)"));
        }
    }

    #[test]
    fn evaluates_with_placeholders_and_environment() {
        let mut placeholders = Placeholders::new("${", "}", ":");
        placeholders.set_default("defaultSchema", "shop");
        let environment = |name: &str| (name == "STAGE").then(|| "test".to_owned());
        for (text, expected) in [
            ("executeInTransaction=true", true),
            ("shouldExecute=${flyway:defaultSchema}==shop", true),
            ("shouldExecute=${flyway:defaultSchema}!=shop", false),
            // The first of two dollars hides a placeholder, so the environment gets to see it.
            ("shouldExecute=$${STAGE}==$test", true),
            ("shouldExecute=$${UNSET}==$", true),
        ] {
            let config = parse(text).unwrap().resolve(&placeholders, environment).unwrap();
            assert_eq!(config.evaluate_should_execute(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_placeholder_without_value_is_an_error_even_in_a_comment() {
        let config = parse("executeInTransaction=false\n# ${nope}").unwrap();
        let error = config.resolve(&Placeholders::new("${", "}", ":"), |_| None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "V1__a.sql.conf:2: No value provided for placeholder: ${nope}.  Check your configuration!"
        );
    }

    #[test]
    fn backslashes_are_literal_but_at_the_end_of_a_line() {
        for (text, expected) in [
            ("encoding=a\\b\\u0041", "a\\b\\u0041"),
            ("encoding=a\\\n b", "ab"),
            ("encoding=a\\\n\nexecuteInTransaction=true", "a\\"),
            ("encoding=a\\", "a\\"),
            ("encoding=a\\\\\nb", "a\\b"),
        ] {
            assert_eq!(properties(text).get("encoding").map(String::as_str), Some(expected), "{text:?}");
        }
    }

    /// Read by Flyway 13.0.0 in the same way.
    #[test]
    fn reads_keys_and_values_as_java_properties() {
        for (text, expected) in [
            ("a b", vec![("a", "b")]),
            ("a:=b", vec![("a", "=b")]),
            (" a = b \n#c\n!d", vec![("a", "b")]),
            ("e=#x\\\n#y", vec![("e", "#x#y")]),
            ("k=v\\\n  \nz=1", vec![("k", "v"), ("z", "1")]),
            ("a\rb=1", vec![("a", ""), ("b", "1")]),
            ("k=v\\\nflyway.x=1", vec![("flyway.x", "1"), ("k", "v\\")]),
            ("k=v\\\nflyway.x==1", vec![("k", "vflyway.x==1")]),
        ] {
            let settings = properties(text);
            let found: Vec<_> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(encoding|shouldExecute|[=: \\\\#!\r\n\u{FEFF}a${}])*") {
            if let Ok(config) = parse(&text) {
                let _ = config.resolve(&Placeholders::new("${", "}", ":"), |_| None);
            }
        }
    }
}
