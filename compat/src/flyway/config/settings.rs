//! The loaded configuration: every parameter with its real type.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::charset::Charset;
use super::error::ConfigError;
use super::model::{EnvironmentSection, Model, Setting, Value, bad_value};
use super::parameters::{Home, PARAMETERS, Parameter, TRANSACTIONAL_LOCK, Tier};
use super::provenance::Origin;
use super::text::has_text;
use super::types::{IgnorePattern, Placeholders, Secret, Target};

/// Every parameter in effect. Names are Flyway's, in Rust's spelling.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the parameters are Flyway's and documented there")]
pub struct Config {
    /// The current environment's name; `-` is Flyway's name for none.
    pub environment: String,
    /// JDBC URL.
    pub url: Option<Secret>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub driver: Option<String>,
    pub jdbc_properties: BTreeMap<String, Secret>,
    pub schemas: Vec<String>,
    pub connect_retries: i32,
    /// Longest wait between two tries, in seconds.
    pub connect_retries_interval: i32,
    pub init_sql: Option<String>,

    /// As written; a `filesystem:` one is absolute when a working directory was given.
    pub locations: Vec<String>,
    /// Whether nobody set `locations`.
    pub default_locations: bool,
    pub callback_locations: Vec<String>,
    pub fail_on_missing_locations: bool,
    pub table: String,
    pub tablespace: Option<String>,
    pub default_schema: Option<String>,
    pub create_schemas: bool,
    /// As written.
    pub baseline_version: String,
    pub baseline_description: String,
    pub baseline_on_migrate: bool,
    pub out_of_order: bool,
    pub target: Target,
    /// As written; empty means everything.
    pub cherry_pick: Vec<String>,
    pub dry_run_output: Option<String>,
    pub validate_on_migrate: bool,
    pub validate_migration_naming: bool,
    pub ignore_migration_patterns: Vec<IgnorePattern>,
    pub clean_disabled: bool,
    pub placeholder_replacement: bool,
    pub placeholders: Placeholders,
    pub placeholder_prefix: String,
    pub placeholder_suffix: String,
    pub placeholder_separator: String,
    pub script_placeholder_prefix: String,
    pub script_placeholder_suffix: String,
    pub powershell_executable: Option<String>,
    pub encoding: Charset,
    pub detect_encoding: bool,
    pub sql_migration_prefix: String,
    pub repeatable_sql_migration_prefix: String,
    pub baseline_migration_prefix: String,
    pub undo_sql_migration_prefix: String,
    pub sql_migration_separator: String,
    pub sql_migration_suffixes: Vec<String>,
    pub group: bool,
    pub mixed: bool,
    pub stream: bool,
    pub batch: bool,
    pub skip_executing_migrations: bool,
    pub skip_default_callbacks: bool,
    pub skip_default_resolvers: bool,
    pub execute_in_transaction: bool,
    pub output_query_results: bool,
    pub installed_by: Option<String>,
    /// Tries to obtain the lock, a second apart; -1 is without end.
    pub lock_retry_count: i32,
    pub postgresql_transactional_lock: bool,
    pub community_db_support_enabled: bool,
    pub loggers: Vec<String>,
    /// From files and variables; the arguments' `-color` is [`super::Invocation::color`].
    pub color: String,
    /// From files and variables; only the arguments' `-outputType` makes the command line print JSON.
    pub output_type: Option<String>,
    pub report_enabled: bool,
    pub report_filename: String,
    /// `-workingDirectory`, made absolute.
    pub working_directory: Option<PathBuf>,
}

/// The settings in effect for one environment.
pub(super) struct Effective<'a> {
    pub model: &'a Model,
    pub name: String,
    pub environment: EnvironmentSection,
}

impl Effective<'_> {
    /// The setting of a parameter: the environment's override, then the project's.
    fn setting(&self, name: &str) -> Option<&Setting> {
        let environment = &self.environment;
        environment
            .overrides
            .settings
            .get(name)
            .or_else(|| environment.section.settings.get(name))
            .or_else(|| self.model.flyway.settings.get(name))
    }

    fn text(&self, name: &str) -> Option<String> {
        match &self.setting(name)?.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn required(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.setting(name).map(|setting| &setting.value), Some(Value::Flag(true)))
    }

    fn number(&self, name: &str, default: i32) -> i32 {
        match self.setting(name).map(|setting| &setting.value) {
            Some(Value::Number(number)) => *number,
            _ => default,
        }
    }

    pub(super) fn list(&self, name: &str) -> Vec<String> {
        match self.setting(name).map(|setting| &setting.value) {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn map(&self, name: &str) -> BTreeMap<String, String> {
        match self.setting(name).map(|setting| &setting.value) {
            Some(Value::Map(map)) => map.clone(),
            _ => BTreeMap::new(),
        }
    }

    fn origin(&self, name: &str) -> Origin {
        self.setting(name).map_or(Origin::Default, |setting| setting.origin.clone())
    }

    fn full_key(&self, parameter: &Parameter) -> String {
        let name = parameter.name;
        let environment = &self.name;
        if parameter.home == Home::Environment {
            format!("environments.{environment}.{name}")
        } else if self.environment.overrides.settings.contains_key(name) {
            format!("environments.{environment}.flyway.{name}")
        } else {
            format!("flyway.{name}")
        }
    }

    /// Where every parameter's value comes from, by full key.
    pub(super) fn provenance(&self) -> BTreeMap<String, Origin> {
        PARAMETERS.iter().map(|parameter| (self.full_key(parameter), self.origin(parameter.name))).collect()
    }

    /// Refuses settings dunlin cannot honour, and warns of those it ignores.
    pub(super) fn check_tiers(&self, warnings: &mut Vec<String>) -> Result<(), ConfigError> {
        for parameter in PARAMETERS {
            let Some(setting) = self.setting(parameter.name) else {
                continue;
            };
            if setting.origin == Origin::Default || !has_content(&setting.value) {
                continue;
            }
            let key = self.full_key(parameter);
            let origin = &setting.origin;
            match parameter.tier {
                Tier::Community | Tier::Paid => {}
                Tier::Ignored(reason) => warnings.push(format!("{key} is ignored: {reason} ({origin})")),
                Tier::Refused(reason) => {
                    return Err(ConfigError::Unsupported {
                        key,
                        reason: reason.to_owned(),
                        origin: origin.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The configuration, checked.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for an unknown encoding; [`ConfigError::Invalid`] for a wrong pattern or placeholder name.
    pub(super) fn config(&self, working_directory: Option<PathBuf>) -> Result<Config, ConfigError> {
        let encoding = self.required("encoding");
        let unknown_encoding = || {
            bad_value("flyway.encoding", "should be a known encoding", &encoding, &self.origin("encoding"))
        };
        let separator = self.required("placeholderSeparator");
        let placeholders = self.map("placeholders");
        let reserved = format!("flyway{separator}");
        if let Some(name) = placeholders.keys().find(|name| name.to_lowercase().starts_with(&reserved)) {
            return Err(ConfigError::Invalid(format!(
                "Invalid placeholder ('{reserved}' prefix is reserved): {name} ({})",
                self.origin("placeholders")
            )));
        }
        let patterns = self.list("ignoreMigrationPatterns");
        // One empty pattern is how an empty list is written.
        let patterns = if patterns == [""] { Vec::new() } else { patterns };
        let secrets = |map: BTreeMap<String, String>| {
            map.into_iter().map(|(key, value)| (key, Secret::new(value))).collect()
        };
        Ok(Config {
            environment: self.name.clone(),
            url: self.text("url").map(Secret::new),
            user: self.text("user"),
            password: self.text("password").map(Secret::new),
            driver: self.text("driver"),
            jdbc_properties: secrets(self.map("jdbcProperties")),
            schemas: self.list("schemas"),
            connect_retries: self.number("connectRetries", 0),
            connect_retries_interval: self.number("connectRetriesInterval", 120),
            init_sql: self.text("initSql"),
            locations: self.list("locations"),
            default_locations: self.origin("locations") == Origin::Default,
            callback_locations: self.list("callbackLocations"),
            fail_on_missing_locations: self.flag("failOnMissingLocations"),
            table: self.required("table"),
            tablespace: self.text("tablespace"),
            default_schema: self.text("defaultSchema"),
            create_schemas: self.flag("createSchemas"),
            baseline_version: self.required("baselineVersion"),
            baseline_description: self.required("baselineDescription"),
            baseline_on_migrate: self.flag("baselineOnMigrate"),
            out_of_order: self.flag("outOfOrder"),
            target: Target::parse(&self.required("target")),
            cherry_pick: self.list("cherryPick").into_iter().filter(|item| has_text(item)).collect(),
            dry_run_output: self.text("dryRunOutput").filter(|file| has_text(file)),
            validate_on_migrate: self.flag("validateOnMigrate"),
            validate_migration_naming: self.flag("validateMigrationNaming"),
            ignore_migration_patterns: patterns
                .iter()
                .map(|pattern| IgnorePattern::parse(pattern))
                .collect::<Result<_, _>>()?,
            clean_disabled: self.flag("cleanDisabled"),
            placeholder_replacement: self.flag("placeholderReplacement"),
            placeholders: placeholders.into_iter().collect(),
            placeholder_prefix: self.required("placeholderPrefix"),
            placeholder_suffix: self.required("placeholderSuffix"),
            placeholder_separator: separator,
            script_placeholder_prefix: self.required("scriptPlaceholderPrefix"),
            script_placeholder_suffix: self.required("scriptPlaceholderSuffix"),
            powershell_executable: self.text("powershellExecutable"),
            encoding: Charset::named(&encoding).ok_or_else(unknown_encoding)?,
            detect_encoding: self.flag("detectEncoding"),
            sql_migration_prefix: self.required("sqlMigrationPrefix"),
            repeatable_sql_migration_prefix: self.required("repeatableSqlMigrationPrefix"),
            baseline_migration_prefix: self.required("baselineMigrationPrefix"),
            undo_sql_migration_prefix: self.required("undoSqlMigrationPrefix"),
            sql_migration_separator: self.required("sqlMigrationSeparator"),
            sql_migration_suffixes: self.list("sqlMigrationSuffixes"),
            group: self.flag("group"),
            mixed: self.flag("mixed"),
            stream: self.flag("stream"),
            batch: self.flag("batch"),
            skip_executing_migrations: self.flag("skipExecutingMigrations"),
            skip_default_callbacks: self.flag("skipDefaultCallbacks"),
            skip_default_resolvers: self.flag("skipDefaultResolvers"),
            execute_in_transaction: self.flag("executeInTransaction"),
            output_query_results: self.flag("outputQueryResults"),
            installed_by: self.text("installedBy"),
            lock_retry_count: self.number("lockRetryCount", 50),
            postgresql_transactional_lock: self.flag(TRANSACTIONAL_LOCK),
            community_db_support_enabled: self.flag("communityDBSupportEnabled"),
            loggers: self.list("loggers"),
            color: self.required("color"),
            output_type: self.text("outputType"),
            report_enabled: self.flag("reportEnabled"),
            report_filename: self.required("reportFilename"),
            working_directory,
        })
    }
}

fn has_content(value: &Value) -> bool {
    match value {
        Value::Text(text) => has_text(text),
        Value::List(items) => items.iter().any(|item| has_text(item)),
        Value::Flag(_) | Value::Number(_) => true,
        Value::Map(map) => !map.is_empty(),
    }
}
