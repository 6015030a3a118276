//! Whether migrations can be taken back: on a scratch database each goes up, down and up again, and schema and rows have to be
//! what they were.

mod bench;
mod counters;
mod cycle;
mod finding;
mod live;
mod replay;
mod statements;

pub use bench::{Bench, State, VerifyError};
pub use cycle::{Chosen, Verified, verify};
pub use finding::{Changed, Finding, TableImpact};
pub use live::{Applied, Live};
pub use replay::{Replayed, replay};
pub use statements::{Sent, statements};
