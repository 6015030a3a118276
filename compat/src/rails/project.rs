//! A Rails project, read from disk: its databases, what its Ruby says plainly, and what `dunlin.toml` says instead.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::adapter::RailsAdapter;
use super::application::{Application, Literal};
use super::connection;
use super::databases::{self, ConfigError, DatabaseConfig, Databases};
use super::dump::DumpSchemas;
use super::files::{self, FileRules, MigrationFile};
use super::history::HistoryTables;
use super::inflector::Inflections;
use super::pragmas;
use super::release::Release;
use super::ruby::evaluate::Surroundings;
use super::yaml::Yaml;
use crate::model::{AdapterError, GuestProgram};
use crate::settings::Settings;
use crate::settings::rails::{RailsSettings, SchemaFormat};

/// What decides how a project is read.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    /// The project's folder, absolute: `Rails.root`.
    pub root: &'a Path,
    /// `dunlin.toml`.
    pub settings: &'a Settings,
    /// Variables: of the command line, else of the environment.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
    /// `config/database.yml` without its ERB, if a guest evaluated it.
    pub rendered: Option<&'a str>,
    /// The target, if the caller names one; as `DATABASE_URL` writes it.
    pub url: Option<&'a str>,
}

/// A project.
#[derive(Debug, Clone, PartialEq)]
pub struct RailsProject {
    /// `Rails.root`
    pub root: PathBuf,
    /// `Rails.env`
    pub environment: String,
    /// The release of Active Record.
    pub release: Release,
    /// What its Ruby says plainly.
    pub application: Application,
    /// Its databases.
    pub databases: Databases,
    /// `[rails]`
    pub settings: RailsSettings,
}

/// Whether a folder is one of a Rails project that dunlin can take on.
pub fn is_project(root: &Path) -> bool {
    root.join("config/database.yml").is_file() && root.join("db/migrate").is_dir()
        || root.join("config/application.rb").is_file() && root.join("db").is_dir()
}

/// Reads a project, without its migrations.
///
/// # Errors
/// Its databases are not known; when [`ConfigError::NeedsRuby`], a guest may evaluate the file for [`Load::rendered`].
pub fn load(inputs: &Load<'_>) -> Result<RailsProject, ConfigError> {
    let own = &inputs.settings.rails;
    let environment = match (inputs.variables)("RAILS_ENV").filter(|value| !value.trim().is_empty()) {
        Some(environment) => environment,
        None => own.environment.clone().unwrap_or_else(|| databases::environment(inputs.variables)),
    };
    let release = match &own.release {
        Some(text) => text.parse().map_err(|()| {
            ConfigError::Invalid(format!("`rails.release` in dunlin.toml is no release: {text}"))
        })?,
        None => Release::of_project(inputs.root).unwrap_or(Release::NEWEST),
    };
    let named = own
        .url
        .as_ref()
        .map(|url| {
            url.expand(|name| (inputs.variables)(name))
                .map_err(|error| ConfigError::Invalid(error.to_string()))
        })
        .transpose()?;
    let given = inputs.url.map(str::to_owned).or(named);
    let variables = |name: &str| match (&given, name) {
        (Some(url), "DATABASE_URL") => Some(url.clone()),
        (Some(_), "PRIMARY_DATABASE_URL") => None,
        _ => (inputs.variables)(name),
    };
    let around = Surroundings { variables: &variables, root: inputs.root, environment: &environment };
    let databases = match inputs.rendered {
        Some(text) => {
            Databases::of_rendered(&inputs.root.join("config/database.yml"), text, release, around)?
        }
        None => Databases::load(inputs.root, release, around)?,
    };
    Ok(RailsProject {
        root: inputs.root.to_owned(),
        application: Application::load(inputs.root, &environment),
        environment,
        release,
        databases,
        settings: own.clone(),
    })
}

impl RailsProject {
    /// The databases of the environment that tasks take part in.
    ///
    /// # Errors
    /// There is none, in Rails' words, or only Ruby knows.
    pub fn configs(&self) -> Result<Vec<&DatabaseConfig>, AdapterError> {
        let found = self.databases.of(&self.environment).map_err(|error| error.refusal())?;
        if found.is_empty() {
            return Err(AdapterError::refused(
                "ActiveRecord::AdapterNotSpecified",
                format!(
                    "The `{0}` database is not configured for the `{0}` environment.\n\n  Available database configurations are:\n\n  {1}",
                    self.environment,
                    self.available().join("\n  ")
                ),
            ));
        }
        Ok(found)
    }

    /// Why Ruby has to evaluate `database.yml`: a database of the environment cannot be found without.
    pub fn needs_ruby(&self, variables: &dyn Fn(&str) -> Option<String>) -> Option<ConfigError> {
        let configs = match self.databases.of(&self.environment) {
            Ok(configs) => configs,
            Err(error @ ConfigError::NeedsRuby { .. }) => return Some(error),
            Err(_) => return None,
        };
        let mut hidden = configs.into_iter().filter(|config| self.url(config, variables).is_err());
        hidden.find_map(DatabaseConfig::unknown)
    }

    /// `build_configuration_sentence`
    fn available(&self) -> Vec<String> {
        let mut environments: Vec<(String, Vec<String>)> = Vec::new();
        for config in &self.databases.all {
            match environments.iter_mut().find(|(name, _)| *name == config.environment) {
                Some((_, names)) => names.push(config.name.clone()),
                None => environments.push((config.environment.clone(), vec![config.name.clone()])),
            }
        }
        let line = |(environment, names): (String, Vec<String>)| match names.len() {
            1 => environment,
            _ => format!("{environment}: {}", names.join(", ")),
        };
        environments.into_iter().map(line).collect()
    }

    /// Where a database is, as dunlin writes it.
    ///
    /// # Errors
    /// It is none that dunlin reaches, or only Ruby knows.
    pub fn url(
        &self,
        config: &DatabaseConfig,
        variables: &dyn Fn(&str) -> Option<String>,
    ) -> Result<String, AdapterError> {
        connection::url(config, &self.root, variables)
    }

    /// A setting that is text: what `dunlin.toml` says, else what the application says plainly, else nothing.
    fn text(&self, own: Option<&String>, key: &str, toml: &str) -> Result<Option<String>, AdapterError> {
        if let Some(own) = own {
            return Ok(Some(own.clone()));
        }
        match self.application.get(key) {
            None => Ok(None),
            Some(assignment) => match &assignment.value {
                Some(Literal::Text(text)) => Ok(Some(text.clone())),
                Some(Literal::Nil) => Ok(None),
                _ => Err(AdapterError::refused(
                    "CONFIGURATION",
                    format!(
                        "{}:{}: what {key} is set to cannot be told without Ruby",
                        assignment.path.display(),
                        assignment.line
                    ),
                )
                .at(&assignment.path, assignment.line)
                .advise(format!("Say `{toml}` under [rails] in dunlin.toml."))),
            },
        }
    }

    fn flag(&self, own: Option<bool>, key: &str, default: bool) -> bool {
        let said = self.application.get(key).and_then(|assignment| assignment.value.as_ref());
        own.unwrap_or(match said {
            Some(Literal::Bool(value)) => *value,
            Some(Literal::Nil) => false,
            _ => default,
        })
    }

    /// The names of the history's tables of a database.
    ///
    /// # Errors
    /// Only Ruby knows them.
    pub fn tables(&self, config: &DatabaseConfig) -> Result<HistoryTables, AdapterError> {
        let own = &self.settings;
        let prefix = self
            .text(own.table_name_prefix.as_ref(), "table_name_prefix", "table-name-prefix")?
            .unwrap_or_default();
        let suffix = self
            .text(own.table_name_suffix.as_ref(), "table_name_suffix", "table-name-suffix")?
            .unwrap_or_default();
        let usual = HistoryTables::default();
        let migrations = self
            .text(
                own.schema_migrations_table.as_ref(),
                "schema_migrations_table_name",
                "schema-migrations-table",
            )?
            .unwrap_or(usual.migrations);
        let metadata = self
            .text(
                own.internal_metadata_table.as_ref(),
                "internal_metadata_table_name",
                "internal-metadata-table",
            )?
            .unwrap_or(usual.metadata);
        Ok(HistoryTables {
            migrations: format!("{prefix}{migrations}{suffix}"),
            metadata: format!("{prefix}{metadata}{suffix}"),
            uses_metadata: config.uses_metadata_table().map_err(|error| error.refusal())?,
        })
    }

    /// The acronyms: of `dunlin.toml`, else of the initializers.
    pub fn acronyms(&self) -> &[String] {
        self.settings.acronyms.as_deref().unwrap_or(&self.application.acronyms)
    }

    /// `dump_schema_after_migration`.
    pub fn dumps_schema_after_migration(&self) -> bool {
        self.flag(self.settings.dump_schema_after_migration, "dump_schema_after_migration", true)
    }

    /// `schema_format` of the application.
    ///
    /// # Errors
    /// Only Ruby knows it.
    pub fn schema_format(&self) -> Result<SchemaFormat, AdapterError> {
        match self.settings.schema_format {
            Some(format) => Ok(format),
            None => self
                .text(None, "schema_format", "schema-format")?
                .map_or(Ok(SchemaFormat::default()), |name| SchemaFormat::named(&name)),
        }
    }

    /// `dump_schemas`.
    ///
    /// # Errors
    /// Only Ruby knows it.
    pub fn dump_schemas(&self) -> Result<DumpSchemas, AdapterError> {
        Ok(match self.text(None, "dump_schemas", "structure-dump-flags")?.as_deref() {
            None | Some("schema_search_path") => DumpSchemas::SearchPath,
            Some("all") => DumpSchemas::All,
            Some(names) => DumpSchemas::Named(names.to_owned()),
        })
    }

    fn list(&self, own: Option<&Vec<String>>, key: &str) -> Vec<String> {
        let said = self.application.get(key).and_then(|assignment| assignment.value.clone());
        own.cloned().unwrap_or(match said {
            Some(Literal::List(items)) => items,
            Some(Literal::Text(text)) => vec![text],
            _ => Vec::new(),
        })
    }

    /// `structure_dump_flags`.
    pub fn structure_dump_flags(&self) -> Vec<String> {
        self.list(self.settings.structure_dump_flags.as_ref(), "structure_dump_flags")
    }

    /// `structure_load_flags`.
    pub fn structure_load_flags(&self) -> Vec<String> {
        self.list(self.settings.structure_load_flags.as_ref(), "structure_load_flags")
    }

    /// The names in `SchemaDumper.ignore_tables`.
    pub fn ignored_tables(&self) -> Vec<String> {
        self.list(self.settings.schema_ignore_tables.as_ref(), "ignore_tables")
    }

    /// The folders of a database's migrations, absolute.
    ///
    /// # Errors
    /// Only Ruby knows them.
    pub fn folders(&self, config: &DatabaseConfig) -> Result<Vec<PathBuf>, AdapterError> {
        let named = config.migrations_paths().map_err(|error| error.refusal())?;
        if !named.is_empty() {
            return Ok(named.iter().map(|path| self.root.join(path)).collect());
        }
        let engines = self.settings.migrations.iter().map(|folder| self.root.join(folder));
        Ok([self.root.join("db/migrate")].into_iter().chain(engines).collect())
    }

    /// How the names of files are read.
    pub fn file_rules(&self, now: Timestamp) -> FileRules {
        let own = &self.settings;
        let by_default = self
            .application
            .defaults
            .is_some_and(|defaults| defaults.unwrap_or(self.release).validates_timestamps());
        let validates = self.release.validates_timestamps()
            && self.flag(own.timestamped_migrations, "timestamped_migrations", true)
            && self.flag(own.validate_migration_timestamps, "validate_migration_timestamps", by_default);
        FileRules {
            inflections: Inflections::with_acronyms(self.acronyms().iter().map(String::as_str)),
            versions_before: if validates { FileRules::versions_before(now) } else { None },
        }
    }

    /// One database as the engine sees it.
    ///
    /// # Errors
    /// A file's name is illegal, or a setting is not known without Ruby.
    pub fn adapter(
        &self,
        config: &DatabaseConfig,
        guest: Arc<GuestProgram>,
        carriers: &BTreeMap<String, crate::model::Carrier>,
        now: Timestamp,
    ) -> Result<RailsAdapter, AdapterError> {
        let files = files::list(&self.folders(config)?, &self.file_rules(now))?;
        self.adapter_of(config, guest, carriers, files)
    }

    /// The same with these migrations; without any for what reads the history alone.
    ///
    /// # Errors
    /// A setting is not known without Ruby.
    pub fn adapter_of(
        &self,
        config: &DatabaseConfig,
        guest: Arc<GuestProgram>,
        carriers: &BTreeMap<String, crate::model::Carrier>,
        files: Vec<MigrationFile>,
    ) -> Result<RailsAdapter, AdapterError> {
        let mut carriers = carriers.clone();
        carriers.extend(self.settings.carriers.iter().map(|(version, carrier)| (version.clone(), *carrier)));
        let stand_ins =
            self.settings.stand_in.iter().map(|(version, file)| (version.clone(), self.root.join(file)));
        Ok(RailsAdapter {
            release: self.release,
            environment: config.environment.clone(),
            tables: self.tables(config)?,
            files,
            takes_lock: config.takes_advisory_locks().map_err(|error| error.refusal())?,
            session: connection::pragmas(config, self.release)?,
            foreign_keys: pragmas::foreign_keys(config, self.release)?,
            takes_double_quoted_strings: !pragmas::is_strict(config)?,
            guest,
            carriers,
            stand_ins: stand_ins.collect(),
            verbose: true,
        })
    }

    /// What the guest is told when it starts: `options` of the step protocol's `start`. No secret is in it.
    ///
    /// # Errors
    /// A setting is not known without Ruby.
    pub fn guest_options(&self, config: &DatabaseConfig) -> Result<Value, AdapterError> {
        let own = &self.settings;
        let adapter = config.text("adapter").map_err(|error| error.refusal())?;
        let mut settings = Map::new();
        for (key, value) in &config.settings {
            // What only Ruby knows is nothing that a session needs: else the URL would not be known either.
            if SECRETS.contains(&key.as_str()) || config.get(key).is_err() {
                continue;
            }
            settings.insert(key.clone(), to_json(value));
        }
        let text = |own: Option<&String>, key: &str, toml: &str| self.text(own, key, toml);
        let plain =
            |key: &str| match self.application.get(key).and_then(|assignment| assignment.value.as_ref()) {
                Some(Literal::Text(text)) => Some(text.clone()),
                _ => None,
            };
        let folders: Vec<String> =
            self.folders(config)?.iter().map(|path| path.display().to_string()).collect();
        Ok(json!({
            "rails_env": self.environment,
            "adapter": adapter,
            "config": Value::Object(settings),
            "table_name_prefix": text(own.table_name_prefix.as_ref(), "table_name_prefix", "table-name-prefix")?,
            "table_name_suffix": text(own.table_name_suffix.as_ref(), "table_name_suffix", "table-name-suffix")?,
            "schema_migrations_table_name": text(own.schema_migrations_table.as_ref(), "schema_migrations_table_name", "schema-migrations-table")?,
            "internal_metadata_table_name": text(own.internal_metadata_table.as_ref(), "internal_metadata_table_name", "internal-metadata-table")?,
            "pluralize_table_names": self.application.get("pluralize_table_names").and_then(|assignment| match assignment.value {
                Some(Literal::Bool(value)) => Some(value),
                _ => None,
            }),
            "primary_key_prefix_type": plain("primary_key_prefix_type"),
            "primary_key_type": self.application.primary_key_type,
            "default_timezone": plain("default_timezone"),
            "time_zone": plain("time_zone"),
            "datetime_type": plain("datetime_type"),
            "schema_ignore_tables": self.ignored_tables(),
            "inflections": {
                "acronyms": self.acronyms(),
                "irregular": self.application.irregular,
                "uncountable": self.application.uncountable,
            },
            "migrations_paths": folders,
            "load": own.load,
        }))
    }
}

/// Keys of a database that no guest is told.
const SECRETS: [&str; 8] =
    ["password", "url", "sslkey", "sslcert", "sslca", "sslrootcert", "passfile", "sslpassword"];

fn to_json(value: &Yaml) -> Value {
    match value {
        Yaml::Nil => Value::Null,
        Yaml::Bool(value) => json!(value),
        Yaml::Integer(number) => json!(number),
        Yaml::Float(number) => json!(number),
        Yaml::Text(text) | Yaml::Symbol(text) | Yaml::Other(text) => json!(text),
        Yaml::List(items) => items.iter().map(to_json).collect(),
        Yaml::Map(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.to_text(), to_json(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests;
