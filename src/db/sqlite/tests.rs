//! SQLite as the engine sees it.

use super::super::{Access, ConnectOptions, DatabaseUrl, DbErrorKind, connect};
use super::super::{Connection, DbError};
use dunlin_compat::model::Lock;
use std::path::Path;

fn open(url: &str, access: Access) -> Result<Box<dyn Connection>, DbError> {
    connect(&DatabaseUrl::parse(url).unwrap(), &ConnectOptions { access, ..ConnectOptions::default() })
}

fn write(path: &Path) -> Box<dyn Connection> {
    open(&format!("sqlite:{}", path.display()), Access::Write).unwrap()
}

fn first(connection: &mut Box<dyn Connection>, sql: &str) -> Option<String> {
    connection.execute(sql).unwrap().rows[0][0].clone()
}

#[test]
fn values_are_printed_as_sqlite_casts_them() {
    let mut connection = open("sqlite::memory:", Access::Write).unwrap();
    for (expression, expected) in [
        ("NULL", None),
        ("42", Some("42")),
        ("1.0", Some("1.0")),
        ("0.1", Some("0.1")),
        ("1e300", Some("1.0e+300")),
        ("9e999", Some("Inf")),
        ("'é'", Some("é")),
        ("X'0aff'", Some("X'0AFF'")),
    ] {
        assert_eq!(
            first(&mut connection, &format!("SELECT {expression}")).as_deref(),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn affected_rows_are_those_of_the_statement() {
    let mut connection = open("sqlite::memory:", Access::Write).unwrap();
    let outcomes = connection
        .execute_many(&[
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT)",
            "INSERT INTO orders (note) VALUES ('a'), ('b')",
            "CREATE INDEX orders_note ON orders (note)",
            "UPDATE orders SET note = 'c' RETURNING id",
            "-- nothing",
            "SELECT id, note FROM orders",
        ])
        .unwrap();
    let affected: Vec<u64> = outcomes.iter().map(|outcome| outcome.affected).collect();
    assert_eq!(affected, [0, 2, 0, 2, 0, 2]);
    assert_eq!(outcomes[5].columns[1].name, "note");
}

#[test]
fn a_batch_stops_at_the_statement_that_fails() {
    let mut connection = open("sqlite::memory:", Access::Write).unwrap();
    let error = connection
        .execute_many(&["CREATE TABLE a (b)", "SELECT é FROM nowhere", "CREATE TABLE c (d)"])
        .unwrap_err();
    assert_eq!((error.index, error.done.len()), (Some(1), 1));
    assert_eq!(error.error.message, "no such table: nowhere");
    let error = connection.execute("SELECT 'é', colour FROM a").unwrap_err();
    assert_eq!((error.message.as_str(), error.position), ("no such column: colour", Some(13)));
    assert!(connection.execute("SELECT 1\0; SELECT 2").is_err());
}

#[test]
fn settings_are_those_of_a_stock_sqlite() {
    let mut connection = open("sqlite::memory:", Access::Write).unwrap();
    for (pragma, value) in [
        ("foreign_keys", "0"),
        ("busy_timeout", "3000"),
        ("recursive_triggers", "0"),
        ("legacy_alter_table", "0"),
    ] {
        assert_eq!(first(&mut connection, &format!("PRAGMA {pragma}")).as_deref(), Some(value), "{pragma}");
    }
    // Double-quoted strings are accepted, as the command line and sqlite-jdbc do.
    assert_eq!(first(&mut connection, "SELECT \"text\"").as_deref(), Some("text"));
    assert!(connection.execute("SELECT load_extension('x')").is_err());
    let mut connection = open("jdbc:sqlite::memory:?foreign_keys=on&busy_timeout=7", Access::Write).unwrap();
    assert_eq!(first(&mut connection, "PRAGMA foreign_keys").as_deref(), Some("1"));
    assert_eq!(first(&mut connection, "PRAGMA busy_timeout").as_deref(), Some("7"));
}

#[test]
fn reading_a_missing_file_shows_an_empty_database_and_creates_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let url = format!("sqlite:{}", path.display());
    let mut connection = open(&url, Access::Read).unwrap();
    assert_eq!(first(&mut connection, "SELECT count(*) FROM sqlite_master").as_deref(), Some("0"));
    assert_eq!(connection.server().database, path.display().to_string());
    assert!(!path.exists());
}

#[test]
fn reading_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    write(&path).execute_many(&["CREATE TABLE orders (id)", "PRAGMA journal_mode = WAL"]).unwrap();
    let url = format!("sqlite:{}?journal_mode=delete", path.display());
    let mut connection = open(&url, Access::Read).unwrap();
    assert_eq!(first(&mut connection, "SELECT name FROM sqlite_master").as_deref(), Some("orders"));
    let error = connection.execute("CREATE TABLE more (id)").unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Storage);
    drop(connection);
    let files: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["shop.db"]);
    assert_eq!(first(&mut write(&path), "PRAGMA journal_mode").as_deref(), Some("wal"));
}

#[test]
fn reading_sees_a_log_that_others_write_and_leaves_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let log = directory.path().join("shop.db-wal");
    let mut writer = write(&path);
    writer.execute_many(&["PRAGMA journal_mode = WAL", "CREATE TABLE orders (id)"]).unwrap();
    let before = std::fs::read(&log).unwrap();
    let mut reader = open(&format!("sqlite:{}", path.display()), Access::Read).unwrap();
    assert_eq!(first(&mut reader, "SELECT name FROM sqlite_master").as_deref(), Some("orders"));
    writer.execute("INSERT INTO orders VALUES (1)").unwrap();
    assert_eq!(first(&mut reader, "SELECT count(*) FROM orders").as_deref(), Some("1"));
    drop(reader);
    assert!(std::fs::read(&log).unwrap().starts_with(&before));
}

#[test]
fn what_is_no_database_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("notes.txt");
    std::fs::write(&text, "x".repeat(2000)).unwrap();
    for (path, part) in [
        (text.clone(), "not a database"),
        (directory.path().to_path_buf(), "is a directory"),
        (directory.path().join("missing/shop.db"), "missing does not exist"),
    ] {
        let error = open(&format!("sqlite:{}", path.display()), Access::Write).err().unwrap();
        assert_eq!(error.kind, DbErrorKind::Storage, "{error}");
        assert!(
            error.message.contains(part) && error.message.contains(&path.display().to_string()),
            "{error}"
        );
    }
    assert_eq!(std::fs::read_to_string(&text).unwrap().len(), 2000);
}

#[cfg(target_os = "linux")]
#[test]
fn the_file_lock_excludes_and_leaves_sqlites_own_locks_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let (mut one, mut other) = (write(&path), write(&path));
    assert!(one.try_lock(&Lock::DatabaseFile).unwrap());
    assert!(!other.try_lock(&Lock::DatabaseFile).unwrap());
    assert_eq!(other.lock_holder(&Lock::DatabaseFile), Some(format!("process {}", std::process::id())));
    // A write transaction survives that another session unlocks and goes away: a second process is still shut out.
    other.execute_many(&["CREATE TABLE a (b)", "BEGIN IMMEDIATE"]).unwrap();
    one.unlock(&Lock::DatabaseFile).unwrap();
    drop(one);
    assert!(other.try_lock(&Lock::DatabaseFile).unwrap());
    assert!(is_write_locked(&path));
    assert!(other.in_transaction().unwrap());
    other.execute("ROLLBACK").unwrap();
    assert!(!is_write_locked(&path));
    assert!(open("sqlite::memory:", Access::Write).unwrap().try_lock(&Lock::DatabaseFile).unwrap());
    assert!(other.try_lock(&Lock::Advisory(1)).is_err());
}

#[cfg(target_os = "linux")]
/// Whether another process finds the database locked for writing: asks the kernel's table of locks.
fn is_write_locked(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = std::fs::metadata(path).unwrap().ino().to_string();
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks.split('\n').any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.len() > 5
            && fields[1] == "POSIX"
            && fields[3] == "WRITE"
            && fields[5].ends_with(&format!(":{inode}"))
    })
}

#[test]
fn a_busy_database_is_a_lock_timeout() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let mut one = write(&path);
    one.execute_many(&["CREATE TABLE a (b)", "BEGIN IMMEDIATE"]).unwrap();
    let mut other = open(&format!("sqlite:{}?busy_timeout=0", path.display()), Access::Write).unwrap();
    assert_eq!(other.execute("INSERT INTO a VALUES (1)").unwrap_err().kind, DbErrorKind::LockTimeout);
}

#[test]
fn this_process_is_alive_and_an_impossible_one_is_not() {
    let mut connection = open("sqlite::memory:", Access::Write).unwrap();
    let own = connection.server().session_id;
    assert!(connection.session_alive(own).unwrap());
    assert!(!connection.session_alive(i64::MAX).unwrap());
}
