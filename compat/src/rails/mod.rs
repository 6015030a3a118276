//! Rails: Active Record's configuration, files, history tables, tasks and output. Nothing here runs Ruby or talks to a
//! database.
//!
//! Behaviour is that of Active Record 6.1 to 8.2 (`activerecord/lib` and its Rake tasks); where releases differ,
//! [`release::Release`] decides.

pub mod adapter;
pub mod application;
pub mod connection;
pub mod databases;
pub mod dump;
pub mod environments;
pub mod files;
pub mod guest;
pub mod history;
pub mod inflector;
mod missing_down;
pub mod output;
pub mod pack;
pub mod plan;
pub mod pragmas;
pub mod project;
pub mod release;
pub mod ruby;
pub mod schema_file;
mod secrets;
mod squash;
pub mod task;
pub mod template;
pub mod url;
pub mod yaml;
