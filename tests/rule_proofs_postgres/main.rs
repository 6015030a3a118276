//! The safety rules of PostgreSQL, proven on the server: what a flagged statement locks, reads and rewrites, and that its safe form
//! and its fix do less.
//!
//! What is expected comes from the rules' examples and from `ddl::effects`; what is true from `pg_locks`, the tables' files and the
//! server's own count of scans.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod examples;
mod linted;
mod measure;
mod safe;
mod situations;

use support::{Database, Need, ServerKind, needs};

/// A database, or nothing to prove where there is no server.
fn database() -> Option<Database> {
    needs(&[Need::Postgres]).then(|| Database::create(ServerKind::Postgres)).flatten()
}

fn server(database: &Database) -> dunlin::ddl::ServerVersion {
    let number: u32 = database.query("SELECT current_setting('server_version_num')")[0][0].parse().unwrap();
    dunlin::ddl::ServerVersion {
        dialect: dunlin_compat::model::Dialect::Postgres,
        version: (number / 10_000, number % 10_000, 0),
    }
}

#[test]
fn functions_that_are_taken_for_stable_are() {
    let Some(database) = database() else { return };
    let names = dunlin::ddl::NON_VOLATILE.join("', '");
    let volatile = database.query(&format!(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v' AND proname IN ('{names}')"
    ));
    assert_eq!(volatile, Vec::<Vec<String>>::new());
}
