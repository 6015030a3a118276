//! Blocks of a migration that are backfills: a unit of their own, and one entry of the journal.
//!
//! The session that holds the locks does none of the work: workers have sessions of their own, which begin as any session
//! does. It advances the journal when the backfill is done, in the transaction that forgets its record.

use dunlin_compat::backfill::{Backfill, Work};
use dunlin_compat::model::{Block, MigrationStep, Server};

use super::RunError;
use super::error::BackfillFailure;
use super::event::{Event, Observer};
use super::opening::open_session;
use super::prepare::{Prepared, Statement, Unit, UnitMode};
use super::run::Runner;
use crate::backfill::{
    self, BackfillError, BackfillEvent, Batch, ByPlugin, Host, Options, Purpose, Request, Tables,
};
use crate::db::{Connection, DbError};
use crate::sql::Facts;

/// The unit of a backfill: one statement for journal and messages, which is never sent.
pub(super) fn unit<'p>(
    block: &'p Block,
    backfill: &'p Backfill,
    server: &Server,
) -> Result<Unit<'p>, RunError> {
    let source = &block.source;
    let heading = source.first_line.saturating_sub(1).max(1);
    if let Work::Sql { text } = &backfill.change.work {
        // Read as it stands in the file, so that the line is right.
        let refused = |bad: backfill::BadBatch| RunError::Refused {
            path: source.path.clone(),
            line: bad.line + source.first_line - 1,
            reason: bad.reason,
        };
        Batch::parse(&source.text, server).map_err(refused)?;
        debug_assert!(!text.is_empty(), "a batch has SQL");
    }
    let statement = Statement {
        text: shown(backfill),
        path: &source.path,
        line: heading,
        facts: Facts::default(),
        copy_data: None,
        plugin: None,
        is_of_body: true,
    };
    Ok(Unit {
        mode: UnitMode::Backfill,
        statements: vec![statement],
        program: None,
        backfill: Some(backfill),
        rebuilds_tables: false,
    })
}

/// What a plan shows of a backfill, and what its digest is made of: everything but its pace.
fn shown(backfill: &Backfill) -> String {
    let change = &backfill.change;
    let key = if change.key.is_empty() { "its primary key".to_owned() } else { change.key.join(", ") };
    let mut text = format!("-- backfill {}: {} in chunks by {key}", backfill.name, change.table);
    for (word, condition) in [("where", &change.filter), ("until", &change.until)] {
        if let Some(condition) = condition {
            text.push_str(&format!(", {word} {}", condition.replace(['\n', '\r'], " ")));
        }
    }
    match &change.work {
        Work::Sql { text: sql } => {
            text.push('\n');
            text.push_str(sql.trim_end().trim_end_matches(';'));
        }
        Work::Plugin { name, inverse } => {
            let how = if *inverse { "the inverse of plugin" } else { "plugin" };
            text.push_str(&format!(": {how} {name}"));
        }
    }
    text
}

impl Runner<'_> {
    /// Runs the backfill that is statement `number` of the migration, from where it is, and advances the journal.
    pub(super) fn run_backfill(
        &mut self,
        prepared: &Prepared<'_>,
        unit: &Unit<'_>,
        number: usize,
    ) -> Result<(), RunError> {
        let (Some(backfill), Some(statement)) = (unit.backfill, unit.statements.first()) else {
            return Ok(());
        };
        let failed = |error: BackfillError| {
            RunError::Backfill(Box::new(BackfillFailure {
                title: prepared.step.title.clone(),
                path: statement.path.to_path_buf(),
                line: statement.line,
                error,
            }))
        };
        let (adapter, options, open) = (self.adapter, self.options, self.open);
        let server = self.connection.server().clone();
        let schema = adapter.history_schema(&server);
        let history = adapter.history_table(&server);
        let session = |purpose: Purpose| match purpose {
            Purpose::Working => open_session(open, adapter, options).map_err(of_server),
            Purpose::Watching => open(),
        };
        let request = Request { backfill, history: &history, schema: &schema, version: None };
        let run_options = Options {
            lock_timeout: options.lock_timeout,
            attempts: options.attempts,
            lag_query: None,
            replicas: Vec::new(),
        };
        let mut host =
            Session { connection: self.connection.as_mut(), observer: self.observer, step: prepared.step };
        let summary = match &backfill.change.work {
            Work::Sql { text } => {
                let batch = Batch::parse(text, &server).map_err(|bad| failed(bad.refused()))?;
                backfill::run_batch(&request, &batch, &session, run_options, &mut host)
            }
            Work::Plugin { name, inverse } => {
                let transform = options.plugins.transform(name).map_err(|error| failed(error.into()))?;
                let by = ByPlugin { transform, inverse: *inverse, table: backfill.change.table.clone() };
                backfill::run_plugin(&request, &by, &session, run_options, &mut host)
            }
        }
        .map_err(failed)?;

        let tables = Tables::new(server.dialect, &schema);
        let mut after = self.own_rights(prepared);
        if summary.quarantined == 0 {
            after.push(tables.forget_record(&backfill.name));
        } else {
            after.push(tables.set_recorded(&backfill.name));
            let text = format!(
                "{} rows of {} are in the quarantine: `dunlin backfill status {}` lists them",
                summary.quarantined, backfill.change.table, backfill.name
            );
            self.observer.event(Event::Notice { text: &text });
        }
        after.push(self.journal.advance(number + 1, None));
        self.commit_together(&after, "recording that a backfill is done")?;
        // Others committed meanwhile, and they were we.
        self.note_data_version()
    }

    /// Drops the tables of backfills that nothing needs any more. Comes before the end of the journal, so that a run which
    /// is interrupted here comes back.
    pub(super) fn tidy_backfills(&mut self, prepared: &Prepared<'_>) -> Result<(), RunError> {
        if prepared.units.iter().all(|unit| unit.mode != UnitMode::Backfill) {
            return Ok(());
        }
        let server = self.connection.server();
        let tables = Tables::new(server.dialect, &self.adapter.history_schema(server));
        let open = || open_session(self.open, self.adapter, self.options).map_err(of_server);
        let mut connection = backfill::open_patiently(&open).map_err(RunError::server("connecting"))?;
        if let Err(error) = backfill::tidy(connection.as_mut(), &tables) {
            let text = error.to_string();
            self.observer.event(Event::Notice { text: &text });
        }
        drop(connection);
        self.note_data_version()
    }
}

/// What a server said, without what was being done.
fn of_server(error: RunError) -> DbError {
    match error {
        RunError::Server { error, .. } => error,
        other => DbError::new(crate::db::DbErrorKind::Configuration, other.to_string()),
    }
}

/// The session that holds the locks, while the workers work.
struct Session<'s> {
    connection: &'s mut dyn Connection,
    observer: &'s mut dyn Observer,
    step: &'s MigrationStep,
}

impl Host for Session<'_> {
    fn event(&mut self, event: BackfillEvent) {
        self.observer.event(Event::Backfill { step: self.step, event: &event });
    }

    /// A server may end a session that is silent for hours, and its locks with it.
    fn tick(&mut self) -> Result<(), DbError> {
        self.connection.execute("SELECT 1").map(drop)
    }
}
