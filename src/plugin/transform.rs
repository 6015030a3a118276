//! Plugins that change rows.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dunlin_compat::model::Dialect;

use super::bindings::transformer::{self, Change, GuestIndices, Setup};
use super::bindings::types::{Direction, Server};
use super::error::{CallError, Cause, PluginError};
use super::log::Message;
use super::package::{Identity, Plugin, Running, World};
use super::settings::PluginSettings;
use super::value::{Column, Value, misfit};
use crate::wasm::{Exceeded, Metered as _};

/// A plugin of the world `transform`. Cheap to clone, and usable from any thread.
#[derive(Debug, Clone)]
pub struct Transform {
    plugin: Arc<Plugin>,
}

/// The table whose rows are changed.
#[derive(Debug, Clone)]
pub struct Table {
    /// What the server speaks.
    pub dialect: Dialect,
    /// The server's version as it says it.
    pub version: String,
    /// The table's name.
    pub name: String,
    /// All its columns.
    pub columns: Vec<Column>,
    /// The columns by which a row is found again.
    pub key: Vec<String>,
    /// Up, or down with the plugin's inverse.
    pub direction: Direction,
}

/// Which columns matter to a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What each row that is given must have, in this order.
    pub reads: Vec<Column>,
    /// What each change has, in this order.
    pub writes: Vec<Column>,
}

/// What became of a chunk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// New values, in the order of the rows, at most one change for a row. They fit their columns.
    pub changes: Vec<Change>,
    /// Rows that the plugin could not change, in the order of the rows.
    pub failures: Vec<RowFailure>,
}

/// A row that the plugin could not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFailure {
    /// The row of the chunk, from 0.
    pub row: usize,
    /// The column whose value is the reason.
    pub column: Option<String>,
    /// Why.
    pub message: String,
}

impl Transform {
    /// Loads a plugin that changes rows.
    ///
    /// # Errors
    /// Those of [`Plugin::load`], and that it is for something else.
    pub fn load(path: &Path, settings: &PluginSettings) -> Result<Transform, PluginError> {
        Transform::of(Arc::new(Plugin::load(path, settings)?))
    }

    /// The same of a plugin that is loaded.
    ///
    /// # Errors
    /// It is for something else.
    pub fn of(plugin: Arc<Plugin>) -> Result<Transform, PluginError> {
        plugin.demand(World::Transform)?;
        Ok(Transform { plugin })
    }

    /// The plugin.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// What is recorded of it.
    pub fn identity(&self) -> &Identity {
        self.plugin.identity()
    }

    /// An instance for one worker, which has seen the options and the table.
    ///
    /// # Errors
    /// The options or the table do not do, or the plugin fails.
    pub fn start(&self, table: &Table) -> Result<Transformer, PluginError> {
        let plugin = &self.plugin;
        if table.direction == Direction::Down && !plugin.about().reversible {
            return Err(plugin.setup("it has no inverse, so there is no way down with it"));
        }
        let setup = Setup {
            options: plugin.options()?,
            server: Server {
                dialect: dialect_name(table.dialect).to_owned(),
                version: table.version.clone(),
            },
            table: table.name.clone(),
            columns: table.columns.clone(),
            key: table.key.clone(),
            direction: table.direction,
        };
        let indices = GuestIndices::new(plugin.pre()).map_err(|error| plugin.invalid(&error))?;
        let (live, shape) = begin(plugin, &indices, &setup)?;
        let shape = resolve(plugin, &shape, table)?;
        Ok(Transformer {
            plugin: Arc::clone(plugin),
            dialect: table.dialect,
            setup,
            indices,
            shape,
            live: Some(live),
        })
    }
}

/// What plugins call a dialect.
pub fn dialect_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "postgresql",
        Dialect::Mysql => "mysql",
        Dialect::Mariadb => "mariadb",
        Dialect::Sqlite => "sqlite",
    }
}

struct Live {
    running: Running,
    guest: transformer::Guest,
}

/// Instantiates the plugin and calls `init`.
fn begin(
    plugin: &Plugin,
    indices: &GuestIndices,
    setup: &Setup,
) -> Result<(Live, transformer::Shape), PluginError> {
    let mut running = plugin.instantiate()?;
    let guest =
        indices.load(&mut running.store, &running.instance).map_err(|error| plugin.invalid(&error))?;
    match running.call(|store| guest.call_init(store, setup)) {
        Ok(Ok(shape)) => Ok((Live { running, guest }, shape)),
        Ok(Err(message)) => Err(plugin.failed(running.refusal(&message)).into()),
        Err(cause) => Err(plugin.failed(cause).into()),
    }
}

/// Finds the columns that a plugin names.
fn resolve(plugin: &Plugin, shape: &transformer::Shape, table: &Table) -> Result<Shape, PluginError> {
    let wrong = |column: &str, cause: Cause| {
        PluginError::from(CallError { column: Some(column.to_owned()), ..plugin.failed(cause) })
    };
    let find = |what: &str, names: &[String]| {
        let mut columns: Vec<Column> = Vec::with_capacity(names.len());
        for name in names {
            let column = table.columns.iter().find(|column| column.name == *name).ok_or_else(|| {
                let reason = format!("it {what} a column that the table {} does not have", table.name);
                wrong(name, Cause::WrongColumn(reason))
            })?;
            if columns.iter().any(|earlier| earlier.name == *name) {
                return Err(wrong(name, Cause::WrongColumn(format!("it {what} the column twice"))));
            }
            columns.push(column.clone());
        }
        Ok(columns)
    };
    let shape = Shape { reads: find("reads", &shape.reads)?, writes: find("writes", &shape.writes)? };
    if let Some(column) = shape.writes.iter().find(|column| table.key.contains(&column.name)) {
        let reason = "it writes a column of the key, by which rows are found again";
        return Err(wrong(&column.name, Cause::ChangedKey(reason.to_owned())));
    }
    if shape.writes.is_empty() {
        return Err(plugin.setup("it writes no column"));
    }
    Ok(shape)
}

/// Whether the row that is to blame can be looked for in a time for which others can wait: the rows of a chunk are locked
/// meanwhile. Where not, the caller tries smaller chunks.
fn is_soon_found(cause: &Cause, rows: usize) -> bool {
    const LONGEST: Duration = Duration::from_secs(3);
    match cause {
        Cause::Exceeded(Exceeded::Time(limit)) => limit.saturating_mul(2 * (rows.ilog2() + 1)) <= LONGEST,
        _ => true,
    }
}

/// An instance at work on one table.
pub struct Transformer {
    plugin: Arc<Plugin>,
    dialect: Dialect,
    setup: Setup,
    indices: GuestIndices,
    shape: Shape,
    /// None after it trapped: its memory is in no defined state then.
    live: Option<Live>,
}

impl fmt::Debug for Transformer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Transformer")
            .field("plugin", self.plugin.identity())
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

impl Transformer {
    /// Which columns it reads and writes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The plugin's name and version.
    pub fn title(&self) -> String {
        self.plugin.title()
    }

    /// What it said since it was last asked.
    pub fn take_messages(&mut self) -> Vec<Message> {
        self.live.as_mut().map(|live| live.running.store.data_mut().log.take()).unwrap_or_default()
    }

    /// The most memory that the instance has used, in bytes.
    pub fn memory(&mut self) -> usize {
        self.live.as_mut().map_or(0, |live| live.running.store.data_mut().meter().most_memory())
    }

    /// Transforms a chunk: for each row the values of [`Shape::reads`]. `key` names a row in errors: `id=7`.
    ///
    /// A plugin that crashes or runs into a limit is run again on parts of the chunk, to find the row that is to blame;
    /// rows are independent of each other, so that changes nothing. After an error the next call begins with a new
    /// instance.
    ///
    /// # Errors
    /// The plugin failed as a whole or broke its contract: nothing of the chunk may be written.
    pub fn run(&mut self, rows: &[Vec<Value>], key: &dyn Fn(usize) -> String) -> Result<Outcome, CallError> {
        let result = self.call(rows).and_then(|outcome| self.checked(outcome, rows.len()));
        let mut error = match result {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        self.live = None;
        let crashed = matches!(error.cause, Cause::Trap(_) | Cause::Exceeded(_) | Cause::NotGranted(_));
        if crashed && error.row.is_none() {
            error.row = match rows.len() {
                1 => Some(0),
                0 => None,
                many if is_soon_found(&error.cause, many) => self.culprit(rows),
                _ => None,
            };
        }
        let within = |row: &usize| *row < rows.len();
        error.place = match error.row.filter(within) {
            Some(row) => Some(format!("row {}", key(row))),
            None if rows.is_empty() => None,
            None => Some(format!("rows {} to {}", key(0), key(rows.len() - 1))),
        };
        Err(error)
    }

    fn call(&mut self, rows: &[Vec<Value>]) -> Result<transformer::Outcome, CallError> {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => self.begin_again()?,
        };
        let guest = &live.guest;
        match live.running.call(|store| guest.call_transform(store, rows)) {
            Ok(Ok(outcome)) => {
                self.live = Some(live);
                Ok(outcome)
            }
            Ok(Err(message)) => Err(self.plugin.failed(live.running.refusal(&message))),
            Err(cause) => Err(self.plugin.failed(cause)),
        }
    }

    fn begin_again(&self) -> Result<Live, CallError> {
        match begin(&self.plugin, &self.indices, &self.setup) {
            Ok((live, _)) => Ok(live),
            Err(PluginError::Call(error)) => Err(*error),
            Err(other) => Err(self.plugin.failed(Cause::Trap(other.to_string()))),
        }
    }

    /// The row that makes the plugin fail, found by halves; `None` when no single one does.
    fn culprit(&mut self, rows: &[Vec<Value>]) -> Option<usize> {
        let (mut first, mut end) = (0, rows.len());
        while end - first > 1 {
            let middle = first + (end - first) / 2;
            if self.fails(rows.get(first..middle)?) {
                end = middle;
            } else if self.fails(rows.get(middle..end)?) {
                first = middle;
            } else {
                return None;
            }
        }
        (end > first && self.fails(rows.get(first..end)?)).then_some(first)
    }

    fn fails(&mut self, rows: &[Vec<Value>]) -> bool {
        self.live = None;
        self.call(rows).is_err()
    }

    /// Holds what came back to the contract.
    fn checked(&self, outcome: transformer::Outcome, rows: usize) -> Result<Outcome, CallError> {
        let fail = |row: Option<usize>, column: Option<&str>, cause: Cause| CallError {
            row,
            column: column.map(str::to_owned),
            ..self.plugin.failed(cause)
        };
        let mut seen = vec![false; rows];
        let mut once = |row: u32| {
            let row = row as usize;
            match seen.get_mut(row) {
                Some(seen) if !*seen => {
                    *seen = true;
                    Ok(row)
                }
                Some(_) => {
                    let reason = "it changed the row twice, so one of the changes is for another row's key";
                    Err(fail(Some(row), None, Cause::ChangedKey(reason.to_owned())))
                }
                None => {
                    let reason = format!(
                        "it changed row {row} of a chunk that has {rows}: a key that it was not given"
                    );
                    Err(fail(None, None, Cause::ChangedKey(reason)))
                }
            }
        };
        for change in &outcome.changes {
            let row = once(change.row)?;
            if change.values.len() != self.shape.writes.len() {
                let reason =
                    format!("it gave {} values for {} columns", change.values.len(), self.shape.writes.len());
                let column = self.shape.writes.get(change.values.len()).map(|column| column.name.as_str());
                return Err(fail(Some(row), column, Cause::WrongColumn(reason)));
            }
            for (value, column) in change.values.iter().zip(&self.shape.writes) {
                if let Some(reason) = misfit(value, column, self.dialect) {
                    return Err(fail(Some(row), Some(&column.name), Cause::WrongType(reason)));
                }
            }
        }
        let mut failures = Vec::with_capacity(outcome.failures.len());
        for failure in outcome.failures {
            let row = once(failure.row)?;
            let known = |name: &String| self.setup.columns.iter().any(|column| column.name == *name);
            if let Some(column) = failure.column.as_ref().filter(|name| !known(name)) {
                let reason = format!("it blames a column that the table {} does not have", self.setup.table);
                return Err(fail(Some(row), Some(column), Cause::WrongColumn(reason)));
            }
            let message = self.live.as_ref().map_or_else(
                || failure.message.clone(),
                |live| live.running.store.data().log.masked(&failure.message),
            );
            failures.push(RowFailure { row, column: failure.column, message });
        }
        let mut changes = outcome.changes;
        changes.sort_by_key(|change| change.row);
        failures.sort_by_key(|failure| failure.row);
        Ok(Outcome { changes, failures })
    }
}

impl CallError {
    /// Whether a smaller chunk may do: the plugin ran into a limit that grows with the rows.
    pub fn is_about_size(&self) -> bool {
        self.row.is_none()
            && matches!(
                self.cause,
                Cause::Exceeded(Exceeded::Memory(_) | Exceeded::Time(_) | Exceeded::Output(_))
            )
    }
}
