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

    /// Ends the guests that began what they are not asked to run after all.
    fn call_off(&mut self) {}

    /// Ends those that are running, so that the next begin without what a library remembers of a command.
    fn forget(&mut self) {}
}

/// What a guest is answered.
pub trait Answers {
    /// What the answer to a question will almost certainly be, if that can be said.
    fn foretell(&mut self, question: &str) -> Option<String>;

    /// The answer.
    fn answer(&mut self, question: &str) -> String;

    /// Whether the last answer was another than was foretold.
    fn is_misled(&self) -> bool;
}

/// Answers a question, early where its answer is foretold. Says whether the guest was told wrongly.
fn reply(answers: &mut dyn Answers, question: &str, tell: impl Fn(String)) -> bool {
    match answers.foretell(question) {
        Some(foretold) => {
            tell(foretold);
            answers.answer(question);
            answers.is_misled()
        }
        None => {
            tell(answers.answer(question));
            false
        }
    }
}

/// Answers that are never foretold.
struct Plain<'a>(&'a mut dyn FnMut(&str) -> String);

impl Answers for Plain<'_> {
    fn foretell(&mut self, _question: &str) -> Option<String> {
        None
    }

    fn answer(&mut self, question: &str) -> String {
        (self.0)(question)
    }

    fn is_misled(&self) -> bool {
        false
    }
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

    /// Sends a message that [`CarrierLink::converse`] is called with later, in the same order, and does not wait. Says whether it
    /// did: only guests that have no way to the world but their questions, which wait until they are heard, are sent ahead.
    fn send_ahead(&mut self, _message: &str) -> bool {
        false
    }

    /// [`CarrierLink::converse`] with a guest that may be told an answer before it is known, where it can be sent ahead.
    ///
    /// # Errors
    /// Also [`CarrierError::Misled`].
    fn converse_ahead(&mut self, message: &str, answers: &mut dyn Answers) -> Result<String, CarrierError> {
        self.converse(message, &mut |question| answers.answer(question))
    }

    /// Sends a message of the engine, answers every question of the guest with what `answer` makes of it, and returns the
    /// guest's final message. All are single lines without the line break.
    fn converse(
        &mut self,
        message: &str,
        answer: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, CarrierError>;
}
