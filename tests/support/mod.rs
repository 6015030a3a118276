//! What integration tests stand on: a database of their own on every server, a project in a temporary folder, the
//! real `dunlin` and the original tools run as programs, and the state of a database as text.
//!
//! State is read with the servers' own clients (`psql`, `mariadb`, `sqlite3`), never with our code: what judges a
//! test must not share its mistakes. `tests/run` installs and starts everything and sets:
//!
//! | variable | value |
//! |---|---|
//! | `DUNLIN_TEST_POSTGRES`, `DUNLIN_TEST_MARIADB`, `DUNLIN_TEST_MYSQL` | URL of an administrator |
//! | `DUNLIN_TEST_FLYWAY` | path of Flyway's launcher |
//! | `DUNLIN_TEST_PYTHON` | path of a Python interpreter with Alembic |
//! | `DUNLIN_TEST_KNEX` | folder whose `node_modules` hold Knex and its drivers |
//! | `DUNLIN_TEST_RUBY` | folder whose `bin/ruby` has ActiveRecord; beside it are others for other releases |
//! | `DUNLIN_TEST_GEMS` | its gems, as RubyGems lays them out |
//! | `DUNLIN_TEST_RUBY_WASM` | Ruby as WebAssembly |
//! | `DUNLIN_TEST_WASM_TARGET` | folder for what is compiled to WebAssembly |
//! | `DUNLIN_TEST_PACKS` | folder of the packs for the sandbox |
//! | `DUNLIN_TEST_WITHOUT` | names that the caller goes without, divided by spaces |
//! | `DUNLIN_TEST_NOT_RUN` | file that collects what did not run |
//!
//! Without them the tests that need only SQLite run, and the others say that they did not.

// Each test program compiles this module and uses its own part of it.
#![allow(dead_code, unused_imports)]
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod catalog;
mod database;
mod disk;
mod dump;
mod flyway;
mod guest;
mod hostile;
mod knex;
mod needs;
mod private_server;
mod program;
mod project;
mod proxy;
mod rails;
mod round_trips;
mod session;
mod statements;
mod traces;

pub use catalog::{Contents, sorted_constraints};
pub use database::{Database, ServerKind, databases, servers};
pub use disk::Disk;
pub use guest::{Echo, GuestRun, plain_guest, variables_of_packs, with_packs};
pub use hostile::{
    SECRET, assert_stopped, at_once, calls_home, interrupted_when_it_says, told_home, write_beside,
};
pub use knex::{Client, KnexStage, Version};
pub use needs::{Extent, Need, carrier_is_here, flyway_is_here, needs, note_not_run};
pub use private_server::PrivateServer;
pub use program::{Output, command, run};
pub use project::{Project, copy_folder};
pub use proxy::{Proxy, Received};
pub use rails::{
    RailsAdapter, RailsStage, rails_is_here, rails_releases, rails_url, ruby_folder, version_of,
};
pub use round_trips::RoundTrips;
pub use session::Session;
pub use statements::{is_of_dunlin, is_of_transaction, one_by_one, with_values};
pub use traces::{Aspect, Difference, Pace, Trace, same_traces, trace_differences};
