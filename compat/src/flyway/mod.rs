//! Flyway: its files, configuration, history and states.

pub mod callback;
pub mod checksum;
pub mod collision;
pub mod config;
pub mod encoding;
mod encoding_charsets;
pub mod location;
pub mod location_pattern;
pub mod name;
pub mod placeholder;
pub mod scan;
mod scan_files;
pub mod scan_migration;
pub mod scan_walk;
pub mod script_config;
pub mod script_config_expression;
pub mod version;
