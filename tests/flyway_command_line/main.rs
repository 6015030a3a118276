//! Flyway's command line, ours beside the original: the same arguments on equal databases have to print the same on the
//! same streams, end with the same exit code and leave the same database. What differs by design is taken out in
//! `normal.rs` and listed in `docs/flyway.md`.

// The lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod again;
mod arguments;
mod compare;
mod configuration;
mod files;
mod normal;
mod servers;
mod states;
