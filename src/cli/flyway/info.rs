//! `flyway info`

use dunlin_compat::flyway::config::Invocation;
use dunlin_compat::flyway::{info, output};
use serde_json::Value;

use super::callbacks;
use super::console::Console;
use super::error::CommandError;
use super::session::Session;
use crate::db::Access;
use crate::engine::Snapshot;

use dunlin_compat::flyway::callback::Event;

/// Runs the command and returns its result. Reads only, unless the project has callbacks for it.
pub fn run(session: &Session, console: &Console, invocation: &Invocation) -> Result<Value, CommandError> {
    let filter = invocation.info_filter()?;
    let mut connection = session.connect(Access::Read, console)?;
    let mut snapshot = Snapshot::read(connection.as_mut(), &session.adapter)?;
    if !snapshot.history.exists {
        console.info(&output::no_history(&session.adapter.table(connection.server()).qualified()));
    }
    if callbacks::run(session, console, Event::BeforeInfo)? {
        snapshot = Snapshot::read(connection.as_mut(), &session.adapter)?;
    }
    // Only the JSON result asks whether schemas are empty.
    let mut answers = Vec::new();
    if console.is_json() {
        let queries = info::queries(&session.adapter.view(&snapshot.context(connection.as_ref()))?);
        for query in queries {
            answers.push(connection.execute(&query)?.rows);
        }
    }
    let view = session.adapter.view(&snapshot.context(connection.as_ref()))?;
    let infos = info::infos(&view)?;
    let shown = info::filtered(&infos, &filter)?;
    if invocation.migration_ids() {
        console.info(&output::migration_ids(&shown));
    } else {
        console.info(&output::schema_version(&infos.current_version()));
        console.info("");
        console.info(&output::info_table(&shown));
    }
    callbacks::run(session, console, Event::AfterInfo)?;
    let result = info::result(&view, &infos, &shown, info::all_schemas_empty(&answers));
    serde_json::to_value(&result).map_err(|error| CommandError::new("FAULT", error.to_string()))
}
