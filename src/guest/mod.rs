//! Code migrations: the step protocol and its carriers. `docs/step-protocol.md` is the reference.
//!
//! A [`Guest`] is an interpreter that has the tool's own library loaded. It asks for statements; whoever runs it answers
//! through [`Steps`]. This module runs no statement and knows no tool.

mod converse;
mod environment;
mod error;
mod guests;
#[cfg(unix)]
mod host;
#[cfg(unix)]
mod host_node;
#[cfg(unix)]
mod host_python;
#[cfg(unix)]
mod host_ruby;
mod interrupt;
mod javascript;
mod kept;
#[cfg(unix)]
mod lines;
mod npm_pins;
pub mod pack;
pub mod pack_build;
mod pack_libraries;
mod pack_npm;
mod pack_ruby;
pub mod protocol;
mod python_pins;
mod quickjs;
mod ruby;
mod sandbox;
mod sandbox_world;
mod sources;

use std::sync::Arc;

use dunlin_compat::model::{Carrier, GuestProgram, Server};

pub use converse::{Guest, Steps};
pub use error::{CarrierError, GuestError};
pub use guests::{GuestSettings, Guests};
pub use interrupt::Interrupt;
pub(crate) use javascript::with_deep_stack;
#[cfg(test)]
pub(crate) use javascript::{JavaScriptCarrier, JavaScriptCommand};
pub use quickjs::package as javascript_package;

/// Whoever starts guests and keeps them for a run.
pub trait GuestSource {
    /// The guest of a program, started if it is not running yet; the project's or migration's `carrier` decides where.
    fn get(
        &mut self,
        program: &Arc<GuestProgram>,
        carrier: Option<Carrier>,
        server: Option<&Server>,
        steps: &mut dyn Steps,
    ) -> Result<&mut Guest, GuestError>;

    /// Ends those that are running, so that the next begin without what a library remembers of a command.
    fn forget(&mut self) {}
}

/// The way messages reach a guest: a child process or a sandbox.
pub trait CarrierLink: Send {
    /// How messages name it: `python3 (/srv/shop/.venv/bin/python)`, `the sandbox`.
    fn describe(&self) -> String;

    /// What to do when it cannot load a file, if another carrier might.
    fn advice(&self) -> Option<String> {
        None
    }

    /// The digest of its interpreter, where that compiles migrations to code that another one of the same digest can load.
    fn interpreter(&self) -> Option<[u8; 32]> {
        None
    }

    /// Sends a message of the engine, answers every question of the guest with what `answer` makes of it, and returns the
    /// guest's final message. All are single lines without the line break.
    fn converse(
        &mut self,
        message: &str,
        answer: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, CarrierError>;
}
