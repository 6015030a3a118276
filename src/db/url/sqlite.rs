//! SQLite's file names. The ecosystems disagree on what three slashes mean, so each scheme keeps its own meaning:
//!
//! | written | file | after |
//! |---|---|---|
//! | `sqlite:shop.db`, `sqlite:./shop.db`, `sqlite://shop.db` | `shop.db` in the current directory | dbmate, sqlx |
//! | `sqlite:/srv/shop.db` | `/srv/shop.db` | dbmate |
//! | `sqlite:///shop.db` | `shop.db` in the current directory | SQLAlchemy |
//! | `sqlite:////srv/shop.db` | `/srv/shop.db` | SQLAlchemy, dbmate |
//! | `sqlite3:shop.db` | `shop.db` in the current directory | Rails |
//! | `sqlite3:/srv/shop.db`, `sqlite3:///srv/shop.db` | `/srv/shop.db` | Rails |
//! | `jdbc:sqlite:shop.db`, `jdbc:sqlite:/srv/shop.db` | as written | sqlite-jdbc |
//!
//! `:memory:` and nothing at all are a database in memory; `file:` URIs are handed to SQLite.

use super::parts::{self, Encoding};
use super::{DatabaseUrl, Engine, Form, SqliteTarget, timeout};
use crate::db::error::DbError;
use percent_encoding::percent_decode_str;
use std::path::PathBuf;
use std::time::Duration;

/// Pragmas that a URL may set; those of sqlite-jdbc's configuration.
const PRAGMAS: &[&str] = &[
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
    "defer_foreign_keys",
    "empty_result_callbacks",
    "encoding",
    "foreign_keys",
    "full_column_names",
    "fullfsync",
    "hard_heap_limit",
    "ignore_check_constraints",
    "incremental_vacuum",
    "journal_mode",
    "journal_size_limit",
    "legacy_alter_table",
    "legacy_file_format",
    "locking_mode",
    "max_page_count",
    "mmap_size",
    "page_size",
    "query_only",
    "read_uncommitted",
    "recursive_triggers",
    "reverse_unordered_selects",
    "secure_delete",
    "short_column_names",
    "soft_heap_limit",
    "synchronous",
    "temp_store",
    "temp_store_directory",
    "threads",
    "trusted_schema",
    "user_version",
    "wal_autocheckpoint",
];

/// Accepted, and without effect on what dunlin does.
const IGNORED: &[&str] = &[
    "pool",
    "max_connections",
    "min_connections",
    "checkout_timeout",
    "reaping_frequency",
    "idle_timeout",
    "adapter",
    "retries",
    "prepared_statements",
    "detect_types",
    "isolation_level",
    "check_same_thread",
    "cached_statements",
    "uri",
    "cache",
    "vfs",
    "migrations_paths",
    "database_tasks",
    "schema_dump",
    "encoding_name",
    "date_class",
    "date_string_format",
    "date_precision",
    "transaction_mode",
    "shared_cache",
    "jdbc.explicit_readonly",
    "limit_attached",
    "password",
    "_loc",
    "_mutex",
    "_txlock",
    "default_transaction_mode",
    "keepalive",
    "max_age",
];

/// What follows `sqlite:`, `sqlite3:` or `sqlite+driver:`.
pub(super) fn parse(dialect: &str, rest: &str, form: Form) -> Result<DatabaseUrl, DbError> {
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let path = match path.strip_prefix("//") {
        // Rails ignores what stands before the third slash.
        Some(path) if dialect == "sqlite3" => path.find('/').map_or(path, |slash| &path[slash..]),
        // SQLAlchemy: the third slash is not part of the file name.
        Some(path) => path.strip_prefix('/').unwrap_or(path),
        None => path,
    };
    if path.starts_with("file:") {
        return uri(path, query, form);
    }
    // A stray `%` is part of the name: files are rarely encoded.
    let path =
        percent_decode_str(path).decode_utf8().map_or_else(|_| path.to_owned(), |path| path.into_owned());
    build(&path, query, form)
}

/// What follows `jdbc:sqlite:`. sqlite-jdbc does not decode the path.
pub(super) fn parse_jdbc(rest: &str) -> Result<DatabaseUrl, DbError> {
    if rest.starts_with(":resource:") {
        return Err(DbError::configuration(
            "databases inside a Java archive (jdbc:sqlite::resource:) cannot be opened",
        ));
    }
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    if path.starts_with("file:") {
        return uri(path, query, Form::Jdbc);
    }
    build(path, query, Form::Jdbc)
}

/// A `file:` URI: parameters that are pragmas are taken out, the others are SQLite's.
fn uri(path: &str, query: Option<&str>, form: Form) -> Result<DatabaseUrl, DbError> {
    let mut url = DatabaseUrl::new(Engine::Sqlite, form);
    let mut kept = Vec::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        match name {
            "mode" | "cache" | "vfs" | "immutable" | "psow" | "nolock" | "modeof" => kept.push(pair),
            _ => {
                for (name, value) in parts::parameters(Some(pair), &['&'], Encoding::Form)? {
                    parameter(&mut url, &name, value)?;
                }
            }
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    url.sqlite = SqliteTarget::Uri(format!("{path}{query}"));
    Ok(url)
}

fn build(path: &str, query: Option<&str>, form: Form) -> Result<DatabaseUrl, DbError> {
    let mut url = DatabaseUrl::new(Engine::Sqlite, form);
    if path.contains('\0') {
        return Err(DbError::configuration("the file name in the database URL holds a NUL character"));
    }
    url.sqlite = match path {
        "" | ":memory:" => SqliteTarget::Memory,
        path => SqliteTarget::File(PathBuf::from(path)),
    };
    for (name, value) in parts::parameters(query, &['&'], Encoding::Form)? {
        parameter(&mut url, &name, value)?;
    }
    Ok(url)
}

fn parameter(url: &mut DatabaseUrl, name: &str, value: String) -> Result<(), DbError> {
    // mattn's Go driver, which dbmate users write, marks pragmas with an underscore.
    let lower = name.to_ascii_lowercase();
    let pragma = match lower.trim_start_matches('_') {
        "fk" => "foreign_keys",
        "journal" => "journal_mode",
        "sync" => "synchronous",
        pragma => pragma,
    };
    if PRAGMAS.contains(&pragma) {
        if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
            return Err(DbError::configuration(format!(
                "the value of the pragma '{name}' in the database URL is not a word or number"
            )));
        }
        url.pragmas.push((pragma.to_owned(), value));
        return Ok(());
    }
    match lower.as_str() {
        // Python's and Rails' name, in seconds and milliseconds.
        "timeout" => {
            let unit =
                if url.form == Form::Sqlalchemy { Duration::from_secs(1) } else { Duration::from_millis(1) };
            let milliseconds = timeout(name, &value, unit)?.map_or(0, |timeout| timeout.as_millis());
            url.pragmas.push(("busy_timeout".to_owned(), milliseconds.min(i32::MAX as u128).to_string()));
        }
        "mode" => match value.as_str() {
            "memory" => url.sqlite = SqliteTarget::Memory,
            "ro" => url.pragmas.push(("query_only".to_owned(), "1".to_owned())),
            "rw" | "rwc" => {}
            _ => url.warn_ignored(name),
        },
        lower if IGNORED.contains(&lower) => {}
        _ => url.warn_ignored(name),
    }
    Ok(())
}
