//! One database of one environment: what its keys say.

use std::path::PathBuf;
use std::sync::Arc;

use super::{ConfigError, invalid};
use crate::rails::release::Release;
use crate::rails::template::{Unknown, marks};
use crate::rails::url::{self, UrlValue};
use crate::rails::yaml::Yaml;

/// Where values come from, to name the expression that one of them hangs on.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Origin {
    pub(super) path: PathBuf,
    pub(super) unknown: Vec<Unknown>,
}

/// One database of one environment.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseConfig {
    /// The environment.
    pub environment: String,
    /// Its name: `primary` where there is only one.
    pub name: String,
    /// Whether it is the first of its environment.
    pub is_primary: bool,
    /// Keys and values.
    pub settings: Vec<(String, Yaml)>,
    /// Whether it was made of a URL, which nothing overrides.
    pub(super) from_url: bool,
    pub(super) origin: Arc<Origin>,
}

impl DatabaseConfig {
    fn raw(&self, key: &str) -> Option<&Yaml> {
        self.settings.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The value of a key.
    ///
    /// # Errors
    /// Only Ruby knows it.
    pub fn get(&self, key: &str) -> Result<Option<&Yaml>, ConfigError> {
        let value = self.raw(key);
        if let Some(unknown) = value.and_then(|value| first_unknown(value, &self.origin.unknown)) {
            return Err(ConfigError::NeedsRuby { path: self.origin.path.clone(), unknown: unknown.clone() });
        }
        Ok(value)
    }

    /// The same for the database that a URL names: where it is comes from there, everything else stays.
    ///
    /// # Errors
    /// It is no URL.
    pub fn at(&self, url: &str, release: Release) -> Result<DatabaseConfig, ConfigError> {
        const PLACE: [&str; 10] = [
            "url", "host", "hostaddr", "port", "socket", "database", "dbname", "username", "user", "password",
        ];
        let mut settings = self.settings.clone();
        settings.retain(|(key, _)| !PLACE.contains(&key.as_str()));
        for (key, value) in url::resolve(url, release).map_err(|error| invalid(error.to_string()))? {
            if key != "adapter" {
                settings.retain(|(known, _)| *known != key);
                settings.push((key, of_url_value(value)));
            }
        }
        Ok(DatabaseConfig { settings, from_url: true, ..self.clone() })
    }

    /// Why Ruby has to evaluate the file, if it says something that only Ruby knows.
    pub fn unknown(&self) -> Option<ConfigError> {
        self.settings.iter().find_map(|(key, _)| self.get(key).err())
    }

    /// The text of a key that is set to something else than nil, false or nothing.
    ///
    /// # Errors
    /// Only Ruby knows it.
    pub fn text(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let value = self.get(key)?.filter(|value| value.is_true());
        Ok(value.map(Yaml::to_text).filter(|text| !text.is_empty()))
    }

    /// Whether a key is true; `default` where it is not set.
    ///
    /// # Errors
    /// Only Ruby knows it.
    pub fn is_true(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        Ok(self.get(key)?.map_or(default, Yaml::is_true))
    }

    /// `migrations_paths`: one or several, else none.
    ///
    /// # Errors
    /// Only Ruby knows it.
    pub fn migrations_paths(&self) -> Result<Vec<String>, ConfigError> {
        Ok(match self.get("migrations_paths")? {
            Some(Yaml::List(items)) => items.iter().map(Yaml::to_text).collect(),
            Some(value) if value.is_true() => vec![value.to_text()],
            _ => Vec::new(),
        })
    }

    /// Whether tasks take part in it: no replica, and not told off.
    ///
    /// # Errors
    /// Only Ruby knows it.
    pub fn has_tasks(&self, release: Release) -> Result<bool, ConfigError> {
        let told_off = release.has_schema_dump_key() && !self.is_true("database_tasks", true)?;
        Ok(!self.is_true("replica", false)? && !told_off)
    }

    /// Whether it has `ar_internal_metadata`. As text of a URL, `false` is true.
    ///
    /// # Errors
    /// Only Ruby knows it.
    pub fn uses_metadata_table(&self) -> Result<bool, ConfigError> {
        self.is_true("use_metadata_table", true)
    }

    /// Whether the advisory lock is taken: here the text `false` is false.
    ///
    /// # Errors
    /// Only Ruby knows it.
    pub fn takes_advisory_locks(&self) -> Result<bool, ConfigError> {
        let value = self.get("advisory_locks")?;
        Ok(!matches!(value, Some(Yaml::Text(text)) if text == "false") && value.is_none_or(Yaml::is_true))
    }
}

pub(super) fn first_unknown<'a>(value: &Yaml, unknown: &'a [Unknown]) -> Option<&'a Unknown> {
    match value {
        Yaml::Text(text) | Yaml::Symbol(text) | Yaml::Other(text) => {
            marks(text).into_iter().find_map(|number| unknown.get(number))
        }
        Yaml::List(items) => items.iter().find_map(|item| first_unknown(item, unknown)),
        Yaml::Map(entries) => entries
            .iter()
            .find_map(|(key, value)| first_unknown(key, unknown).or_else(|| first_unknown(value, unknown))),
        _ => None,
    }
}

pub(super) fn of_url_value(value: UrlValue) -> Yaml {
    match value {
        UrlValue::Text(text) => Yaml::Text(text),
        UrlValue::Number(number) => Yaml::Integer(number),
        UrlValue::Bool(value) => Yaml::Bool(value),
    }
}

/// `validate_configuration!`
pub(super) fn check_pool(config: &DatabaseConfig) -> Result<(), ConfigError> {
    let number = |key: &str| {
        let value = config.raw(key).filter(|value| value.is_true())?;
        if let Yaml::Integer(number) = value { Some(*number) } else { value.to_text().parse().ok() }
    };
    if let (Some(pool), Some(connections)) = (number("pool"), number("max_connections"))
        && pool != connections
    {
        return Err(invalid(format!(
            "Ambiguous configuration: 'pool' ({pool}) and 'max_connections' ({connections}) are set to different values. Prefer just 'max_connections'."
        )));
    }
    if number("pool").is_some() && number("min_connections").is_some() {
        return Err(invalid(
            "Ambiguous configuration: when setting 'min_connections', use 'max_connections' instead of 'pool'.",
        ));
    }
    Ok(())
}
