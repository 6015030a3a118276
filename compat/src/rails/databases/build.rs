//! The databases that the hash of `database.yml` and the variables make.

use std::sync::Arc;

use super::config::{DatabaseConfig, Origin, check_pool, first_unknown, of_url_value};
use super::{ConfigError, Databases, invalid};
use crate::rails::release::Release;
use crate::rails::ruby::evaluate::Surroundings;
use crate::rails::template::{Unknown, marks};
use crate::rails::url;
use crate::rails::yaml::{self, Yaml};

impl Databases {
    pub(super) fn build(
        value: &Yaml,
        origin: &Arc<Origin>,
        release: Release,
        around: Surroundings<'_>,
    ) -> Result<Databases, ConfigError> {
        let builder = Builder { origin, release, around };
        let Yaml::Map(entries) = value else {
            return match first_unknown(value, &origin.unknown) {
                Some(unknown) => Err(builder.needs_ruby(unknown)),
                None => Err(invalid("Cannot load database configuration:\nno implicit conversion into Hash")),
            };
        };
        let mut entries = entries.clone();
        if let Some(unknown) = entries.iter().find_map(|(key, _)| first_unknown(key, &origin.unknown)) {
            return Err(builder.needs_ruby(unknown));
        }
        let shared = entries.iter().position(|(key, _)| *key == Yaml::Text("shared".to_owned()));
        if let Some(position) = shared {
            let (_, shared) = entries.remove(position);
            if shared.is_true() {
                for (_, config) in &mut entries {
                    share(config, &shared, release)?;
                }
            }
        }
        let mut all = Vec::new();
        for (environment, config) in &entries {
            builder.environment(&environment.to_text(), config, &mut all)?;
        }
        let current = around.environment;
        if all.iter().all(|config| config.environment != current)
            && let Some(config) = builder.of_variable(current, "primary", &[])?
        {
            all.push(config);
        }
        for config in &mut all {
            if config.environment == current
                && !config.from_url
                && let Some(instead) = builder.of_variable(current, &config.name, &config.settings)?
            {
                *config = instead;
            }
        }
        let first = |environment: &str| {
            all.iter().find(|config| config.environment == environment).map(|config| config.name.clone())
        };
        // Rails asks for the first of the environment that it runs in, whichever environment a database is of.
        let primary = first(current);
        for config in &mut all {
            config.is_primary = config.name == "primary" || primary.as_ref() == Some(&config.name);
        }
        Ok(Databases { environment: current.to_owned(), all, release })
    }
}

fn is_map(value: &Yaml) -> bool {
    matches!(value, Yaml::Map(_))
}

fn all_maps(value: &Yaml) -> bool {
    matches!(value, Yaml::Map(entries) if entries.iter().all(|(_, value)| is_map(value)))
}

/// Fills in what `shared` has and a configuration has not; what is shared stands first.
fn fill(config: &mut Yaml, shared: &Yaml) {
    let (Yaml::Map(entries), Yaml::Map(shared)) = (&mut *config, shared) else { return };
    let mut filled = shared.clone();
    for (key, value) in std::mem::take(entries) {
        yaml::set(&mut filled, key, value);
    }
    *entries = filled;
}

/// `shared` of the file, for one environment. Databases that are shared by name are known since 7.1; until 8.1 it was an
/// error to have one that is not shared beside them.
fn share(config: &mut Yaml, shared: &Yaml, release: Release) -> Result<(), ConfigError> {
    if !is_map(config) || !is_map(shared) {
        return Err(invalid("Cannot load database configuration:\nundefined method `reverse_merge!'"));
    }
    if release < Release(7, 0) || !all_maps(config) {
        fill(config, shared);
        return Ok(());
    }
    let by_name = release >= Release(7, 1) && all_maps(shared);
    let Yaml::Map(databases) = config else { return Ok(()) };
    for (name, database) in databases {
        match (by_name, shared.get(&name.to_text())) {
            (false, _) => fill(database, shared),
            (true, Some(shared)) => fill(database, shared),
            (true, None) if release < Release(8, 2) => {
                return Err(invalid(format!(
                    "Cannot load database configuration:\nundefined method `merge' for nil: `shared` has no database named {}",
                    name.to_text()
                )));
            }
            (true, None) => {}
        }
    }
    Ok(())
}

struct Builder<'a> {
    origin: &'a Arc<Origin>,
    release: Release,
    around: Surroundings<'a>,
}

impl Builder<'_> {
    fn needs_ruby(&self, unknown: &Unknown) -> ConfigError {
        ConfigError::NeedsRuby { path: self.origin.path.clone(), unknown: unknown.clone() }
    }

    fn environment(
        &self,
        name: &str,
        value: &Yaml,
        all: &mut Vec<DatabaseConfig>,
    ) -> Result<(), ConfigError> {
        match value {
            Yaml::Map(databases) if all_maps(value) => {
                for (database, settings) in databases {
                    all.extend(self.config(name, &database.to_text(), settings)?);
                }
            }
            _ => all.extend(self.config(name, "primary", value)?),
        }
        Ok(())
    }

    fn config(
        &self,
        environment: &str,
        name: &str,
        value: &Yaml,
    ) -> Result<Option<DatabaseConfig>, ConfigError> {
        if let Yaml::Map(entries) = value {
            return self.of_entries(environment, name, entries).map(Some);
        }
        if let Some(unknown) = first_unknown(value, &self.origin.unknown) {
            // Another environment's does not matter here.
            return if environment == self.around.environment {
                Err(self.needs_ruby(unknown))
            } else {
                Ok(None)
            };
        }
        let is_url = matches!(value, Yaml::Text(text) if text.contains(':'));
        match value {
            Yaml::Text(text) if is_url => self.of_url(environment, name, text, &[]).map(Some),
            _ => {
                let shown = if is_url { String::new() } else { value.to_text() };
                Err(invalid(format!(
                    "'{{ {environment} => {shown} }}' is not a valid configuration. Expected '{shown}' to be a URL string or a Hash."
                )))
            }
        }
    }

    fn of_entries(
        &self,
        environment: &str,
        name: &str,
        entries: &[(Yaml, Yaml)],
    ) -> Result<DatabaseConfig, ConfigError> {
        let mut settings: Vec<(String, Yaml)> =
            entries.iter().map(|(key, value)| (key.to_text(), value.clone())).collect();
        if let Some(position) = settings.iter().position(|(key, _)| key == "url") {
            let (_, url) = settings.remove(position);
            match &url {
                Yaml::Text(text) if marks(text).is_empty() => {
                    return self.of_url(environment, name, text, &settings);
                }
                _ if self.release < Release(7, 1) || url.is_true() => {
                    settings.push(("url".to_owned(), url));
                    return self.finished(environment, name, settings, true);
                }
                _ => {}
            }
        }
        self.finished(environment, name, settings, false)
    }

    fn of_variable(
        &self,
        environment: &str,
        name: &str,
        settings: &[(String, Yaml)],
    ) -> Result<Option<DatabaseConfig>, ConfigError> {
        let named = (self.around.variables)(&format!("{}_DATABASE_URL", name.to_uppercase()));
        let url = named.or_else(|| (self.around.variables)("DATABASE_URL").filter(|_| name == "primary"));
        url.map(|url| self.of_url(environment, name, &url, settings)).transpose()
    }

    fn of_url(
        &self,
        environment: &str,
        name: &str,
        url: &str,
        settings: &[(String, Yaml)],
    ) -> Result<DatabaseConfig, ConfigError> {
        let mut settings = settings.to_vec();
        for (key, value) in url::resolve(url, self.release).map_err(|error| invalid(error.to_string()))? {
            let value = of_url_value(value);
            match settings.iter_mut().find(|(known, _)| *known == key) {
                Some(entry) => entry.1 = value,
                None => settings.push((key, value)),
            }
        }
        self.finished(environment, name, settings, true)
    }

    fn finished(
        &self,
        environment: &str,
        name: &str,
        settings: Vec<(String, Yaml)>,
        from_url: bool,
    ) -> Result<DatabaseConfig, ConfigError> {
        let config = DatabaseConfig {
            environment: environment.to_owned(),
            name: name.to_owned(),
            is_primary: false,
            settings,
            from_url,
            origin: Arc::clone(self.origin),
        };
        if self.release >= Release(8, 1) {
            check_pool(&config)?;
        }
        Ok(config)
    }
}
