//! The commands on native projects: the real binary, and what its users see.

// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod shop;

mod baseline;
mod completions;
mod doctor;
mod down;
mod help;
mod new;
mod plan;
mod redo;
mod repair;
mod status;
mod terminal;
mod up;
mod validate;
