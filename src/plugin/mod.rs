//! Plugins: WebAssembly components that change rows, do a migration's step or check a migration, in a sandbox.
//!
//! `plugins/wit` is the interface and the contract; everything here serves it.
//! - [`Plugin`] is a file that was read, found to be a plugin of a version that runs here, and asked what it is.
//! - [`Transform`] changes rows: [`Transform::load`] it once, [`Transform::start`] an instance for each worker, and
//!   [`Transformer::run`] that on one chunk after the other.
//! - [`Step`] does a migration's step over a [`DatabaseSession`]; [`Rule`] checks migrations.
//! - [`Shelf`] finds a project's plugins by their names.
//! - Every failure of a plugin is a [`CallError`] with the plugin, the row and the column.

mod bindings;
mod error;
mod guest;
mod log;
mod package;
mod rule;
mod settings;
mod shelf;
mod step;
mod transform;
mod value;
mod version;

pub use bindings::linter::{Finding, Migration, Severity, Statement};
pub use bindings::log::Level;
pub use bindings::plugin::{About, OptionDescription};
pub use bindings::transformer::Change;
pub use bindings::types::{Direction, Server};
pub use error::{CallError, Capability, Cause, PluginError};
pub use log::Message;
pub use package::{Identity, Plugin, World, component_of};
pub use rule::Rule;
pub use settings::{Grants, OptionValue, PluginSettings, TableError, file_of};
pub use shelf::Shelf;
pub use step::{DatabaseError, DatabaseSession, Rows, Step};
pub use transform::{Outcome, RowFailure, Shape, Table, Transform, Transformer, dialect_name};
pub use value::{Column, Kind, Value, is_in_notation, misfit};
pub use version::INTERFACE;
