//! `[alembic]` of `dunlin.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::Url;
use crate::model::Carrier;

/// The table `[alembic]`. What stands here comes before what `env.py` is recognised to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AlembicSettings {
    /// The target, as SQLAlchemy writes it.
    pub url: Option<Url>,
    /// The section of the ini file, unless `-n` names one.
    pub section: Option<String>,
    /// How `env.py` is taken.
    pub env: EnvPy,
    /// The name of the history table.
    pub version_table: Option<String>,
    /// Its schema.
    pub version_table_schema: Option<String>,
    /// Whether it has a primary key.
    pub version_table_pk: Option<bool>,
    /// Whether each migration has a transaction of its own.
    pub transaction_per_migration: Option<bool>,
    /// Whether changes of the schema are part of transactions.
    pub transactional_ddl: Option<bool>,
    /// What every session begins with, instead of the SQL that `env.py` sends by itself.
    pub session: Option<Vec<String>>,
    /// `[alembic.naming-convention]`: how constraints without a name are named, by `ix`, `uq`, `ck`, `fk`, `pk`.
    pub naming_convention: Option<BTreeMap<String, String>>,
    /// How migrations are run, before what the top of the file says.
    pub carrier: Option<Carrier>,
    /// `[alembic.carriers]`: how single revisions are run.
    pub carriers: BTreeMap<String, Carrier>,
    /// `[alembic.stand-in]`: files, relative to the project, to run instead of revisions, by their ids.
    pub stand_in: BTreeMap<String, PathBuf>,
    /// The Python interpreter of the host carrier, relative to the project.
    pub python: Option<PathBuf>,
    /// More folders of Python packages, relative to the project.
    pub site_packages: Vec<PathBuf>,
}

/// How an Alembic project's `env.py` is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvPy {
    /// Its usual forms are recognised without running it.
    #[default]
    Static,
    /// It is run by the project's own interpreter.
    Run,
}

/// The keys of `[alembic]`.
pub(super) const ALEMBIC_KEYS: [&str; 15] = [
    "url",
    "section",
    "env",
    "version-table",
    "version-table-schema",
    "version-table-pk",
    "transaction-per-migration",
    "transactional-ddl",
    "session",
    "naming-convention",
    "carrier",
    "carriers",
    "stand-in",
    "python",
    "site-packages",
];
