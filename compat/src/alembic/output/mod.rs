//! What Alembic prints.

mod failure;
mod logging;
mod revision;
mod step;

pub use failure::CommandError;
pub use logging::{Level, Logging, Stream};
pub use revision::{Line, doc, entry, line, long_doc, one_line};
pub use step::{context_impl, running};

/// The version whose behaviour this is.
pub const ALEMBIC_VERSION: &str = "1.20.1";
