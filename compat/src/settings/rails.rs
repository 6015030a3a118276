//! `[rails]` of `dunlin.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::Url;
use crate::model::Carrier;

/// The table `[rails]`. What stands here comes before what the application's Ruby is recognised to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RailsSettings {
    /// The target, as `DATABASE_URL` writes it.
    pub url: Option<Url>,
    /// `RAILS_ENV`, unless the variable is set.
    pub environment: Option<String>,
    /// The release of Active Record, as `7.1`, unless `Gemfile.lock` tells.
    pub release: Option<String>,
    /// More folders of migrations, relative to the project: those of engines.
    pub migrations: Vec<PathBuf>,
    /// `table_name_prefix`.
    pub table_name_prefix: Option<String>,
    /// `table_name_suffix`.
    pub table_name_suffix: Option<String>,
    /// `schema_migrations_table_name`.
    pub schema_migrations_table: Option<String>,
    /// `internal_metadata_table_name`.
    pub internal_metadata_table: Option<String>,
    /// `schema_format`.
    pub schema_format: Option<SchemaFormat>,
    /// `SchemaDumper.ignore_tables`, as far as they are names.
    pub schema_ignore_tables: Option<Vec<String>>,
    /// `dump_schema_after_migration`.
    pub dump_schema_after_migration: Option<bool>,
    /// `structure_dump_flags`.
    pub structure_dump_flags: Option<Vec<String>>,
    /// `structure_load_flags`.
    pub structure_load_flags: Option<Vec<String>>,
    /// `timestamped_migrations`.
    pub timestamped_migrations: Option<bool>,
    /// `validate_migration_timestamps`.
    pub validate_migration_timestamps: Option<bool>,
    /// `inflect.acronym`.
    pub acronyms: Option<Vec<String>>,
    /// What is loaded before migrations are run, as `config/environment`.
    pub load: Option<String>,
    /// The Ruby of the host carrier, relative to the project.
    pub ruby: Option<PathBuf>,
    /// Folders of gems, relative to the project.
    pub gems: Vec<PathBuf>,
    /// How migrations are run, before what the top of the file says.
    pub carrier: Option<Carrier>,
    /// `[rails.carriers]`: how single versions are run.
    pub carriers: BTreeMap<String, Carrier>,
    /// `[rails.stand-in]`: files, relative to the project, to run instead of migrations, by their versions.
    pub stand_in: BTreeMap<String, PathBuf>,
}

/// How Rails keeps a schema.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SchemaFormat {
    /// `db/schema.rb`
    #[default]
    Ruby,
    /// `db/structure.sql`
    Sql,
}

/// The keys of `[rails]`.
pub(super) const RAILS_KEYS: [&str; 22] = [
    "url",
    "environment",
    "release",
    "migrations",
    "table-name-prefix",
    "table-name-suffix",
    "schema-migrations-table",
    "internal-metadata-table",
    "schema-format",
    "schema-ignore-tables",
    "dump-schema-after-migration",
    "structure-dump-flags",
    "structure-load-flags",
    "timestamped-migrations",
    "validate-migration-timestamps",
    "acronyms",
    "load",
    "ruby",
    "gems",
    "carrier",
    "carriers",
    "stand-in",
];
