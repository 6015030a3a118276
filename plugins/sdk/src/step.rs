//! Plugins that do a migration's step.

use std::marker::PhantomData;

use crate::bindings::describe::exports::dunlin::migration::plugin;
use crate::bindings::step::exports::dunlin::migration::stepper;
use crate::bindings::types::{Direction, Server, Setting, Value};
use crate::describe::{Described, about, lookup};

pub use crate::bindings::database::{Error as DatabaseError, Rows};

/// A plugin that does a migration's step.
pub trait Step: Described {
    /// Whether [`Step::down`] does something.
    const REVERSIBLE: bool = false;

    /// Does the step.
    ///
    /// # Errors
    /// Everything that the migration did is rolled back.
    fn up(&self, database: &mut dyn Database) -> Result<(), String>;

    /// Takes the step back.
    ///
    /// # Errors
    /// Everything that the migration did is rolled back.
    fn down(&self, database: &mut dyn Database) -> Result<(), String> {
        let _ = database;
        Err("this plugin has no inverse".to_owned())
    }
}

/// The database, inside the migration's own transaction. Tests implement it over whatever they like.
pub trait Database {
    /// What the session is connected to.
    fn server(&self) -> Server;

    /// Runs one statement that returns rows. Parameters stand as `$1` on PostgreSQL and as `?` elsewhere.
    ///
    /// # Errors
    /// What the server said.
    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError>;

    /// Runs one statement that returns none; gives the number of rows affected.
    ///
    /// # Errors
    /// What the server said.
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseError>;
}

impl From<DatabaseError> for String {
    fn from(error: DatabaseError) -> String {
        match error.code {
            Some(code) => format!("{} [{code}]", error.message),
            None => error.message,
        }
    }
}

/// Marks what [`crate::step!`] exports.
pub trait StepPlugin: Step + 'static {}

/// The interface, implemented by a plugin.
#[doc(hidden)]
pub struct Export<T>(PhantomData<T>);

impl<T: StepPlugin> plugin::Guest for Export<T> {
    fn describe() -> plugin::About {
        crate::log::report_panics();
        about::<T>(T::REVERSIBLE)
    }
}

impl<T: StepPlugin> stepper::Guest for Export<T> {
    fn run(direction: Direction, options: Vec<Setting>) -> Result<(), String> {
        crate::log::report_panics();
        let step = T::from_options(&lookup(options))?;
        match direction {
            Direction::Up => step.up(&mut Session),
            Direction::Down => step.down(&mut Session),
        }
    }
}

/// The engine's session.
struct Session;

impl Database for Session {
    fn server(&self) -> Server {
        crate::bindings::database::connected_to()
    }

    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        crate::bindings::database::query(sql, parameters)
    }

    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseError> {
        crate::bindings::database::execute(sql, parameters)
    }
}
