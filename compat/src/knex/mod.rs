//! Knex: its configuration, files, history tables, commands and output. Nothing here runs JavaScript or talks to a database.
//!
//! Behaviour is that of knex 3.3.0 (`lib/migrations` and `bin/cli.js` of the npm package) unless a comment says otherwise.

pub mod client;
pub mod config;
pub mod connection;
pub mod files;
pub mod guest;
pub mod history;
mod missing_down;
pub mod output;
pub mod pack;
pub mod plan;
pub mod status;
