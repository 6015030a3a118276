//! Plugins that change rows.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::describe::exports::dunlin::migration::plugin;
use crate::bindings::transform::exports::dunlin::migration::transformer;
use crate::bindings::types::{Column, Direction, Server, Value};
use crate::change::{Change, Failure};
use crate::describe::{Described, about, lookup};
use crate::row::Row;

/// A plugin that changes rows. What a row becomes depends on the row and the options alone: an engine runs several
/// instances, and may drop one at any time.
pub trait Transform: Described {
    /// Whether [`Transform::inverse`] does something.
    const REVERSIBLE: bool = false;

    /// What becomes of a row on the way up.
    ///
    /// # Errors
    /// This row cannot be changed.
    fn transform(&self, row: &Row<'_>) -> Result<Change, Failure>;

    /// What becomes of a row on the way down, where the columns that are read and written have changed places.
    ///
    /// # Errors
    /// This row cannot be changed back.
    fn inverse(&self, row: &Row<'_>) -> Result<Change, Failure> {
        let _ = row;
        Err(Failure::new("this plugin has no inverse"))
    }

    /// Which columns are read and written. By default those of the struct, the other way round on the way down.
    ///
    /// # Errors
    /// The table or the options do not do.
    fn shape(&self, setup: &Setup) -> Result<Shape, String> {
        let (reads, writes) = (self.read_columns(), self.written_columns());
        Ok(match setup.direction {
            Direction::Up => Shape { reads, writes },
            Direction::Down => Shape { reads: writes, writes: reads },
        })
    }
}

/// What a plugin works on.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// The server.
    pub server: Server,
    /// The table's name.
    pub table: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The columns by which a row is found again; they cannot be written.
    pub key: Vec<String>,
    /// Up, or down.
    pub direction: Direction,
}

impl Setup {
    /// A column of the table.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn column(&self, name: &str) -> Result<&Column, String> {
        let column = self.columns.iter().find(|column| column.name == name);
        column.ok_or_else(|| format!("the table {} has no column {name}", self.table))
    }
}

/// Which columns matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// What a row has, in this order.
    pub reads: Vec<String>,
    /// What a change has, in this order.
    pub writes: Vec<String>,
}

/// A plugin that is set up.
pub(crate) struct Instance<T> {
    plugin: T,
    pub(crate) shape: Shape,
    targets: Vec<Column>,
    direction: Direction,
}

impl<T: Transform> Instance<T> {
    pub(crate) fn new(
        options: &dyn Fn(&str) -> Option<String>,
        setup: &Setup,
    ) -> Result<Instance<T>, String> {
        let plugin = T::from_options(options)?;
        let shape = plugin.shape(setup)?;
        // The engine says which column is missing, better than could be said here.
        let targets = shape.writes.iter().filter_map(|name| setup.column(name).ok().cloned()).collect();
        Ok(Instance { plugin, shape, targets, direction: setup.direction })
    }

    pub(crate) fn run(&self, rows: &[Vec<Value>]) -> transformer::Outcome {
        let mut changes = Vec::with_capacity(rows.len());
        let mut failures = Vec::new();
        for (row, values) in (0..).zip(rows) {
            let input = Row { columns: &self.shape.reads, values, targets: &self.targets };
            let result = match self.direction {
                Direction::Up => self.plugin.transform(&input),
                Direction::Down => self.plugin.inverse(&input),
            };
            match result {
                Ok(Change::Keep) => {}
                Ok(Change::Set(values)) => changes.push(transformer::Change { row, values }),
                Err(Failure { column, message }) => {
                    failures.push(transformer::RowFailure { row, column, message });
                }
            }
        }
        transformer::Outcome { changes, failures }
    }
}

/// Where the one instance of a module lives; the macro makes it.
pub trait TransformPlugin: Transform + 'static {
    /// Calls `work` with the place.
    #[doc(hidden)]
    fn with<R>(work: impl FnOnce(&RefCell<Option<Slot<Self>>>) -> R) -> R;
}

/// What the place holds.
#[doc(hidden)]
pub struct Slot<T>(Instance<T>);

/// The interface, implemented by a plugin.
#[doc(hidden)]
pub struct Export<T>(PhantomData<T>);

impl<T: TransformPlugin> plugin::Guest for Export<T> {
    fn describe() -> plugin::About {
        crate::log::report_panics();
        about::<T>(T::REVERSIBLE)
    }
}

impl<T: TransformPlugin> transformer::Guest for Export<T> {
    fn init(setup: transformer::Setup) -> Result<transformer::Shape, String> {
        crate::log::report_panics();
        let transformer::Setup { options, server, table, columns, key, direction } = setup;
        let options = lookup(options);
        let instance = Instance::<T>::new(&options, &Setup { server, table, columns, key, direction })?;
        let shape = instance.shape.clone();
        T::with(|place| *place.borrow_mut() = Some(Slot(instance)));
        Ok(transformer::Shape { reads: shape.reads, writes: shape.writes })
    }

    fn transform(rows: Vec<Vec<Value>>) -> Result<transformer::Outcome, String> {
        T::with(|place| match &*place.borrow() {
            Some(Slot(instance)) => Ok(instance.run(&rows)),
            None => Err("the plugin was not set up".to_owned()),
        })
    }
}
