//! `dunlin.toml`: what a project may say about itself. Every key is optional, and so is the file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::alembic_settings::{ALEMBIC_KEYS, AlembicSettings};
use crate::knex_settings::{KNEX_KEYS, KnexSettings};
use crate::lint_settings::{LINT_KEYS, LintSettings};
use crate::model::Carrier;
use crate::native::TableName;
use crate::native::suggest::nearest;
use crate::plugin_settings::{PluginTable, parse_bytes};
use crate::rails_settings::{RAILS_KEYS, RailsSettings};

/// The file's name.
pub const FILE_NAME: &str = "dunlin.toml";

/// The longest time-out: what fits every server's own setting.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The keys at the top of the file.
const KEYS: [&str; 18] = [
    "tool",
    "url",
    "migrations",
    "table",
    "lock-timeout",
    "lock-wait",
    "retries",
    "carrier",
    "carriers",
    "environment",
    "code-time-limit",
    "code-memory-limit",
    "flyway",
    "alembic",
    "knex",
    "rails",
    "lint",
    "plugin",
];

/// The keys of `[flyway]`.
const FLYWAY_KEYS: [&str; 2] = ["stand-in", "undo-row"];

/// A tool whose projects dunlin knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// Dunlin's own format.
    Native,
    /// Flyway.
    Flyway,
    /// Alembic.
    Alembic,
    /// Knex.
    Knex,
    /// Rails' Active Record.
    Rails,
}

impl fmt::Display for Tool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Tool::Native => "native",
            Tool::Flyway => "flyway",
            Tool::Alembic => "alembic",
            Tool::Knex => "knex",
            Tool::Rails => "rails",
        })
    }
}

/// What `dunlin.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// The tool, when the files do not tell.
    pub tool: Option<Tool>,
    /// The target.
    pub url: Option<Url>,
    /// The folder of native migrations, relative to the project.
    pub migrations: Option<PathBuf>,
    /// The native history table, as `table` or `schema.table`.
    #[serde(deserialize_with = "table")]
    pub table: TableName,
    /// How long a statement waits for a lock on a table before it gives way to those behind it; 5 seconds by default.
    #[serde(deserialize_with = "positive_duration")]
    pub lock_timeout: Duration,
    /// How long to wait for another migration run to end; a minute by default, 0 to fail at once.
    #[serde(deserialize_with = "duration")]
    pub lock_wait: Duration,
    /// How often a statement that ran into `lock-timeout` is tried again; 5 by default.
    pub retries: u32,
    /// How migrations in Python, JavaScript or Ruby are run; `auto` by default.
    pub carrier: Option<Carrier>,
    /// `[carriers]`: how single ones are run, by their id.
    pub carriers: BTreeMap<String, Carrier>,
    /// Environment variables that code may see as they are, by name. In a sandbox there are no others.
    pub environment: Vec<String>,
    /// How long code may compute between two statements; 300 seconds by default.
    #[serde(deserialize_with = "limit")]
    pub code_time_limit: Duration,
    /// Bytes of memory that code may have in a sandbox; 1 GiB by default.
    #[serde(deserialize_with = "bytes")]
    pub code_memory_limit: u64,
    /// What concerns Flyway projects.
    pub flyway: FlywaySettings,
    /// What concerns Alembic projects.
    pub alembic: AlembicSettings,
    /// What concerns Knex projects.
    pub knex: KnexSettings,
    /// What concerns Rails projects.
    pub rails: RailsSettings,
    /// Which safety rules look, and what of theirs stops `up`.
    pub lint: LintSettings,
    /// `[plugin.NAME]`: what is said of plugins, by their names in migrations.
    pub plugin: BTreeMap<String, PluginTable>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            tool: None,
            url: None,
            migrations: None,
            table: TableName::default(),
            lock_timeout: Duration::from_secs(5),
            lock_wait: Duration::from_secs(60),
            retries: 5,
            carrier: None,
            carriers: BTreeMap::new(),
            environment: Vec::new(),
            code_time_limit: Duration::from_secs(300),
            code_memory_limit: 1 << 30,
            flyway: FlywaySettings::default(),
            alembic: AlembicSettings::default(),
            knex: KnexSettings::default(),
            rails: RailsSettings::default(),
            lint: LintSettings::default(),
            plugin: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// How a migration of a Rails project is run, by its version, in the same order.
    pub fn rails_carrier(&self, version: &str) -> Carrier {
        let own = self.rails.carriers.get(version).or_else(|| self.carriers.get(version));
        own.copied().or(self.rails.carrier).or(self.carrier).unwrap_or_default()
    }

    /// How a migration of an Alembic project is run: what is said of it alone comes before what is said of all, and
    /// `[alembic]` before the top of the file.
    pub fn alembic_carrier(&self, revision: &str) -> Carrier {
        let own = self.alembic.carriers.get(revision).or_else(|| self.carriers.get(revision));
        own.copied().or(self.alembic.carrier).or(self.carrier).unwrap_or_default()
    }
}

/// The table `[flyway]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FlywaySettings {
    /// `[flyway.stand-in]`: files, relative to the project, to run instead of migrations that cannot be run here. The key is the migration's version, or the description of a repeatable one.
    pub stand_in: BTreeMap<String, PathBuf>,
    /// What taking a migration back leaves in Flyway's history.
    pub undo_row: UndoRow,
}

/// What taking a migration back leaves in Flyway's history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum UndoRow {
    /// A DELETE row, which Flyway's open edition reads.
    #[default]
    #[serde(rename = "DELETE")]
    Delete,
    /// An UNDO_SQL row, as Flyway's commercial editions write it; the open edition refuses such a history.
    #[serde(rename = "UNDO_SQL")]
    UndoSql,
}

/// A database URL in which `${NAME}` stands for an environment variable. It may hold a password, so it has no `Display`
/// and its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Url(String);

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

/// Why `dunlin.toml` cannot be used. No message shows a value of the file, since its `url` may hold a password.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file is there but cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something in it is wrong.
    #[error("{}:{line}: {message}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and the way out.
        message: String,
    },
}

impl Settings {
    /// Reads `dunlin.toml` of a project; without one everything has its default.
    pub fn load(project: &Path) -> Result<Settings, SettingsError> {
        let path = project.join(FILE_NAME);
        match fs::read_to_string(&path) {
            Ok(text) => Settings::parse(&path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Settings::default()),
            Err(error) => Err(SettingsError::Unreadable { path, error }),
        }
    }

    /// Reads the text of a `dunlin.toml`; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Settings, SettingsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let wrong = |offset: usize, message: String| {
            let before = text.as_bytes().iter().take(offset);
            let line = 1 + before.filter(|byte| **byte == b'\n').count();
            SettingsError::Wrong { path: path.to_owned(), line, message }
        };
        let of_toml = |error: toml::de::Error| {
            wrong(error.span().map_or(0, |span| span.start), error.message().replace('\n', "; "))
        };
        let table = DeTable::parse(text).map_err(of_toml)?;
        let table = table.get_ref();
        if let Some((offset, message)) = unknown_key(table) {
            return Err(wrong(offset, message));
        }
        toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let key = key_at(table, offset).unwrap_or_else(|| "?".to_owned());
            wrong(offset, format!("`{key}`: {}", error.message()))
        })
    }
}

/// The key whose value stands at an offset, with those of the tables around it. What follows a header `[table]` does not
/// belong to the span of that table.
fn key_at(table: &DeTable<'_>, offset: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| match value.get_ref() {
        DeValue::Table(inner) => key_at(inner, offset).map(|inside| format!("{}.{inside}", key.get_ref())),
        _ => value.span().contains(&offset).then(|| key.get_ref().to_string()),
    })
}

/// The first key that is not known, with the nearest one that is.
fn unknown_key(table: &DeTable<'_>) -> Option<(usize, String)> {
    if let Some(found) = unknown_in(table, "", &KEYS) {
        return Some(found);
    }
    let tables: [(&str, &[&str]); 5] = [
        ("flyway", &FLYWAY_KEYS),
        ("alembic", &ALEMBIC_KEYS),
        ("knex", &KNEX_KEYS),
        ("rails", &RAILS_KEYS),
        ("lint", &LINT_KEYS),
    ];
    tables.into_iter().find_map(|(name, known)| match table.get(name).map(Spanned::get_ref) {
        Some(DeValue::Table(table)) => unknown_in(table, &format!("{name}."), known),
        _ => None,
    })
}

fn unknown_in(table: &DeTable<'_>, prefix: &str, known: &[&str]) -> Option<(usize, String)> {
    let (key, _) = table
        .iter()
        .filter(|(key, _)| !known.contains(&&**key.get_ref()))
        .min_by_key(|(key, _)| key.span().start)?;
    let name: &str = key.get_ref();
    let advice = match nearest(&name.replace('_', "-"), known.iter().copied()) {
        Some(near) => format!("did you mean `{prefix}{near}`?"),
        None => format!("known are {}", known.join(", ")),
    };
    Some((key.span().start, format!("unknown key `{prefix}{name}`; {advice}")))
}

fn table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TableName, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    const EXPECTED: &str =
        "write a time with its unit in quotes, as in \"500ms\", \"5s\" or \"2m\", up to \"24h\"";
    let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(EXPECTED))?;
    parse_duration(&text).ok_or_else(|| D::Error::custom(EXPECTED))
}

/// A duration as settings and arguments write it: `500ms`, `5s`, `2m`, `0s`, up to a day.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let duration = text.parse::<SignedDuration>().ok()?;
    Duration::try_from(duration).ok().filter(|duration| *duration <= LONGEST)
}

fn positive_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let duration = duration(deserializer)?;
    if duration.is_zero() {
        return Err(D::Error::custom(
            "the time must be above 0: without it others queue behind a waiting change",
        ));
    }
    Ok(duration)
}

fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let limit = duration(deserializer)?;
    if limit.is_zero() { Err(D::Error::custom("the time must be above 0")) } else { Ok(limit) }
}

/// A number of bytes with its unit: `512MiB`, `1GiB`.
fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    const EXPECTED: &str =
        "write a size with its unit in quotes, as in \"512MiB\" or \"1GiB\", up to \"4GiB\"";
    let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(EXPECTED))?;
    parse_bytes(&text).map(|size| size as u64).ok_or_else(|| D::Error::custom(EXPECTED))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::alembic_settings::EnvPy;
    use crate::lint_settings::{NamePattern, NamedObject, RuleSeverity, StopsUp};
    use crate::rails_settings::SchemaFormat;

    fn parsed(text: &str) -> Settings {
        Settings::parse(Path::new("dunlin.toml"), text).unwrap()
    }

    fn error(text: &str) -> String {
        Settings::parse(Path::new("dunlin.toml"), text).unwrap_err().to_string()
    }

    fn expanded(url: &str) -> Result<String, UrlError> {
        let environment = |name: &str| (name == "PASSWORD").then(|| "s3cret".to_owned());
        Url(url.to_owned()).expand(environment)
    }

    #[test]
    fn without_a_file_everything_has_its_default() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::load(folder.path()).unwrap(), Settings::default());
        assert_eq!(parsed(""), Settings::default());
    }

    #[test]
    fn every_key_is_read() {
        let settings = parsed(
            "tool = \"flyway\"\nurl = \"sqlite:shop.db\"\nmigrations = \"db/changes\"\ntable = \"ops.history\"\n\
             lock-timeout = \"500ms\"\nlock-wait = \"2m\"\nretries = 9\ncarrier = \"host\"\nenvironment = [\"TENANT\"]\ncode-time-limit = \"90s\"\ncode-memory-limit = \"512MiB\"\n\n\
             [carriers]\n3f2a9c41d7be = \"sandbox\"\n\n[flyway]\nundo-row = \"UNDO_SQL\"\n\n[flyway.stand-in]\n\"1.2\" = \"stand-in/V1.2.sql\"\n",
        );
        let expected = Settings {
            tool: Some(Tool::Flyway),
            url: Some(Url("sqlite:shop.db".into())),
            migrations: Some("db/changes".into()),
            table: "ops.history".parse().unwrap(),
            lock_timeout: Duration::from_millis(500),
            lock_wait: Duration::from_secs(120),
            retries: 9,
            carrier: Some(Carrier::Host),
            carriers: BTreeMap::from([("3f2a9c41d7be".into(), Carrier::Sandbox)]),
            environment: vec!["TENANT".into()],
            code_time_limit: Duration::from_secs(90),
            code_memory_limit: 512 << 20,
            flyway: FlywaySettings {
                stand_in: BTreeMap::from([("1.2".into(), "stand-in/V1.2.sql".into())]),
                undo_row: UndoRow::UndoSql,
            },
            alembic: AlembicSettings::default(),
            knex: KnexSettings::default(),
            rails: RailsSettings::default(),
            lint: LintSettings::default(),
            plugin: BTreeMap::new(),
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn every_key_of_the_safety_rules_is_read() {
        let settings = parsed(
            "[lint]\noff = [\"wide-index\"]\non = [\"unqualified-table\"]\nplugins = [\"require-index\"]\nup = \"never\"\n\n\
             [lint.severity]\ndrop-column = \"error\"\n[lint.naming]\nforeign-key = \".+_fkey\"\n",
        );
        let expected = LintSettings {
            off: vec!["wide-index".into()],
            on: vec!["unqualified-table".into()],
            plugins: vec!["require-index".into()],
            up: StopsUp::Never,
            severity: BTreeMap::from([("drop-column".into(), RuleSeverity::Error)]),
            naming: BTreeMap::from([(
                NamedObject::ForeignKey,
                NamePattern::try_from(".+_fkey".to_owned()).unwrap(),
            )]),
        };
        assert_eq!(settings.lint, expected);
        assert!(error("[lint]\nof = []\n").contains("did you mean `lint.off`?"));
    }

    #[test]
    fn every_key_of_alembic_is_read() {
        let settings = parsed(
            "[alembic]\nurl = \"postgresql+psycopg2://shop@db/shop\"\nsection = \"shop\"\nenv = \"run\"\n\
             version-table = \"history\"\nversion-table-schema = \"ops\"\nversion-table-pk = false\n\
             transaction-per-migration = true\ntransactional-ddl = false\ncarrier = \"host\"\n\
             python = \".venv/bin/python\"\nsite-packages = [\"lib\"]\n\
             naming-convention = { ix = \"ix_%(column_0_label)s\" }\n\
             [alembic.carriers]\na1 = \"sandbox\"\n[alembic.stand-in]\nb2 = \"stand-in/b2.sql\"\n",
        );
        let expected = AlembicSettings {
            url: Some(Url("postgresql+psycopg2://shop@db/shop".into())),
            section: Some("shop".into()),
            env: EnvPy::Run,
            version_table: Some("history".into()),
            version_table_schema: Some("ops".into()),
            version_table_pk: Some(false),
            transaction_per_migration: Some(true),
            transactional_ddl: Some(false),
            naming_convention: Some(BTreeMap::from([("ix".into(), "ix_%(column_0_label)s".into())])),
            carrier: Some(Carrier::Host),
            carriers: BTreeMap::from([("a1".into(), Carrier::Sandbox)]),
            stand_in: BTreeMap::from([("b2".into(), "stand-in/b2.sql".into())]),
            python: Some(".venv/bin/python".into()),
            site_packages: vec!["lib".into()],
        };
        assert_eq!(settings.alembic, expected);
    }

    #[test]
    fn every_key_of_rails_is_read() {
        let settings = parsed(
            "[rails]\nurl = \"postgres://db/shop\"\nenvironment = \"staging\"\nrelease = \"7.1\"\nmigrations = [\"engines/tags/db/migrate\"]\n\
             table-name-prefix = \"app_\"\ntable-name-suffix = \"_v2\"\nschema-migrations-table = \"versions\"\n\
             internal-metadata-table = \"metadata\"\nschema-format = \"sql\"\nschema-ignore-tables = [\"tmp\"]\n\
             dump-schema-after-migration = false\nstructure-dump-flags = [\"--no-tablespaces\"]\nstructure-load-flags = []\n\
             timestamped-migrations = true\nvalidate-migration-timestamps = true\nacronyms = [\"API\"]\nload = \"config/environment\"\n\
             ruby = \"bin/ruby\"\ngems = [\"vendor/bundle\"]\ncarrier = \"host\"\n\
             [rails.carriers]\n20240101000000 = \"sandbox\"\n[rails.stand-in]\n20240102000000 = \"stand-in/a.sql\"\n",
        );
        let expected = RailsSettings {
            url: Some(Url("postgres://db/shop".into())),
            environment: Some("staging".into()),
            release: Some("7.1".into()),
            migrations: vec!["engines/tags/db/migrate".into()],
            table_name_prefix: Some("app_".into()),
            table_name_suffix: Some("_v2".into()),
            schema_migrations_table: Some("versions".into()),
            internal_metadata_table: Some("metadata".into()),
            schema_format: Some(SchemaFormat::Sql),
            schema_ignore_tables: Some(vec!["tmp".into()]),
            dump_schema_after_migration: Some(false),
            structure_dump_flags: Some(vec!["--no-tablespaces".into()]),
            structure_load_flags: Some(Vec::new()),
            timestamped_migrations: Some(true),
            validate_migration_timestamps: Some(true),
            acronyms: Some(vec!["API".into()]),
            load: Some("config/environment".into()),
            ruby: Some("bin/ruby".into()),
            gems: vec!["vendor/bundle".into()],
            carrier: Some(Carrier::Host),
            carriers: BTreeMap::from([("20240101000000".into(), Carrier::Sandbox)]),
            stand_in: BTreeMap::from([("20240102000000".into(), "stand-in/a.sql".into())]),
        };
        assert_eq!(settings.rails, expected);
        assert_eq!(settings.rails_carrier("20240101000000"), Carrier::Sandbox);
        assert_eq!(settings.rails_carrier("1"), Carrier::Host);
    }

    #[test]
    fn the_nearest_carrier_counts() {
        let text = "carrier = \"host\"\n[carriers]\na1 = \"auto\"\nb2 = \"host\"\n[alembic]\ncarrier = \"sandbox\"\n\
                    [alembic.carriers]\nb2 = \"sandbox\"\n";
        let settings = parsed(text);
        let carriers = ["a1", "b2", "c3"].map(|revision| settings.alembic_carrier(revision));
        assert_eq!(carriers, [Carrier::Auto, Carrier::Sandbox, Carrier::Sandbox]);
        assert_eq!(parsed("carrier = \"host\"\n").alembic_carrier("c3"), Carrier::Host);
        assert_eq!(parsed("").alembic_carrier("c3"), Carrier::Auto);
    }

    #[test]
    fn a_wrong_key_or_value_is_named_with_its_line() {
        let cases = [
            "\ntabel = \"a\"\n",
            "lock_timeout = \"5s\"\n",
            "colour = 1\n",
            "[flyway]\nstandin = 1\n",
            "[alembic]\nversion_table = 'x'\n",
            "[alembic]\nenv = 'maybe'\n",
            "tool = \"liquibase\"\n",
            "\n\nretries = -1\n",
            "lock-timeout = 5\n",
            "lock-timeout = \"0s\"\n",
            "lock-wait = \"soon\"\n",
            "lock-wait = \"-5s\"\n",
            "table = \"a.b.c\"\n",
            "retries = 1\nretries = 2\n",
            "code-time-limit = \"0s\"\n",
            "code-memory-limit = \"5GB\"\n",
            "code-memory-limit = \"5GiB\"\n",
        ];
        let errors: Vec<String> = cases.into_iter().map(error).collect();
        assert_snapshot!(errors.join("\n"), @r#"
    dunlin.toml:2: unknown key `tabel`; did you mean `table`?
    dunlin.toml:1: unknown key `lock_timeout`; did you mean `lock-timeout`?
    dunlin.toml:1: unknown key `colour`; known are tool, url, migrations, table, lock-timeout, lock-wait, retries, carrier, carriers, environment, code-time-limit, code-memory-limit, flyway, alembic, knex, rails, lint, plugin
    dunlin.toml:2: unknown key `flyway.standin`; did you mean `flyway.stand-in`?
    dunlin.toml:2: unknown key `alembic.version_table`; did you mean `alembic.version-table`?
    dunlin.toml:2: `alembic.env`: unknown variant `maybe`, expected `static` or `run`
    dunlin.toml:1: `tool`: unknown variant `liquibase`, expected one of `native`, `flyway`, `alembic`, `knex`, `rails`
    dunlin.toml:3: `retries`: invalid value: integer `-1`, expected u32
    dunlin.toml:1: `lock-timeout`: write a time with its unit in quotes, as in "500ms", "5s" or "2m", up to "24h"
    dunlin.toml:1: `lock-timeout`: the time must be above 0: without it others queue behind a waiting change
    dunlin.toml:1: `lock-wait`: write a time with its unit in quotes, as in "500ms", "5s" or "2m", up to "24h"
    dunlin.toml:1: `lock-wait`: write a time with its unit in quotes, as in "500ms", "5s" or "2m", up to "24h"
    dunlin.toml:1: `table`: `a.b.c` is not the name of a table: write `table` or `schema.table`, without quotes
    dunlin.toml:2: duplicate key
    dunlin.toml:1: `code-time-limit`: the time must be above 0
    dunlin.toml:1: `code-memory-limit`: write a size with its unit in quotes, as in "512MiB" or "1GiB", up to "4GiB"
    dunlin.toml:1: `code-memory-limit`: write a size with its unit in quotes, as in "512MiB" or "1GiB", up to "4GiB"
    "#);
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

    #[test]
    fn no_message_shows_the_url() {
        let broken = [
            "url = \"postgres://shop:s3cret@db\nretries = 1\n",
            "url = 'postgres://shop:s3cret@db\n",
            "url = postgres://shop:s3cret@db\n",
            "url = [\"postgres://shop:s3cret@db\"]\n",
            "url = \"postgres://shop:s3cret\\q\"\n",
            "url = { a = \"s3cret\" }\n",
        ];
        for text in broken {
            let message = error(text);
            assert!(!message.contains("s3cret"), "{message}");
        }
        let settings = parsed("url = \"postgres://shop:s3cret@db\"\n");
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
}
