//! Plugins in their sandbox: what one may return, what it may use, and the commands around them.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod compiled;
mod contract;
mod made;
mod migrations;
mod sandbox;
mod step;
#[path = "../support/mod.rs"]
mod support;
mod versions;
