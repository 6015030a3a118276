//! Dunlin, a database migration engine: opens a project where it lies, continues its history in the tool's own
//! table, and can be left again. `ARCHITECTURE.md` is the map.

pub mod backfill;
pub mod cli;
mod count;
pub mod db;
pub mod ddl;
pub mod engine;
pub mod estimate;
pub mod guest;
pub mod lint;
pub mod picture;
pub mod plugin;
pub mod schema;
pub mod scratch;
pub mod sql;
pub mod squash;
pub mod trace;
pub mod verify;
pub mod waits;
pub mod wasm;
mod zone;
