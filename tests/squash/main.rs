//! `dunlin squash` on real servers: a baseline gives what the migrations gave that it replaces, and databases of before go on.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../diff/objects.rs"]
mod objects;

mod alembic;
mod every_object;
mod flyway;
mod native;
mod planted;
mod rails;
mod refused;

/// Whether what takes long is wanted too.
fn is_thorough() -> bool {
    support::Need::Thorough.setting().is_some()
}
