//! Reading a history and what else an adapter needs. Writes nothing.

use dunlin_compat::model::{
    Adapter, AdapterError, Context, History, LockRow, Plan, Problem, Request, Row, StatusEntry, Unfinished,
};

use super::RunError;
use super::journal::{Entry, Journal};
use super::tables::{self, Found};
use crate::db::Connection;

/// What is being done when a history cannot be read, up to the table's name.
pub const READING_HISTORY: &str = "reading the history ";

/// Everything read from a database, for [`Context`]s.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The history.
    pub history: History,
    /// What was read beside it, and the answers to the adapter's inquiries.
    pub answers: Vec<Vec<Row>>,
    /// Whether the journal's table exists.
    pub journal_exists: bool,
    /// The half-done migration of this history.
    pub entry: Option<Entry>,
    /// One that the history has gone past ([`Adapter::still_unfinished`]).
    pub stale: Option<Entry>,
    unfinished: Option<Unfinished>,
}

impl Snapshot {
    /// Reads: one round trip where everything exists, another where something does not, and one for each inquiry.
    pub fn read(connection: &mut dyn Connection, adapter: &dyn Adapter) -> Result<Snapshot, RunError> {
        Snapshot::first(connection, adapter, &[], None).map(|(snapshot, _)| snapshot)
    }

    /// The same, with whether one of ours has the original tool's lock where that is a row, or died with it.
    pub fn with_lock(
        connection: &mut dyn Connection,
        adapter: &dyn Adapter,
    ) -> Result<(Snapshot, bool), RunError> {
        let lock_row = adapter.lock_row(connection.server());
        Snapshot::first(connection, adapter, &[], lock_row.as_ref())
    }

    /// The first look of a session: statements that begin it travel with it.
    pub(super) fn first(
        connection: &mut dyn Connection,
        adapter: &dyn Adapter,
        beginning: &[String],
        lock_row: Option<&LockRow>,
    ) -> Result<(Snapshot, bool), RunError> {
        let server = connection.server().clone();
        let journal = Journal::new(adapter, &server);
        let tables = [vec![adapter.history_queries(&server)], adapter.beside(&server)].concat();
        let found = tables::read(connection, &tables, &journal.exists_query(), beginning, lock_row);
        let Found { tables: read, journal_exists, lock_is_left } = found.map_err(|failure| {
            let doing = match failure.in_beginning {
                true => "preparing the session".to_owned(),
                false => format!("{READING_HISTORY}{}", adapter.history_table(&server)),
            };
            RunError::server(doing)(failure.error)
        })?;
        let entry = match journal_exists.then(|| journal.read(connection)) {
            None => None,
            Some(Ok(entry)) => entry,
            // A run that ended in between took its journal away, so everything is as new. That of another history may have
            // made it anew meanwhile.
            Some(Err(error)) if error.is_of_missing_table() => {
                return Snapshot::first(connection, adapter, &[], lock_row);
            }
            Some(Err(error)) => return Err(error),
        };
        let mut read = read.into_iter();
        let (exists, rows) = read.next().unwrap_or_default();
        let history = History { exists: !exists.is_empty(), rows };
        let mut answers: Vec<Vec<Row>> = read.flat_map(|(exists, rows)| [exists, rows]).collect();
        for inquiry in adapter.inquiries(&server, &history) {
            let outcome = connection.execute(&inquiry).map_err(RunError::server("asking the catalog"))?;
            answers.push(outcome.rows);
        }
        let unfinished = entry.as_ref().map(Entry::unfinished);
        let mut snapshot = Snapshot { history, answers, journal_exists, entry, stale: None, unfinished };
        if let Some(unfinished) = &snapshot.unfinished
            && !adapter.still_unfinished(&snapshot.context(connection), unfinished)
        {
            snapshot.stale = snapshot.entry.take();
            snapshot.unfinished = None;
        }
        Ok((snapshot, lock_is_left))
    }

    /// The context for an adapter's methods.
    pub fn context<'a>(&'a self, connection: &'a dyn Connection) -> Context<'a> {
        Context {
            server: connection.server(),
            history: &self.history,
            answers: &self.answers,
            unfinished: self.unfinished.as_ref(),
        }
    }
}

/// The status, in the tool's words.
pub fn status(
    connection: &mut dyn Connection,
    adapter: &dyn Adapter,
) -> Result<(Snapshot, Vec<StatusEntry>), RunError> {
    let snapshot = Snapshot::read(connection, adapter)?;
    let entries = adapter.status(&snapshot.context(connection))?;
    Ok((snapshot, entries))
}

/// What a run would do.
pub fn plan(
    connection: &mut dyn Connection,
    adapter: &dyn Adapter,
    request: &Request,
) -> Result<Plan, RunError> {
    let snapshot = Snapshot::read(connection, adapter)?;
    Ok(adapter.plan(&snapshot.context(connection), request)?)
}

/// What of the history does not fit the project.
pub fn validate(connection: &mut dyn Connection, adapter: &dyn Adapter) -> Result<Vec<Problem>, RunError> {
    let snapshot = Snapshot::read(connection, adapter)?;
    adapter.validate(&snapshot.context(connection)).map_err(|error: AdapterError| error.into())
}
