//! WebAssembly for whoever runs foreign code: one configuration of wasmtime, machine code compiled ahead of time and
//! kept, and limits that no guest gets past.
//!
//! - [`Runtime`] compiles components and modules, or maps what it compiled earlier.
//! - [`Limits`] and [`Meter`] bound the memory, the time and the output of one guest, and tell afterwards which bound
//!   it ran into.
//! - [`CompiledCache`] keeps machine code between processes and says why mapping it is safe.
//!
//! A caller puts a [`Meter`] into the data of its store, makes the store with [`Runtime::store`] and calls the guest
//! inside [`Runtime::call`]. Nothing here knows what the guest is for, and nothing is granted: what a guest may import
//! is the caller's to link.

mod cache;
mod error;
mod limits;
mod record;
mod runtime;
#[cfg(test)]
mod tests;
mod ticker;

pub use cache::{CompiledCache, Key};
pub use error::WasmError;
pub use limits::{Exceeded, Limits, Meter, Metered};
pub use runtime::{Code, Origin, Runtime, RuntimeSettings};
