//! Everything dunlin knows about the tools it adopts, and nothing about talking to a database.
//!
//! An adapter turns a project on disk and the rows of its history into data: a [`model::Status`], a
//! [`model::Plan`], the statements that create and change the history, the name of the lock. The engine
//! executes them. So every adapter is tested without a database.

pub mod alembic;
pub mod backfill;
pub mod flyway;
pub mod knex;
pub mod model;
pub mod native;
pub mod project;
pub mod rails;
pub mod settings;
#[cfg(test)]
mod test_files;
