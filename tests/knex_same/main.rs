//! Knex and Dunlin on the same project: after every command over the shop's migrations (`tests/fixtures/knex/shop`), up
//! and down, the statements that the server received, what was printed, the schema, the rows, and the history and its
//! lock are equal.
//!
//! The oracle is Knex itself under Node, on a database of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

#[path = "../support/mod.rs"]
mod support;

mod dunlin;
mod oracle;
mod planted;
mod statements;
mod walk;
