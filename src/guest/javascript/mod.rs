//! The sandbox for JavaScript: QuickJS in this process, on a thread of its own.
//!
//! A guest has a limit on memory, stack and time, reads the folders that it is given and nothing else, and has no network. Its
//! programs are the modules that the carrier is given; `sandbox/boot.js` among them is evaluated first, over the functions of
//! one object, `__dunlin` ([`host`]), and defines the function that is called with each message of the engine.

mod bytecode;
mod called;
mod digest;
mod error;
mod files;
mod host;
mod runtime;
#[cfg(test)]
mod tests;
mod transform;

pub use error::JavaScriptError;
pub use runtime::{JavaScriptCarrier, JavaScriptCommand};
pub use transform::with_deep_stack;
