//! What can go wrong before a guest runs.

use thiserror::Error;

/// Why there is no runtime, or no code to run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WasmError {
    /// The machine cannot run WebAssembly as it is configured.
    #[error("WebAssembly cannot be run on this machine: {0:#}")]
    Runtime(wasmtime::Error),
    /// The bytes are no valid WebAssembly of the kind that is asked for.
    #[error("it is no valid WebAssembly {kind}: {error:#}")]
    Invalid {
        /// `component` or `module`.
        kind: &'static str,
        /// What the validator says.
        error: wasmtime::Error,
    },
    /// The binary is not the one whose digest was asked for.
    #[error("it has changed: its SHA-256 is not the one that was recorded")]
    Changed,
}
