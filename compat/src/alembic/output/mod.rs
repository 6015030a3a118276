//! What Alembic prints.

mod failure;
mod revision;
mod step;

pub use failure::CommandError;
pub use revision::{Line, doc, entry, line, long_doc, one_line};
pub use step::running;
