//! Flyway: its configuration.

pub mod config;
