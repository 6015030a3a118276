//! The databases of a project: `config/database.yml`, and the variables that name databases instead of it.
//!
//! After `Rails::Application::Configuration#database_configuration` and `ActiveRecord::DatabaseConfigurations`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::release::Release;
use super::ruby::evaluate::Surroundings;
use super::secrets;
use super::template::{self, TemplateError, Unknown, marks};
use super::url::{self, UrlValue};
use super::yaml::{self, Yaml, YamlError};
use crate::model::AdapterError;

/// Why the databases are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Only Ruby knows a value that is needed: a guest has to evaluate the file, see [`Databases::of_value`].
    #[error("{}:{}: `{}` is not evaluated without Ruby, because of {}", path.display(), unknown.line, unknown.expression, unknown.reason)]
    NeedsRuby {
        /// The file.
        path: PathBuf,
        /// The expression, its line, and what of it is not known.
        unknown: Unknown,
    },
    /// Ruby would raise this while it evaluates the file.
    #[error("Cannot load database configuration:\n{message}")]
    Raised {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The message.
        message: String,
    },
    /// The file is not YAML.
    #[error("Cannot load database configuration:\nYAML syntax error occurred while parsing {}. Please note that YAML must be consistently indented using spaces. Tabs are not allowed. Error: {error}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: YamlError,
        /// The file's text without secrets, where its lines are those that were parsed.
        shown: Option<String>,
    },
    /// The file cannot be read.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is neither a file nor a variable.
    #[error("Could not load database configuration. No such file - [\"config/database.yml\"]")]
    Missing,
    /// What it says is no configuration.
    #[error("{0}")]
    Invalid(String),
}

impl ConfigError {
    /// As the caller of an adapter sees it.
    pub fn refusal(&self) -> AdapterError {
        let error = AdapterError::refused("CONFIGURATION", self.to_string());
        match self {
            ConfigError::NeedsRuby { path, unknown } => error.at(path, unknown.line).advise(
                "Name the database in DATABASE_URL, with --url or under [rails] in dunlin.toml, or see to it that Ruby can evaluate the file: `dunlin pack build rails`, or `carrier = \"host\"`.",
            ),
            ConfigError::Raised { path, line, .. } => error.at(path, *line),
            ConfigError::Yaml { path, error: yaml, .. } => error.at(path, yaml.line),
            ConfigError::Missing => error.advise("Write config/database.yml, or set DATABASE_URL."),
            _ => error,
        }
    }
}

/// Where values come from, to name the expression that one of them hangs on.
#[derive(Debug, Default, PartialEq)]
struct Origin {
    path: PathBuf,
    unknown: Vec<Unknown>,
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
    from_url: bool,
    origin: Arc<Origin>,
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

fn first_unknown<'a>(value: &Yaml, unknown: &'a [Unknown]) -> Option<&'a Unknown> {
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

/// The databases of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct Databases {
    /// The environment that is meant.
    pub environment: String,
    /// All, of all environments.
    pub all: Vec<DatabaseConfig>,
    /// The release that reads them.
    pub release: Release,
}

/// `RAILS_ENV`, else `RACK_ENV`, else `development`.
pub fn environment(variables: &dyn Fn(&str) -> Option<String>) -> String {
    let present = |name: &str| variables(name).filter(|value| !value.trim().is_empty());
    present("RAILS_ENV").or_else(|| present("RACK_ENV")).unwrap_or_else(|| "development".to_owned())
}

impl Databases {
    /// Reads `config/database.yml` of a project.
    ///
    /// # Errors
    /// There is none and no variable instead, or what it says is not known or no configuration.
    pub fn load(root: &Path, release: Release, around: Surroundings<'_>) -> Result<Databases, ConfigError> {
        let path = root.join("config/database.yml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Databases::parse(&path, &text, release, around),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if (around.variables)("DATABASE_URL").is_none() {
                    return Err(ConfigError::Missing);
                }
                Databases::build(&Yaml::Map(Vec::new()), &Arc::default(), release, around)
            }
            Err(error) => Err(ConfigError::Unreadable { path, reason: error.to_string() }),
        }
    }

    /// Reads the text of a `database.yml`.
    ///
    /// # Errors
    /// As [`Databases::load`].
    pub fn parse(
        path: &Path,
        text: &str,
        release: Release,
        around: Surroundings<'_>,
    ) -> Result<Databases, ConfigError> {
        let path = path.to_owned();
        let rendered = template::render(text, around).map_err(|error| match error {
            TemplateError::NotKnown(unknown) => ConfigError::NeedsRuby { path: path.clone(), unknown },
            TemplateError::Raised { line, message } => {
                ConfigError::Raised { path: path.clone(), line, message }
            }
        })?;
        let lines = |text: &str| text.bytes().filter(|byte| *byte == b'\n').count();
        let is_line_by_line = lines(&rendered.text) == lines(text);
        Databases::of_text(&rendered.text, Origin { path, unknown: rendered.unknown }, release, around)
            .map_err(|error| match error {
                ConfigError::Yaml { path, error, .. } => {
                    let shown = is_line_by_line.then(|| secrets::without_secrets(text));
                    ConfigError::Yaml { path, error, shown }
                }
                other => other,
            })
    }

    /// Reads a `database.yml` whose ERB a guest evaluated.
    ///
    /// # Errors
    /// As [`Databases::load`].
    pub fn of_rendered(
        path: &Path,
        text: &str,
        release: Release,
        around: Surroundings<'_>,
    ) -> Result<Databases, ConfigError> {
        Databases::of_text(text, Origin { path: path.to_owned(), unknown: Vec::new() }, release, around)
    }

    fn of_text(
        text: &str,
        origin: Origin,
        release: Release,
        around: Surroundings<'_>,
    ) -> Result<Databases, ConfigError> {
        let origin = Arc::new(origin);
        let value = yaml::parse(text).map_err(|error| match origin.unknown.first() {
            // What stands for the unknown may be what makes it no YAML.
            Some(unknown) => ConfigError::NeedsRuby { path: origin.path.clone(), unknown: unknown.clone() },
            None => ConfigError::Yaml { path: origin.path.clone(), error, shown: None },
        })?;
        let value = value.filter(|value| value.is_true()).unwrap_or(Yaml::Map(Vec::new()));
        Databases::build(&value, &origin, release, around)
    }

    /// The databases of what Ruby made of the file: the hash that it gave, as JSON.
    ///
    /// # Errors
    /// It is no configuration.
    pub fn of_value(
        value: &serde_json::Value,
        release: Release,
        around: Surroundings<'_>,
    ) -> Result<Databases, ConfigError> {
        Databases::build(&Yaml::from(value), &Arc::default(), release, around)
    }

    fn build(
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

    /// The databases of an environment that tasks take part in, the primary first as the file has it.
    ///
    /// # Errors
    /// Only Ruby knows whether one is a replica.
    pub fn of(&self, environment: &str) -> Result<Vec<&DatabaseConfig>, ConfigError> {
        let mut found = Vec::new();
        for config in self.all.iter().filter(|config| config.environment == environment) {
            if config.has_tasks(self.release)? {
                found.push(config);
            }
        }
        Ok(found)
    }
}

fn invalid(message: impl Into<String>) -> ConfigError {
    ConfigError::Invalid(message.into())
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

fn of_url_value(value: UrlValue) -> Yaml {
    match value {
        UrlValue::Text(text) => Yaml::Text(text),
        UrlValue::Number(number) => Yaml::Integer(number),
        UrlValue::Bool(value) => Yaml::Bool(value),
    }
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

/// `validate_configuration!`
fn check_pool(config: &DatabaseConfig) -> Result<(), ConfigError> {
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

#[cfg(test)]
mod tests;
