//! Alembic and Dunlin on the same project: after every revision of the clinic (`tests/fixtures/alembic`), up and down,
//! the statements that the server received, the schema, the rows and the version table are equal.
//!
//! The oracle is Alembic itself on a database of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

#[path = "../support/mod.rs"]
mod support;

mod dunlin;
mod harness;
mod oracle;
mod planted;
mod runner;
mod stage;
mod statements;
mod walk;
