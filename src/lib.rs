//! Dunlin, a database migration engine: opens a project where it lies, continues its history in the tool's own
//! table, and can be left again. `ARCHITECTURE.md` is the map.

pub mod db;
pub mod sql;
