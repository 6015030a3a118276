//! Flyway: its files, configuration, history and states.

pub mod baseline;
pub mod callback;
pub mod checksum;
pub mod collision;
pub mod config;
pub mod encoding;
mod encoding_charsets;
pub mod history;
pub mod location;
pub mod location_pattern;
pub mod lock;
pub mod name;
pub mod output;
pub mod placeholder;
pub mod repair;
pub mod scan;
mod scan_files;
pub mod scan_migration;
pub mod scan_walk;
pub mod script_config;
pub mod script_config_expression;
pub mod states;
pub mod validate;
pub mod version;
