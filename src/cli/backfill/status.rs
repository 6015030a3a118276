//! `dunlin backfill status`

use clap::Args;
use serde_json::{Value, json};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::project::Project;
use super::super::table::{self, Column, Squeeze};
use super::super::{Format, Global, output};
use crate::backfill::{self, Listed, State};
use crate::count::grouped;
use crate::db::Access;

/// How many rows of a quarantine are shown.
const FAILURES: u64 = 20;

/// Show the backfills of this database, and the rows in their quarantines
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// One of them, with the rows of its quarantine
    name: Option<String>,
    /// Exit with 3 if one is not done
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &StatusArgs) -> Result<Exit, Failure> {
    let project = Project::open_or_url(global)?;
    let mut connection = backfill::open_patiently(&|| project.open_session(Access::Read))?;
    let tables = super::tables(&project, connection.as_ref());
    let name = arguments.name.as_deref();
    let listed = backfill::list(connection.as_mut(), &tables, name, FAILURES)?;
    if let Some(name) = name.filter(|_| listed.is_empty()) {
        return Err(Failure::usage(format!("there is no backfill {name}"))
            .help("`dunlin backfill status` without a name lists those that are there."));
    }
    match global.format {
        Format::Json => {
            let documents: Vec<Value> = listed.iter().map(document).collect();
            output::json(&json!({ "backfills": documents }))?;
        }
        Format::Table => output::print(&text(&listed, name.is_some()))?,
    }
    let attention = listed.iter().any(|found| found.record.state != State::Done);
    Ok(if arguments.check && attention { Exit::Pending } else { Exit::Done })
}

const COLUMNS: [Column; 8] = [
    Column { header: "Name", squeeze: Squeeze::Never },
    Column { header: "State", squeeze: Squeeze::Never },
    Column { header: "Rows", squeeze: Squeeze::Never },
    Column { header: "Of about", squeeze: Squeeze::LeaveOut(2) },
    Column { header: "Changed", squeeze: Squeeze::LeaveOut(1) },
    Column { header: "Workers", squeeze: Squeeze::LeaveOut(3) },
    Column { header: "Quarantine", squeeze: Squeeze::LeaveOut(4) },
    Column { header: "Since", squeeze: Squeeze::LeaveOut(0) },
];

fn text(listed: &[Listed], with_failures: bool) -> String {
    if listed.is_empty() {
        return "No backfills found.\n".to_owned();
    }
    let rows: Vec<Vec<String>> = listed
        .iter()
        .map(|found| {
            let record = &found.record;
            vec![
                record.name.clone(),
                record.state.word().to_owned(),
                grouped(record.rows_done),
                record.estimate.map(grouped).unwrap_or_default(),
                grouped(record.rows_changed),
                found.workers.to_string(),
                found.quarantined.to_string(),
                record.started_at.replace('T', " "),
            ]
        })
        .collect();
    let width = output::columns(&console::Term::stdout());
    let mut text = format!("{}\n", table::format(&COLUMNS, &rows, width, |_, _| None));
    for found in listed {
        if let Some(message) = &found.record.message {
            text.push_str(&format!("{} failed: {message}\n", found.record.name));
        }
        if !with_failures {
            continue;
        }
        for failure in &found.failures {
            text.push_str(&format!(
                "  {} {}: {}\n",
                failure.at.replace('T', " "),
                failure.key,
                failure.message
            ));
        }
        let more = found.quarantined.saturating_sub(found.failures.len() as u64);
        if more > 0 {
            text.push_str(&format!("  and {more} more in dunlin_backfill_failures\n"));
        }
    }
    text
}

fn document(found: &Listed) -> Value {
    let record = &found.record;
    let failures: Vec<Value> = found
        .failures
        .iter()
        .map(|failure| json!({ "key": failure.key, "message": failure.message, "at": failure.at }))
        .collect();
    json!({
        "name": record.name,
        "migration": !record.history.is_empty(),
        "state": record.state.word(),
        "pass": record.pass,
        "rows": record.rows_done,
        "estimate": record.estimate,
        "changed": record.rows_changed,
        "chunks": record.chunks_done,
        "workers": found.workers,
        "quarantined": found.quarantined,
        "failures": failures,
        "message": record.message,
        "startedAt": record.started_at,
        "endedAt": record.ended_at,
    })
}
