//! Opening a database: creating it, reading it without changing anything, and settings as in a stock SQLite.

use super::super::error::{DbError, DbErrorKind};
use super::super::url::{DatabaseUrl, SqliteTarget};
use super::super::{Access, ConnectOptions};
use super::{SqliteConnection, convert};
use dunlin_compat::model::{Dialect, Quoting, Server};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};

/// sqlite-jdbc's default, in milliseconds.
const BUSY_TIMEOUT: &str = "3000";

/// Pragmas that change the file; a session that only reads leaves them alone.
const PERSISTENT: &[&str] = &[
    "application_id",
    "auto_vacuum",
    "default_cache_size",
    "encoding",
    "incremental_vacuum",
    "journal_mode",
    "max_page_count",
    "page_size",
    "user_version",
];

pub(in crate::db) fn connect(
    url: &DatabaseUrl,
    options: &ConnectOptions,
) -> Result<SqliteConnection, DbError> {
    let (connection, file, database) = match &url.sqlite {
        SqliteTarget::Memory => (memory()?, None, ":memory:".to_owned()),
        SqliteTarget::File(path) => {
            let (connection, file) = open_path(url, path, options.access)?;
            (connection, file, path.display().to_string())
        }
        SqliteTarget::Uri(uri) => {
            let path = path_of_uri(uri);
            let in_memory =
                uri.contains("mode=memory") || path.as_os_str().is_empty() || path == Path::new(":memory:");
            if options.access == Access::Read && !in_memory && !path.exists() {
                (memory()?, None, path.display().to_string())
            } else {
                let flags = match (options.access, in_memory) {
                    (Access::Read, false) => OpenFlags::SQLITE_OPEN_READ_ONLY,
                    _ => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
                };
                let connection = open(Path::new(uri), flags | OpenFlags::SQLITE_OPEN_URI)
                    .and_then(|connection| probe(url, connection, options.access))
                    .map_err(|error| cannot_open(&path, convert(error)))?;
                (connection, (!in_memory).then(|| path.clone()), path.display().to_string())
            }
        }
    };
    #[cfg(feature = "fault-points")]
    let connection = super::statement_log::begin(connection)?;
    for (name, value) in &url.pragmas {
        if options.access == Access::Write || !PERSISTENT.contains(&name.as_str()) {
            pragma(&connection, name, value).map_err(convert)?;
        }
    }
    let (major, minor, patch) = {
        let number = rusqlite::version_number();
        (number / 1_000_000, number / 1_000 % 1_000, number % 1_000)
    };
    let part = |number: i32| u32::try_from(number).unwrap_or_default();
    let server = Server {
        dialect: Dialect::Sqlite,
        version: (part(major), part(minor), part(patch)),
        version_text: rusqlite::version().to_owned(),
        database,
        schema: "main".to_owned(),
        user: String::new(),
        search_path: String::new(),
        session_id: i64::from(std::process::id()),
        quoting: Quoting::of(Dialect::Sqlite).into(),
        session_settings: Vec::new(),
        beginning: Vec::new(),
        reported_settings: Vec::new(),
    };
    Ok(SqliteConnection::new(connection, file, server))
}

fn memory() -> Result<Connection, DbError> {
    let connection = Connection::open_in_memory().map_err(convert)?;
    settle(&connection).map_err(convert)?;
    Ok(connection)
}

/// The connection, and the file if there is one: a file that is missing reads as an empty database and is not created.
fn open_path(
    url: &DatabaseUrl,
    path: &Path,
    access: Access,
) -> Result<(Connection, Option<PathBuf>), DbError> {
    if path.is_dir() {
        return Err(DbError::new(
            DbErrorKind::Storage,
            format!("{} is a directory, not a SQLite database", path.display()),
        ));
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists()) {
        let verb = if access == Access::Read { "open" } else { "create" };
        let mut error = DbError::new(
            DbErrorKind::Storage,
            format!("cannot {verb} {}: the directory {} does not exist", path.display(), parent.display()),
        );
        error.code = Some(rusqlite::ffi::SQLITE_CANTOPEN);
        return Err(error.advise("create the directory, or check the path in the database URL"));
    }
    let result = match access {
        Access::Read if !path.exists() => return Ok((memory()?, None)),
        Access::Read => read(url, path),
        Access::Write => open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
            .and_then(|connection| probe(url, connection, access)),
    };
    match result {
        Ok(connection) => Ok((connection, Some(path.to_path_buf()))),
        Err(error) => Err(cannot_open(path, convert(error))),
    }
}

/// Opens for reading an existing file. SQLite gets write access where it can, because without it a journal left by a
/// crash cannot be rolled back, and a WAL database is left with files that were not there before; `query_only` keeps
/// statements from writing. A WAL database in a directory that cannot be written is read as unchanging.
fn read(url: &DatabaseUrl, path: &Path) -> rusqlite::Result<Connection> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let had_wal = Path::new(&wal).exists();
    let opened = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|connection| {
        // Someone else's log is not ours to move into the database.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, had_wal)?;
        let connection = probe(url, connection, Access::Read)?;
        pragma(&connection, "query_only", "1")?;
        Ok(connection)
    });
    opened.or_else(|error| match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            open(&immutable_uri(path), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
                .and_then(|connection| probe(url, connection, Access::Read))
        }
        _ => Err(error),
    })
}

fn immutable_uri(path: &Path) -> PathBuf {
    let text = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    PathBuf::from(format!("file:{text}?immutable=1"))
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// Reads the header: a file that is no database is found here and not at the first migration. Writing, this also
/// creates the file.
fn probe(url: &DatabaseUrl, connection: Connection, access: Access) -> rusqlite::Result<Connection> {
    settle(&connection)?;
    // These only take before the first read.
    for (name, value) in url.pragmas.iter().filter(|_| access == Access::Write) {
        if matches!(name.as_str(), "page_size" | "encoding" | "auto_vacuum" | "busy_timeout") {
            pragma(&connection, name, value)?;
        }
    }
    connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
    Ok(connection)
}

/// SQLite's own defaults where the bundled library is built with others.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    pragma(connection, "busy_timeout", BUSY_TIMEOUT)?;
    pragma(connection, "foreign_keys", "OFF")
}

fn pragma(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    // Names are from a list and values are words or numbers, so nothing needs quoting.
    let mut statement = connection.prepare(&format!("PRAGMA {name} = {value}"))?;
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}

fn path_of_uri(uri: &str) -> PathBuf {
    let rest = uri.strip_prefix("file:").unwrap_or(uri);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let path = match rest.strip_prefix("//") {
        // An authority is empty or `localhost`.
        Some(authority) => authority.find('/').map_or("", |slash| &authority[slash..]),
        None => rest,
    };
    PathBuf::from(percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned())
}

fn cannot_open(path: &Path, mut error: DbError) -> DbError {
    let path = path.display().to_string();
    // The library may have appended the path itself.
    let reason = error.message.strip_suffix(&format!(": {path}")).unwrap_or(&error.message);
    error.message = format!("cannot open {path}: {reason}");
    if error.kind == DbErrorKind::Statement {
        error.kind = DbErrorKind::Storage;
    }
    if error.code == Some(rusqlite::ffi::SQLITE_CANTOPEN) {
        return error.advise("check that the file and its directory may be read and written");
    }
    error
}
