//! Flyway and Dunlin on the same project and the same database: either begins, the other goes on, and after each step
//! everything is as if Flyway had done it all. The oracle is Flyway's own command line on a database of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

#[path = "../support/mod.rs"]
mod support;

mod checksums;
mod clinic;
mod going_back;
mod java_migrations;
mod scenario;
mod sessions;
mod state;
