//! The neutral words that adapters and engine share: what a project, a status and a plan are made of.

mod adapter;
mod code;
mod history;
mod plan;
mod server;
mod squash;

pub use adapter::*;
pub use code::*;
pub use history::*;
pub use plan::*;
pub use server::*;
pub use squash::*;
