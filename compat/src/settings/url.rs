//! A database URL as `dunlin.toml` may write it.

use std::fmt;

use serde::Deserialize;
use thiserror::Error;

/// A database URL in which `${NAME}` stands for an environment variable. It may hold a password, so it has no `Display`
/// and its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Url(pub(super) String);

impl fmt::Debug for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Url(…)")
    }
}

/// Why a [`Url`] has no value. The message never shows the URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlError {
    /// A variable is not set.
    #[error(
        "`url` in dunlin.toml uses ${{{0}}}, but the environment variable {0} is not set; set it, or give --url"
    )]
    NotSet(String),
    /// `${` without a proper name and `}`.
    #[error(
        "`url` in dunlin.toml has a `${{` that is not followed by a name and `}}`; write `$${{` for the characters themselves"
    )]
    Malformed,
}

impl Url {
    /// The URL with its variables replaced; `$${` stands for `${` itself.
    pub fn expand(&self, environment: impl Fn(&str) -> Option<String>) -> Result<String, UrlError> {
        let mut expanded = String::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                expanded.push_str(before);
                expanded.push_str("${");
                rest = after;
                continue;
            }
            let (name, after) =
                after.split_once('}').filter(|(name, _)| is_variable(name)).ok_or(UrlError::Malformed)?;
            expanded.push_str(before);
            expanded.push_str(&environment(name).ok_or_else(|| UrlError::NotSet(name.to_owned()))?);
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

fn is_variable(name: &str) -> bool {
    let fits = |character: char| character == '_' || character.is_ascii_alphanumeric();
    !name.is_empty() && name.chars().all(fits) && !name.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn expanded(url: &str) -> Result<String, UrlError> {
        let environment = |name: &str| (name == "PASSWORD").then(|| "s3cret".to_owned());
        Url(url.to_owned()).expand(environment)
    }

    #[test]
    fn variables_in_the_url_are_replaced() {
        let cases = [
            ("sqlite:shop.db", "sqlite:shop.db"),
            ("postgres://shop:${PASSWORD}@db/shop", "postgres://shop:s3cret@db/shop"),
            ("${PASSWORD}${PASSWORD}", "s3crets3cret"),
            ("a$b$", "a$b$"),
            ("$${PASSWORD}", "${PASSWORD}"),
        ];
        for (url, expected) in cases {
            assert_eq!(expanded(url).unwrap(), expected, "{url}");
        }
    }

    #[test]
    fn a_variable_that_is_not_set_is_an_error() {
        assert_snapshot!(expanded("${HOST}").unwrap_err(), @"`url` in dunlin.toml uses ${HOST}, but the environment variable HOST is not set; set it, or give --url");
        for url in ["${", "${}", "${A B}", "${1A}", "${A"] {
            assert_eq!(expanded(url), Err(UrlError::Malformed), "{url}");
        }
    }
}
