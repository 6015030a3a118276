//! Sessions on real servers. Each test needs the URL of a server with administration rights in an environment variable
//! (`DUNLIN_TEST_POSTGRES`, `DUNLIN_TEST_MARIADB`, `DUNLIN_TEST_MYSQL`) and says when it is skipped for want of it.
//! The tests of TLS also need `DUNLIN_TEST_TLS`, a directory of certificates that `tests/servers/tls` makes, and
//! `DUNLIN_TEST_POSTGRES_TLS`, a server that has them; the others have them anyway.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests stand outside of test functions")]

mod mysql;
mod postgres;
mod sqlite;
mod tls;

use dunlin::db::{ConnectOptions, Connection, DatabaseUrl, DbError, connect};
use dunlin_compat::model::Lock;

fn url(variable: &str) -> Option<DatabaseUrl> {
    let Ok(text) = std::env::var(variable) else {
        eprintln!("skipped: {variable} is not set");
        return None;
    };
    Some(DatabaseUrl::parse(&text).unwrap())
}

fn mysql_urls() -> Vec<DatabaseUrl> {
    ["DUNLIN_TEST_MARIADB", "DUNLIN_TEST_MYSQL"].into_iter().filter_map(url).collect()
}

fn open(url: &DatabaseUrl) -> Box<dyn Connection> {
    try_open(url).unwrap_or_else(|error| panic!("{url}: {error} {error:?}"))
}

fn try_open(url: &DatabaseUrl) -> Result<Box<dyn Connection>, DbError> {
    connect(url, &ConnectOptions::default())
}

fn first(connection: &mut dyn Connection, sql: &str) -> Option<String> {
    connection.execute(sql).unwrap().rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten()
}

/// The same URL with other parameters, written as a URL writes them.
fn with(url: &DatabaseUrl, parameters: &str) -> DatabaseUrl {
    let scheme = if url.to_string().starts_with("postgresql") { "postgresql" } else { "mysql" };
    let parsed = DatabaseUrl::parse(&format!("{scheme}://x/y?{parameters}")).unwrap();
    let mut url = url.clone();
    (url.tls, url.session, url.options) = (parsed.tls, parsed.session, parsed.options);
    (url.target, url.local_infile, url.channel_binding) =
        (parsed.target, parsed.local_infile, parsed.channel_binding);
    if parsed.user.is_some() {
        (url.user, url.password) = (parsed.user, parsed.password);
    }
    url
}

fn lock_is_exclusive_and_has_a_holder(url: &DatabaseUrl, lock: &Lock, holder_part: &str) {
    let (mut one, mut other) = (open(url), open(url));
    let id = one.server().session_id;
    assert!(one.try_lock(lock).unwrap());
    assert!(!other.try_lock(lock).unwrap());
    let holder = other.lock_holder(lock).unwrap();
    assert!(holder.contains(&id.to_string()) && holder.contains(holder_part), "{holder}");
    assert!(other.session_alive(id).unwrap());
    one.unlock(lock).unwrap();
    assert!(other.try_lock(lock).unwrap());
    drop(other);
    // Closing gives the lock back, and the server forgets the session.
    wait_until(|| one.try_lock(lock).unwrap());
    drop(one);
    let mut third = open(url);
    wait_until(|| !third.session_alive(id).unwrap());
    assert_eq!(third.lock_holder(lock), None);
}

fn wait_until(mut condition: impl FnMut() -> bool) {
    for _ in 0..100 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("did not happen within 2 s");
}
