//! ActiveRecord and Dunlin on the same project: after every command over the clinic's migrations (`tests/fixtures/rails/clinic`),
//! up, down and up again, the statements that the server received, what was printed, `db/schema.rb`, the catalog, the rows and
//! the history are equal.
//!
//! The oracle is ActiveRecord itself under Ruby, on a database of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

#[path = "../support/mod.rs"]
mod support;

mod dunlin;
mod oracle;
mod planted;
mod statements;
mod walk;
