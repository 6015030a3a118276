//! The settings of SQLite that Active Record gives every session: `SQLite3Adapter#configure_connection`.

use super::databases::DatabaseConfig;
use super::release::Release;
use super::yaml::Yaml;
use crate::model::{AdapterError, ForeignKeys};

/// What 7.1 and later set, beside foreign keys. The first is kept in the file.
const DEFAULTS: [(&str, &str); 5] = [
    ("journal_mode", "'wal'"),
    ("synchronous", "'normal'"),
    ("mmap_size", "134217728"),
    ("journal_size_limit", "67108864"),
    ("cache_size", "2000"),
];

/// What the gem `sqlite3` can set; Active Record passes over anything else, with a warning.
const NAMES: [&str; 43] = [
    "application_id",
    "auto_vacuum",
    "automatic_index",
    "busy_timeout",
    "cache_size",
    "cache_spill",
    "case_sensitive_like",
    "cell_size_check",
    "checkpoint_fullfsync",
    "count_changes",
    "default_cache_size",
    "default_synchronous",
    "default_temp_store",
    "defer_foreign_keys",
    "encoding",
    "foreign_keys",
    "full_column_names",
    "fullfsync",
    "ignore_check_constraints",
    "journal_mode",
    "journal_size_limit",
    "legacy_file_format",
    "locking_mode",
    "max_page_count",
    "mmap_size",
    "page_size",
    "query_only",
    "read_uncommitted",
    "recursive_triggers",
    "reverse_unordered_selects",
    "schema_cookie",
    "schema_version",
    "secure_delete",
    "short_column_names",
    "soft_heap_limit",
    "synchronous",
    "temp_store",
    "threads",
    "user_cookie",
    "user_version",
    "wal_autocheckpoint",
    "wal_checkpoint",
    "writable_schema",
];

/// What a session begins with, without the enforcement of foreign keys: that is the engine's.
///
/// # Errors
/// A value is not known without Ruby.
pub fn statements(config: &DatabaseConfig, release: Release) -> Result<Vec<String>, AdapterError> {
    if !release.sets_pragmas() {
        return Ok(Vec::new());
    }
    let mut pragmas: Vec<(String, String)> =
        DEFAULTS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for (name, value) in own(config, release)? {
        let value = match value {
            Yaml::Bool(true) => "ON".to_owned(),
            Yaml::Bool(false) => "OFF".to_owned(),
            Yaml::Nil => "0".to_owned(),
            Yaml::Integer(number) => number.to_string(),
            other => format!("'{}'", other.to_text().trim_start_matches(':').replace('\'', "''")),
        };
        match pragmas.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => pragmas.push((name, value)),
        }
    }
    pragmas.retain(|(name, _)| name != "foreign_keys");
    Ok(pragmas.into_iter().map(|(name, value)| format!("PRAGMA {name} = {value}")).collect())
}

/// Whether sessions enforce foreign keys.
///
/// # Errors
/// A value is not known without Ruby.
pub fn foreign_keys(config: &DatabaseConfig, release: Release) -> Result<ForeignKeys, AdapterError> {
    let own = own(config, release)?;
    let is_off = own.iter().any(|(name, value)| {
        name == "foreign_keys"
            && match value {
                Yaml::Bool(value) => !value,
                Yaml::Integer(number) => *number == 0,
                Yaml::Nil => true,
                other => {
                    matches!(other.to_text().to_lowercase().as_str(), "off" | "no" | "false" | "n" | "f")
                }
            }
    });
    Ok(if is_off { ForeignKeys::Off } else { ForeignKeys::Enforced })
}

/// `strict:` of the database, which the gem `sqlite3` takes with any release: text in double quotes is no string.
///
/// # Errors
/// Its value is not known without Ruby.
pub fn is_strict(config: &DatabaseConfig) -> Result<bool, AdapterError> {
    let value = config.get("strict").map_err(|error| error.refusal())?;
    Ok(value.is_some_and(|value| !matches!(value, Yaml::Nil | Yaml::Bool(false))))
}

/// `pragmas:` of the database, as far as the gem knows them.
fn own(config: &DatabaseConfig, release: Release) -> Result<Vec<(String, Yaml)>, AdapterError> {
    if !release.reads_pragmas() {
        return Ok(Vec::new());
    }
    let Some(Yaml::Map(pragmas)) = config.get("pragmas").map_err(|error| error.refusal())? else {
        return Ok(Vec::new());
    };
    let named =
        pragmas.iter().map(|(name, value)| (name.to_text().trim_start_matches(':').to_owned(), value));
    let known = named.filter(|(name, _)| NAMES.contains(&name.as_str()));
    Ok(known.map(|(name, value)| (name, value.clone())).collect())
}
