//! Backfills on real servers: every row once, whatever dies; out of everybody's way; up and down.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod conditions;
#[cfg(feature = "fault-points")]
mod crashes;
mod keys;
#[path = "../plugins/made.rs"]
#[allow(dead_code)]
mod made;
mod plugins;
mod process;
mod running_example;
mod server_death;
mod shared;
mod shop;
mod stand_ins;
mod throttling;
