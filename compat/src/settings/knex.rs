//! `[knex]` of `dunlin.toml`.

use std::path::PathBuf;

use serde::Deserialize;

use crate::model::Carrier;

/// The table `[knex]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct KnexSettings {
    /// The knexfile, relative to the project, unless `--knexfile` names one.
    pub knexfile: Option<PathBuf>,
    /// The environment of the knexfile, unless `--env` names one.
    pub env: Option<String>,
    /// How migrations are run, before what the top of the file says.
    pub carrier: Option<Carrier>,
    /// Node, for the host carrier; found in `PATH` when nothing is said.
    pub node: Option<PathBuf>,
}

/// The keys of `[knex]`.
pub(super) const KNEX_KEYS: [&str; 4] = ["knexfile", "env", "carrier", "node"];
