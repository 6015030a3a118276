//! The sandbox carrier for Ruby: CRuby as WebAssembly in this process, with the project's own gems.

mod files;
mod gems;
mod machine;
mod snapshot;
mod wasi;

pub use gems::{Gems, SEEN_AT as GEMS_SEEN_AT, ZONES_SEEN_AT, locked_versions};
pub use machine::{RubyCommand, start};
