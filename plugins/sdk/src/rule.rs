//! Plugins that check migrations.

use std::marker::PhantomData;

use crate::bindings::describe::exports::dunlin::migration::plugin;
use crate::bindings::rule::exports::dunlin::migration::linter;
use crate::bindings::types::Setting;
use crate::describe::{Described, about, lookup};

pub use linter::{Finding, Migration, Severity, Statement};

/// A plugin that checks migrations.
pub trait Rule: Described {
    /// Looks at one migration.
    ///
    /// # Errors
    /// It cannot be checked.
    fn check(&self, migration: &Migration) -> Result<Vec<Finding>, String>;
}

/// Marks what [`crate::rule!`] exports.
pub trait RulePlugin: Rule + 'static {}

/// The interface, implemented by a plugin.
#[doc(hidden)]
pub struct Export<T>(PhantomData<T>);

impl<T: RulePlugin> plugin::Guest for Export<T> {
    fn describe() -> plugin::About {
        crate::log::report_panics();
        about::<T>(false)
    }
}

impl<T: RulePlugin> linter::Guest for Export<T> {
    fn check(migration: Migration, options: Vec<Setting>) -> Result<Vec<Finding>, String> {
        crate::log::report_panics();
        let rule = T::from_options(&lookup(options))?;
        rule.check(&migration)
    }
}
