//! Alembic's command line, ours beside the original: the same arguments on equal projects with equal databases have to
//! print the same on the same streams, end with the same exit code and leave the same rows in the version table and the
//! same files. What differs by design is taken out in `normal.rs`.

// The lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod arguments;
mod clinic;
mod configuration;
mod graphs;
mod listings;
mod models;
mod normal;
mod offline;
mod original;
mod pair;
mod session;
mod several;
mod stamps;
mod starting;
mod writing;
