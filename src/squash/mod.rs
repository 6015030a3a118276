//! Old migrations replaced by one baseline: what they give is written as statements, and shown to give the same before any file
//! is touched.
//!
//! Knows no tool: what the files look like and which go is the adapter's.

mod dump;
mod error;
mod files;
mod mysql;
mod order;
mod postgres;
mod proof;
mod script;
mod sqlite;
mod values;

pub use dump::{Dump, MOST_ROWS, dump};
pub use error::SquashError;
pub use files::{Fate, InGit, in_git, refuse_occupied, stage, write};
pub use proof::{Live, live, project, replay, same_schema, take_down};
