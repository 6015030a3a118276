//! Running a plugin in a test of its own, without WebAssembly.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use crate::bindings::transform::exports::dunlin::migration::transformer::Outcome;
use crate::bindings::types::{Column, Direction, Kind, Server, Value};
use crate::describe::Described;
use crate::transform::{Instance, Setup, Transform};

/// A plugin about to be run on rows.
#[derive(Debug)]
pub struct Test<T> {
    options: BTreeMap<String, String>,
    columns: Vec<Column>,
    direction: Direction,
    plugin: PhantomData<T>,
}

/// Runs a plugin without WebAssembly, with its options' defaults.
pub fn test<T: Described>() -> Test<T> {
    Test { options: BTreeMap::new(), columns: Vec::new(), direction: Direction::Up, plugin: PhantomData }
}

impl<T: Described> Test<T> {
    /// Sets an option.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Test<T> {
        self.options.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Adds a column of the table, for plugins that look at them.
    #[must_use]
    pub fn column(mut self, name: &str, kind: Kind) -> Test<T> {
        let declared = format!("{kind:?}").to_lowercase();
        self.columns.push(Column { name: name.to_owned(), kind, declared, nullable: true });
        self
    }

    /// Goes down.
    #[must_use]
    pub fn down(mut self) -> Test<T> {
        self.direction = Direction::Down;
        self
    }

    /// The plugin with its options, for functions of its own.
    ///
    /// # Errors
    /// An option is missing, unknown or not what it must be.
    pub fn plugin(&self) -> Result<T, String> {
        if let Some(unknown) = self.options.keys().find(|name| !T::OPTIONS.iter().any(|o| o.name == **name)) {
            return Err(format!("it has no option `{unknown}`"));
        }
        T::from_options(&|name| self.options.get(name).cloned())
    }
}

impl<T: Transform> Test<T> {
    /// Runs it on rows: for each the values of the columns that it reads.
    ///
    /// # Panics
    /// The plugin refuses its options or the table.
    pub fn run<R: Into<Vec<Value>>>(&self, rows: impl IntoIterator<Item = R>) -> Outcome {
        let rows: Vec<Vec<Value>> = rows.into_iter().map(Into::into).collect();
        match self.instance() {
            Ok(instance) => instance.run(&rows),
            Err(reason) => panic!("the plugin cannot be set up: {reason}"),
        }
    }

    /// Why it refuses its options or the table, if it does.
    pub fn refusal(&self) -> Option<String> {
        self.instance().err()
    }

    fn instance(&self) -> Result<Instance<T>, String> {
        self.plugin()?;
        let setup = Setup {
            server: Server { dialect: "postgresql".to_owned(), version: "15.0".to_owned() },
            table: "test".to_owned(),
            columns: self.columns.clone(),
            key: vec!["id".to_owned()],
            direction: self.direction,
        };
        Instance::new(&|name| self.options.get(name).cloned(), &setup)
    }
}
