//! What the benchmark stands on.

pub mod code;
pub mod measure;
pub mod peer;
pub mod project;
pub mod server;
