//! How long statements will take, and what they keep others from meanwhile: from the size of their tables, a speed measured on
//! this server, what the planner says of changes of rows, and how earlier estimates turned out.

mod explain;
mod measure;
mod record;

use std::path::PathBuf;
use std::time::Duration;

use crate::db::Connection;
use crate::ddl::{self, Change, ChangeKind, Effect, Known, ServerVersion, TableLock, TableName};
use crate::lint::{Expected, Facts, Migration, TableFacts};

pub use crate::ddl::Work;
pub use explain::{Explained, explain};
pub use measure::{ASSUMED, Extent, Speed, measure, tells};
pub use record::{Outcome, Record, RecordError};

/// What one change of a statement is expected to take.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The migration.
    pub migration: String,
    /// The file.
    pub path: PathBuf,
    /// The line of the statement, from 1.
    pub line: usize,
    /// The statement.
    pub statement: String,
    /// The table, if it is one that is there.
    pub table: Option<TableName>,
    /// What is known of it.
    pub facts: Option<TableFacts>,
    /// The lock that it takes on it.
    pub lock: TableLock,
    /// What costs the time.
    pub work: Work,
    /// What the planner says of a change of rows.
    pub explained: Option<Explained>,
    /// How long it will take, waiting for locks aside.
    pub duration: Duration,
}

/// How many times as long as reading it takes, before anything was learnt: sorting, writing, and writing ahead.
fn factor(work: Work) -> f64 {
    match work {
        Work::Catalog | Work::Read => 1.0,
        Work::Rows => 4.0,
        Work::Index => 3.0,
        Work::Rewrite => 4.0,
    }
}

/// What a change of the catalog takes, waiting aside.
const CATALOG: Duration = Duration::from_millis(5);

/// Estimates migrations. Tables that are not there yet cost nothing.
pub fn estimate(
    migrations: &[Migration],
    server: ServerVersion,
    facts: &dyn Facts,
    speed: Speed,
    record: &Record,
) -> Vec<Estimate> {
    let mut estimates = Vec::new();
    for migration in migrations {
        for statement in &migration.statements {
            let read = ddl::read(&statement.text, server);
            for change in &read.changes {
                let known =
                    |table: &TableName| facts.table(table).map_or_else(Known::default, |facts| facts.known);
                for effect in effects(&read, change, server, &known) {
                    let table = facts.table(&effect.table);
                    let work = Work::of(&change.kind, &effect);
                    let duration =
                        table.as_ref().map_or(CATALOG, |table| duration(table, work, speed, record));
                    estimates.push(Estimate {
                        migration: migration.id.clone(),
                        path: statement.path.clone(),
                        line: statement.line,
                        statement: statement.text.clone(),
                        table: table.is_some().then(|| effect.table.clone()),
                        facts: table,
                        lock: effect.lock,
                        work,
                        explained: None,
                        duration,
                    });
                }
            }
        }
    }
    estimates
}

/// The effects of a change; one of rows has none on the schema, but takes its time.
fn effects(
    statement: &ddl::Statement,
    change: &Change,
    server: ServerVersion,
    known: &dyn Fn(&TableName) -> Known,
) -> Vec<Effect> {
    let found = ddl::effects(statement, change, server, known);
    match &change.kind {
        ChangeKind::Rows(rows) if found.is_empty() => {
            vec![Effect { table: rows.table().clone(), lock: TableLock::None, rewrites: false, scans: true }]
        }
        _ => found,
    }
}

/// What such work on a table is expected to take.
pub fn expected(table: &TableFacts, work: Work, speed: Speed, record: &Record) -> Expected {
    Expected {
        duration: duration(table, work, speed, record),
        bytes_per_second: speed.bytes_per_second,
        is_measured: speed.is_measured,
        is_learnt: record.factor(work.name()).is_some(),
    }
}

fn duration(table: &TableFacts, work: Work, speed: Speed, record: &Record) -> Duration {
    let bytes = match work {
        Work::Catalog => return CATALOG,
        Work::Rewrite => table.bytes + table.index_bytes,
        Work::Read | Work::Rows | Work::Index => table.bytes,
    };
    CATALOG + of_bytes(bytes, work, speed, record)
}

fn of_bytes(bytes: u64, work: Work, speed: Speed, record: &Record) -> Duration {
    let seconds = bytes as f64 / speed.bytes_per_second.max(1) as f64;
    let learnt = record.factor(work.name()).unwrap_or(1.0);
    Duration::try_from_secs_f64(seconds * factor(work) * learnt).unwrap_or(Duration::MAX)
}

/// Asks the planner about the changes of rows, and corrects their estimates by the share of rows that they change.
pub fn ask_planner(
    estimates: &mut [Estimate],
    connection: &mut dyn Connection,
    speed: Speed,
    record: &Record,
) {
    for estimate in estimates.iter_mut().filter(|estimate| estimate.work == Work::Rows) {
        let Some(facts) = &estimate.facts else { continue };
        let explained = explain(connection, &estimate.statement);
        if let Some(rows) = explained.rows()
            && facts.rows > 0
        {
            let share = (rows as f64 / facts.rows as f64).min(1.0);
            let bytes = (facts.bytes as f64 * share) as u64;
            estimate.duration = CATALOG + of_bytes(bytes, Work::Rows, speed, record);
        }
        estimate.explained = Some(explained);
    }
}
