//! SQLite changes most of a table by putting another in its place. With foreign keys enforced, Knex loses the rows that refer to
//! it when that happens in a transaction; we lose none, and foreign keys do otherwise what they do with Knex.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;
use std::process::Command;

use support::{Database, Need, Project, ServerKind, copy_folder, needs};

/// What a connection begins with, for a client that enforces foreign keys by itself, or does not.
const CLIENTS: [(&str, &str); 4] = [
    ("sqlite3", ""),
    ("sqlite3", "PRAGMA foreign_keys = ON"),
    ("better-sqlite3", ""),
    ("better-sqlite3", "PRAGMA foreign_keys = OFF"),
];

struct Library {
    project: Project,
    database: Database,
    client: &'static str,
    switch: &'static str,
}

impl Library {
    fn new(client: &'static str, switch: &'static str) -> Library {
        let project = Project::new();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/knex_rebuild");
        copy_folder(&fixture, &project.path());
        project.use_node_modules();
        Library { project, database: Database::create(ServerKind::Sqlite).unwrap(), client, switch }
    }

    fn variables(&self, command: &mut Command) {
        let connection = self.database.name();
        command.envs([
            ("LIBRARY_CLIENT", self.client),
            ("LIBRARY_CONNECTION", &connection),
            ("SWITCH", self.switch),
        ]);
    }

    fn knex(&self, command: &str) -> String {
        self.project.knex_with(&["migrate:up", command], |process| self.variables(process)).success().stdout
    }

    fn dunlin(&self, carrier: &str, command: &str) -> String {
        self.project.write("dunlin.toml", format!("carrier = \"{carrier}\"\n"));
        let arguments = ["knex", "migrate:up", command];
        self.project.dunlin_with(&arguments, |process| self.variables(process)).success().stdout
    }

    fn rollback(&self) {
        let arguments = ["knex", "migrate:rollback", "--all"];
        self.project.dunlin_with(&arguments, |process| self.variables(process)).success();
    }

    fn books(&self) -> Vec<String> {
        self.database.query("SELECT id FROM book ORDER BY id").concat()
    }

    fn columns(&self) -> Vec<String> {
        self.database.query("SELECT name FROM pragma_table_info('shelf')").concat()
    }
}

/// What SQLite refuses to change in a transaction is changed before it.
#[test]
fn a_connection_begins_with_what_the_knexfile_says() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for client in ["sqlite3", "better-sqlite3"] {
        for switch in
            ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA busy_timeout = 5000"]
        {
            let library = Library::new(client, switch);
            for file in FILES {
                library.dunlin("sandbox", file);
            }
            let mode = if switch.ends_with("WAL") { "wal" } else { "delete" };
            assert_eq!(library.database.query("PRAGMA journal_mode"), [[mode]], "{client} {switch}");
            // In one transaction, in which something has happened already when a later one connects again.
            library.rollback();
            assert!(library.database.query("SELECT name FROM knex_migrations").is_empty());
        }
    }
}

const FILES: [&str; 4] = ["1_tables.js", "2_rebuild.js", "3_rebuild_without_transaction.js", "4_rows.js"];

#[test]
fn knex_loses_rows_in_a_rebuild_where_foreign_keys_are_enforced() {
    if !needs(&[Need::Knex]) {
        return;
    }
    let library = Library::new("better-sqlite3", "");
    library.knex(FILES[0]);
    library.knex(FILES[1]);
    assert!(library.books().is_empty());
}

#[test]
fn no_rows_are_lost_in_a_rebuild() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for (client, switch) in CLIENTS {
        for carrier in ["sandbox", "host"] {
            let library = Library::new(client, switch);
            for file in &FILES[..3] {
                library.dunlin(carrier, file);
                assert_eq!(library.books(), ["1", "2"], "{client} {switch} {carrier} {file}");
            }
            assert_eq!(library.columns(), ["id"], "{client} {switch} {carrier}");
        }
    }
}

#[test]
fn foreign_keys_do_what_they_do_with_knex() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for (client, switch) in CLIENTS {
        let theirs = Library::new(client, switch);
        theirs.knex(FILES[0]);
        let expected = theirs.knex(FILES[3]);
        for carrier in ["sandbox", "host"] {
            let ours = Library::new(client, switch);
            ours.dunlin(carrier, FILES[0]);
            assert_eq!(ours.dunlin(carrier, FILES[3]), expected, "{client} {switch} {carrier}");
            assert_eq!(ours.books(), theirs.books(), "{client} {switch} {carrier}");
        }
        // Else both would be the same whatever is switched.
        let enforced = switch.ends_with("ON") || (client == "better-sqlite3" && switch.is_empty());
        assert_eq!(theirs.books().len(), if enforced { 1 } else { 3 }, "{client} {switch}");
    }
}
