//! Rules of the Python language itself that Alembic's behaviour rests on: text, `%` formatting, source files, and as much
//! of running a module as can be told without running it.

mod builtin;
mod call;
mod expression;
pub mod format;
mod interpreter;
mod method;
pub mod project;
pub mod source;
mod statement;
pub mod text;
pub mod value;

pub use interpreter::{Followed, Host, Interpreter, NoHost, Open, Outcome, Raised, Source};
pub use value::{Arguments, Unknown, Value};
