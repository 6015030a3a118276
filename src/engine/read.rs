//! Reading a history and what else an adapter needs. Writes nothing.

use dunlin_compat::model::{
    Adapter, AdapterError, Context, History, Plan, Problem, Request, Row, StatusEntry, Unfinished,
};

use super::RunError;
use super::journal::{Entry, Journal};
use crate::db::Connection;

/// What is being done when a history cannot be read, up to the table's name.
pub const READING_HISTORY: &str = "reading the history ";

/// Everything read from a database, for [`Context`]s.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The history.
    pub history: History,
    /// The answers to the adapter's inquiries.
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
    /// Reads. One round trip to see what exists, one for the history, one for each inquiry.
    pub fn read(connection: &mut dyn Connection, adapter: &dyn Adapter) -> Result<Snapshot, RunError> {
        let server = connection.server().clone();
        let queries = adapter.history_queries(&server);
        let journal = Journal::new(adapter, &server);
        let reading = || RunError::server(format!("{READING_HISTORY}{}", adapter.history_table(&server)));
        let exists = connection
            .execute_many(&[&queries.exists, &journal.exists_query()])
            .map_err(|failure| reading()(failure.error))?;
        let has_rows = |index: usize| exists.get(index).is_some_and(|outcome| !outcome.rows.is_empty());
        let (history_exists, journal_exists) = (has_rows(0), has_rows(1));
        let rows = if history_exists {
            connection.execute(&queries.rows).map_err(reading())?.rows
        } else {
            Vec::new()
        };
        let entry = match journal_exists.then(|| journal.read(connection)) {
            None => None,
            Some(Ok(entry)) => entry,
            // A run that ended in between took its journal away, so everything is as new. That of another history may have
            // made it anew meanwhile.
            Some(Err(error)) if error.is_of_missing_table() => return Snapshot::read(connection, adapter),
            Some(Err(error)) => return Err(error),
        };
        let history = History { exists: history_exists, rows };
        let mut answers = Vec::new();
        let mut ask = |inquiries: Vec<String>, answers: &mut Vec<Vec<Row>>| {
            for inquiry in inquiries {
                let outcome = connection.execute(&inquiry).map_err(RunError::server("asking the catalog"))?;
                answers.push(outcome.rows);
            }
            Ok::<(), RunError>(())
        };
        ask(adapter.inquiries(&server, &history), &mut answers)?;
        ask(adapter.further_inquiries(&server, &answers), &mut answers)?;
        let unfinished = entry.as_ref().map(Entry::unfinished);
        let mut snapshot = Snapshot { history, answers, journal_exists, entry, stale: None, unfinished };
        if let Some(unfinished) = &snapshot.unfinished
            && !adapter.still_unfinished(&snapshot.context(connection), unfinished)
        {
            snapshot.stale = snapshot.entry.take();
            snapshot.unfinished = None;
        }
        Ok(snapshot)
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
