//! Everything known about Alembic: configuration, revision files, the revision graph, and the version table.

pub mod adapter;
pub mod config;
pub mod env;
pub mod environments;
pub mod files;
pub mod graph;
pub mod guest;
pub mod identifier;
mod missing_down;
pub mod output;
pub mod pack;
pub mod plan;
pub mod project;
pub mod python;
pub mod revision;
pub mod revision_file;
pub mod session;
mod squash;
pub mod status;
#[cfg(test)]
mod test_graph;
pub mod traversal;
pub mod url;
pub mod version_table;
pub mod write;
