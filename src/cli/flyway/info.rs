//! `flyway info`

use dunlin_compat::flyway::config::Invocation;
use dunlin_compat::flyway::states::IGNORE_EVERYTHING;
use dunlin_compat::flyway::{info, output};
use serde_json::Value;

use super::callbacks;
use super::console::Console;
use super::error::CommandError;
use super::session::Session;
use crate::engine::Snapshot;

use dunlin_compat::flyway::callback::Event;

/// Runs the command and returns its result. Reads only, unless the project has callbacks for it.
pub fn run(session: &Session, console: &Console, invocation: &Invocation) -> Result<Value, CommandError> {
    let mut connection = session.connect()?;
    callbacks::run(session, console, &[Event::BeforeConnect, Event::AfterConnect, Event::BeforeInfo])?;
    let snapshot = Snapshot::read(connection.as_mut(), &session.adapter)?;
    // Only the JSON result asks whether schemas are empty.
    let mut answers = Vec::new();
    if console.is_json() {
        let queries = info::queries(&session.adapter.view(&snapshot.context(connection.as_ref()))?);
        for query in queries {
            answers.push(connection.execute(&query)?.rows);
        }
    }
    let view = session.adapter.view(&snapshot.context(connection.as_ref()))?;
    let rules = view.rules(&[IGNORE_EVERYTHING], None)?;
    if !snapshot.history.exists {
        console.info(&output::no_history(&view.table.qualified()));
    }
    let infos = view.infos(&rules)?;
    callbacks::run(session, console, &[Event::AfterInfo])?;
    console.info(&output::schema_version(&infos.current_version()));
    console.info("");
    let shown = info::filtered(&infos, &invocation.info_filter()?)?;
    if shown.iter().all(|line| line.path().is_empty()) {
        console.info(&info::no_files(&view));
    }
    if invocation.migration_ids() {
        console.bare_text(&output::migration_ids(&shown));
    } else {
        console.info(&output::info_table(&shown));
    }
    let result = info::result(&view, &infos, &shown, info::all_schemas_empty(&answers));
    serde_json::to_value(&result).map_err(|error| CommandError::new("FAULT", error.to_string()))
}
