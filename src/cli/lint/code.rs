//! The statements of migrations that are code: learnt by running them on a scratch database.

use std::collections::BTreeMap;

use dunlin_compat::model::Server;

use crate::cli::failure::Failure;
use crate::cli::history;
use crate::cli::project::Project;
use crate::cli::scratch::ScratchArgs;
use crate::lint::{Migration, Statement};
use crate::sql;
use crate::trace::Traced;
use crate::verify::{Live, VerifyError, replay, statements};

/// What migrations sent, by their ids, and what could not be learnt.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    by_migration: BTreeMap<String, Vec<Traced>>,
    /// Why the rest is not known.
    pub(super) stopped: Option<String>,
    /// Tables in which records are kept.
    records: Vec<String>,
}

/// Runs what is pending on a scratch database that is brought to where the live one is.
pub(super) fn learn(
    project: &Project,
    scratch: &ScratchArgs,
    live: &Live,
    server: &Server,
) -> Result<Learnt, Failure> {
    let scope = history::scope(Some(project.adapter()), server);
    let bare = |table: &String| table.rsplit('.').next().unwrap_or(table).trim_matches(['"', '`']).to_owned();
    let records = scope.without_tables.iter().map(bare).collect();
    let maker = scratch.maker(project, false)?;
    let sent = project.with_bench(scope, |bench| {
        let scratch = maker.make()?;
        replay(bench, &scratch, live, maker.is_filled())?;
        let sent = statements(bench, &scratch);
        scratch.remove()?;
        Ok::<_, VerifyError>(sent)
    })?;
    let mut learnt = Learnt { records, ..Learnt::default() };
    learnt.stopped = sent.stopped.map(|error| error.to_string());
    for traced in sent.statements.into_iter().filter(|traced| !traced.migration.is_empty()) {
        learnt.by_migration.entry(traced.migration.clone()).or_default().push(traced);
    }
    Ok(learnt)
}

impl Learnt {
    /// Gives a migration that is code its statements, if they are known.
    pub(super) fn fill(&self, migration: &mut Migration, server: &Server) {
        let Some(sent) = self.by_migration.get(&migration.id).filter(|_| migration.is_code) else { return };
        let mut transaction = 0;
        for traced in sent {
            let word = sql::first_word(&traced.sql, server.dialect);
            match word.as_str() {
                "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "END" => {
                    transaction += 1;
                    continue;
                }
                "SAVEPOINT" | "RELEASE" | "SELECT" | "SHOW" => continue,
                _ => {}
            }
            if !traced.done || self.records.iter().any(|record| traced.sql.contains(record.as_str())) {
                continue;
            }
            migration.statements.push(Statement {
                text: traced.sql.clone(),
                path: migration.path.clone(),
                line: 0,
                column: 0,
                transaction: traced.in_transaction.then_some(transaction),
                is_batched: false,
            });
        }
        migration.is_code = false;
    }
}
