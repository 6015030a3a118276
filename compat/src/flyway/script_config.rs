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
    #[error(
        "Unknown configuration {}: {}. Please check your script config files ({path})",
        if keys.len() == 1 { "property" } else { "properties" }, keys.join(",")
    )]
    UnknownKeys {
        /// The `.conf` file.
        path: PathBuf,
        /// The keys, sorted.
        keys: Vec<String>,
    },
    /// A value that is neither `true` nor `false`.
    #[error("Invalid value for {key} (should be either true or false): {value} ({path})")]
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
        Err(ScriptConfigError::UnknownKeys {
            path: path.to_owned(),
            keys: settings.into_keys().collect(),
        })
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
            .map_err(|source| ScriptConfigError::Placeholder {
                path: self.path.clone(),
                source,
            })?;
        let expanded = expand_environment(&replaced, environment);
        ScriptConfig::parse(&expanded, &self.path)
    }

    /// Whether the script is to be run; true without `shouldExecute`. To be asked of [`ScriptConfig::resolve`]d settings.
    pub fn evaluate_should_execute(&self) -> Result<bool, ScriptConfigError> {
        match &self.should_execute {
            None => Ok(true),
            Some(expression) => evaluate(expression).map_err(|source| ScriptConfigError::Expression {
                path: self.path.clone(),
                source,
            }),
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
        Some(value) => Err(ScriptConfigError::NotBoolean {
            path: path.to_owned(),
            key,
            value,
        }),
    }
}

/// Replaces `${NAME}`, where the name is of ASCII letters, digits and `_`.
fn expand_environment(text: &str, environment: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        expanded.push_str(before);
        let is_name_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let end = after
            .find(|character| !is_name_part(character))
            .unwrap_or(after.len());
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
    let text = text
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(text)
        .replace("\r\n", "\n");
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
    let end = line
        .find(|character| is_blank(character) || matches!(character, '=' | ':'))
        .unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(is_blank);
    let value = rest
        .strip_prefix(['=', ':'])
        .unwrap_or(rest)
        .trim_start_matches(is_blank);
    settings.insert(key.to_owned(), value.to_owned());
}

/// Java's `String.trim`.
fn trim(line: &str) -> &str {
    line.trim_matches(|character| character <= ' ')
}
