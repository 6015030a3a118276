//! What goes wrong outside of dunlin: files, settings, databases, disks, arguments. Each is answered with one clear
//! error and the right exit code, and nothing is changed.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod clinic;

mod arguments;
mod files;
mod servers;
mod settings;
mod sqlite;
