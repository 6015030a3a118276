//! `dunlin verify` on real servers: sound migrations pass, and whatever a down forgets is found.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod beginnings;
mod faults;
mod scratch;
mod shown;
mod tools;
