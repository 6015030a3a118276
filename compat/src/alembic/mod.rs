//! Everything known about Alembic: configuration, revision files, the revision graph, and the version table.

pub mod config;
pub mod env;
pub mod files;
pub mod python;
pub mod revision;
pub mod revision_file;
pub mod url;
pub mod write;
