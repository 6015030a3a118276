//! `flyway migrate -dryRunOutput=file`: closed in Flyway's open edition, free here. The SQL that `migrate` would run goes
//! to the file; the database is only read.

use std::path::Path;

use dunlin_compat::flyway::output::{self, MigrateResult};
use dunlin_compat::model::Request;
use serde_json::Value;

use super::console::Console;
use super::error::CommandError;
use super::session::Session;
use crate::cli::script;
use crate::engine;

/// Writes the file and returns the result, in which nothing was migrated. The folders above the file are made.
pub fn run(session: &Session, console: &Console, file: &str) -> Result<Value, CommandError> {
    let mut connection = session.connect()?;
    let plan = engine::plan(connection.as_mut(), &session.adapter, &Request::default())?;
    for warning in plan.warnings.iter().filter(|warning| !session.adapter.notices().contains(warning)) {
        console.warn(warning);
    }
    let prepared = engine::prepare_plan(&plan, &session.server)?;
    let shown = script::of_plan(&session.adapter, session.options(), &plan, &prepared, &session.server, None)
        .map_err(|failure| CommandError::new("ERROR", failure.message))?;
    let script: Vec<String> = shown.iter().map(|shown| shown.text(session.server.dialect)).collect();
    let path = session.adapter.working_directory.join(file);
    write(&path, &script.join("\n")).map_err(|error| {
        CommandError::new("ERROR", format!("Cannot write the dry run to {}: {error}", path.display()))
    })?;
    console.info(&format!(
        "Dry run: the SQL of {} migration(s) is in {}; nothing was changed.",
        plan.migrations().count(),
        path.display()
    ));
    let timestamp = output::timestamp(&session.adapter.now);
    let schemas = &session.adapter.config.schemas;
    let result =
        MigrateResult::new(session.database(), &session.server.dialect.to_string(), schemas, timestamp);
    serde_json::to_value(&result).map_err(|error| CommandError::new("FAULT", error.to_string()))
}

fn write(path: &Path, script: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, script)
}
