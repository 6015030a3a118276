//! Write plugins for Dunlin.
//!
//! A plugin that changes rows is a struct that names its columns and options, and one function:
//!
//! ```
//! use dunlin_plugin::{Change, Failure, Row, Transform, Value};
//!
//! dunlin_plugin::transform! {
//!     /// Keeps names in capitals.
//!     pub struct Shout {
//!         /// The column to read
//!         read name = "name";
//!         /// The column to write
//!         write loud = "loud_name";
//!     }
//! }
//!
//! impl Transform for Shout {
//!     fn transform(&self, row: &Row<'_>) -> Result<Change, Failure> {
//!         let name: Option<&str> = row.get(0)?;
//!         Ok(Change::set([Value::from(name.map(str::to_uppercase))]))
//!     }
//! }
//!
//! // Tests need no WebAssembly.
//! let outcome = dunlin_plugin::test::<Shout>().run([[Value::from("Ada")]]);
//! assert_eq!(outcome.changes[0].values, [Value::from("ADA")]);
//! ```
//!
//! [`step!`] and [`rule!`] make the other kinds. `dunlin plugin build` compiles a plugin, `dunlin plugin test` runs it in the
//! real sandbox on rows from a file. The interface below all of this is `plugins/wit/migration.wit`.

mod change;
mod describe;
mod log;
mod macros;
mod row;
mod rule;
mod step;
mod testing;
mod transform;
mod value;

#[doc(hidden)]
pub mod bindings;

pub use bindings::types::{Column, Direction, Kind, Server, Value};
pub use change::{Change, Failure};
pub use describe::{Described, OptionSpec};
pub use log::{debug, info, warning};
pub use row::{FromValue, Row};
pub use rule::{Finding, Migration, Rule, Severity, Statement};
pub use step::{Database, DatabaseError, Rows, Step};
pub use testing::{Test, test};
pub use transform::{Setup, Shape, Transform};

#[doc(hidden)]
pub use macros::__slot;
#[doc(hidden)]
pub use rule::RulePlugin;
#[doc(hidden)]
pub use step::StepPlugin;
#[doc(hidden)]
pub use transform::TransformPlugin;
