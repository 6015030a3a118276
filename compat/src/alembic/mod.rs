//! Everything known about Alembic: configuration, revision files, the revision graph, and the version table.

pub mod guest;
pub mod revision;
