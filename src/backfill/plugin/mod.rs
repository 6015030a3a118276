//! Backfills by plugins: a chunk's rows are read, handed to the plugin, and written back, in the chunk's own transaction.

mod columns;
mod read;
mod values;
mod write;

use dunlin_compat::model::{Dialect, Server};
use serde_json::json;

use super::BackfillError;
use super::key::KeyValue;
use super::work::{Changed, Chunk, FailedRow, RowTransform, WorkError};
use crate::db::Connection;
use crate::plugin::{self, Direction, Level, PluginError, Transform, Transformer, Value};
use columns::TableColumn;
use write::Written;

pub use values::{mysql_kind, of_stored, of_text, postgres_kind, sqlite_kind, unwritable};

/// Which plugin changes the rows, and how.
#[derive(Debug, Clone)]
pub struct ByPlugin {
    /// The plugin.
    pub transform: Transform,
    /// Whether its inverse runs.
    pub inverse: bool,
    /// The table, as written.
    pub table: String,
}

impl ByPlugin {
    /// What decides what becomes of a row, as one text: digest, options, grants. Of a secret it has where it comes from.
    pub fn version(&self) -> String {
        let identity = self.transform.identity();
        let settings = self.transform.plugin().settings();
        let options = settings.options.iter().map(|(name, option)| {
            let shown = match &option.reference {
                Some(reference) => json!({ "from": reference }),
                None => json!(option.value),
            };
            (name.clone(), shown)
        });
        json!({
            "plugin": identity.name,
            "version": identity.version.to_string(),
            "sha256": identity.sha256,
            "options": options.collect::<serde_json::Map<_, _>>(),
            "grants": settings.grants.words(),
        })
        .to_string()
    }

    /// Whether the plugin takes the table; nothing is changed.
    pub(super) fn check(
        &self,
        connection: &mut dyn Connection,
        chunk: &Chunk<'_>,
    ) -> Result<(), BackfillError> {
        if let Some(reason) = obstacle(connection.server()) {
            return Err(BackfillError::refused(reason, "Write the change as SQL, or use a newer server."));
        }
        AtWork::begin(self, connection, chunk).map(drop)
    }

    /// A worker's own instance, which is made when it has its first chunk.
    pub(super) fn worker(&self) -> PluginTransform {
        PluginTransform { by: self.clone(), at_work: None }
    }
}

/// Why a server is too old, if it is.
fn obstacle(server: &Server) -> Option<String> {
    let too_old = server.dialect == Dialect::Mysql && server.version < (8, 0, 19);
    too_old.then(|| {
        format!(
            "backfills by plugins need MySQL 8.0.19 or newer, for VALUES; this is {}",
            server.version_text
        )
    })
}

/// Changes rows with a plugin.
pub(super) struct PluginTransform {
    by: ByPlugin,
    at_work: Option<AtWork>,
}

/// An instance that has seen the table.
struct AtWork {
    transformer: Transformer,
    /// The columns of the table.
    columns: Vec<TableColumn>,
}

impl AtWork {
    fn begin(
        by: &ByPlugin,
        connection: &mut dyn Connection,
        chunk: &Chunk<'_>,
    ) -> Result<AtWork, BackfillError> {
        let columns = columns::find(connection, &by.table)?;
        let server = connection.server();
        let table = plugin::Table {
            dialect: server.dialect,
            version: server.version_text.clone(),
            name: by.table.clone(),
            columns: columns.iter().map(|column| column.column.clone()).collect(),
            key: chunk.key().columns.iter().map(|column| column.name.clone()).collect(),
            direction: if by.inverse { Direction::Down } else { Direction::Up },
        };
        Ok(AtWork { transformer: by.transform.start(&table)?, columns })
    }
}

/// The columns of these names, in their order.
fn named<'c, 'n>(columns: &'c [TableColumn], names: impl Iterator<Item = &'n str>) -> Vec<&'c TableColumn> {
    names.filter_map(|name| columns.iter().find(|column| column.column.name == name)).collect()
}

impl RowTransform for PluginTransform {
    fn run(&mut self, connection: &mut dyn Connection, chunk: &Chunk<'_>) -> Result<Changed, WorkError> {
        let mut at_work = match self.at_work.take() {
            Some(at_work) => at_work,
            None => AtWork::begin(&self.by, connection, chunk).map_err(WorkError::Fatal)?,
        };
        let result = run(&mut at_work, connection, chunk);
        self.at_work = Some(at_work);
        result
    }
}

fn run(
    at_work: &mut AtWork,
    connection: &mut dyn Connection,
    chunk: &Chunk<'_>,
) -> Result<Changed, WorkError> {
    let AtWork { transformer, columns } = at_work;
    let server = connection.server();
    let (dialect, version) = (server.dialect, server.version);
    let shape = transformer.shape().clone();
    let reads = named(columns, shape.reads.iter().map(|column| column.name.as_str()));
    let width = chunk.key().columns.len();
    if dialect == Dialect::Postgres && version < (12, 0, 0) {
        connection.execute("SET LOCAL extra_float_digits = 3")?;
    }
    let cells = read::cells(connection, &read::query(dialect, chunk, &reads))?;
    let (keys, rows): (Vec<KeyValue>, Vec<Vec<Value>>) =
        cells.into_iter().map(|cells| read::row(dialect, cells, width, &reads)).unzip();
    let bytes = rows.iter().flatten().map(Value::size).sum::<usize>() as u64;
    let name = |row: usize| keys.get(row).map(|key| chunk.key().describe(key)).unwrap_or_default();

    let outcome = transformer.run(&rows, &name).map_err(|error| {
        let too_large = error.is_about_size();
        let error = BackfillError::from(PluginError::from(error));
        if too_large { WorkError::TooLarge(error) } else { WorkError::Fatal(error) }
    })?;
    let title = transformer.title();
    let fail = |row: usize, column: Option<&str>, reason: &str| {
        let column = column.map(|column| format!(", column {column}")).unwrap_or_default();
        let key = keys.get(row)?.clone();
        Some(FailedRow { key, message: format!("plugin {title}{column}: {reason}") })
    };
    let mut failed: Vec<FailedRow> = outcome
        .failures
        .iter()
        .filter_map(|failure| fail(failure.row, failure.column.as_deref(), &failure.message))
        .collect();
    let mut written: Vec<Written<'_>> = Vec::with_capacity(outcome.changes.len());
    for change in &outcome.changes {
        let row = change.row as usize;
        let unwritable = change
            .values
            .iter()
            .zip(&shape.writes)
            .find_map(|(value, column)| Some((column.name.as_str(), unwritable(dialect, value)?)));
        match (unwritable, keys.get(row)) {
            (Some((column, reason)), _) => failed.extend(fail(row, Some(column), reason)),
            (None, Some(key)) => written.push(Written { key, values: &change.values }),
            (None, None) => {}
        }
    }
    let key_columns = named(columns, chunk.key().columns.iter().map(|column| column.name.as_str()));
    let writes = named(columns, shape.writes.iter().map(|column| column.name.as_str()));
    let mut changed = 0;
    for statement in write::statements(dialect, chunk, &key_columns, &writes, &written) {
        changed += connection.execute(&statement)?.affected;
    }
    let messages = transformer.take_messages().into_iter();
    let notes = messages
        .filter(|message| message.level != Level::Debug)
        .map(|message| format!("{title}: {}", message.text));
    Ok(Changed { rows: changed, bytes, failed, notes: notes.collect() })
}
