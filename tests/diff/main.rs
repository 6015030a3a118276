//! `dunlin diff` and `dunlin drift` on real servers: whatever is altered is named, and nothing else is.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod cases;
mod drift;
mod objects;
mod shown;
