//! `flyway validate`

use std::time::Instant;

use dunlin_compat::flyway::callback::Event;
use dunlin_compat::flyway::output::{self, ValidateResult};
use dunlin_compat::flyway::validate::{absent_schema, missing_schema};
use dunlin_compat::model::{Dialect, Problem};
use serde_json::Value;

use super::callbacks::{self, BEFORE_VALIDATION};
use super::console::Console;
use super::error::CommandError;
use super::session::Session;
use crate::db::DbErrorKind;
use crate::engine::{RunError, Snapshot};

/// Runs the command and returns its result. With JSON, a history that does not fit is a result like another, as with Flyway.
pub fn run(session: &Session, console: &Console) -> Result<Value, CommandError> {
    let mut connection = session.connect()?;
    let database = session.database();
    callbacks::run(session, console, &BEFORE_VALIDATION)?;
    let snapshot = match Snapshot::read(connection.as_mut(), &session.adapter) {
        Err(RunError::Server { error, .. })
            if session.server.dialect == Dialect::Sqlite
                && error.kind == DbErrorKind::Statement
                && let Some(problem) = absent_schema(&session.adapter, &session.server) =>
        {
            return no_schema(session, console, &problem);
        }
        read => read?,
    };
    {
        let view = session.adapter.view(&snapshot.context(connection.as_ref()))?;
        if !view.history_exists {
            console.info(&output::no_history(&view.table.qualified()));
        }
        if let Some(problem) = missing_schema(&view) {
            return no_schema(session, console, &problem);
        }
    }
    let started = Instant::now();
    let (findings, count) = session.adapter.findings(&snapshot.context(connection.as_ref()))?;
    let result = ValidateResult::new(database, &findings, count);
    if findings.is_empty() {
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        console.info(&output::validated(count, milliseconds));
        for warning in &result.warnings {
            console.warn(warning);
        }
        callbacks::run(session, console, &[Event::AfterValidate])?;
        return finish(console, &result, None);
    }
    callbacks::run(session, console, &[Event::AfterValidateError])?;
    finish(console, &result, Some(output::validate_failure(&findings)))
}

fn no_schema(session: &Session, console: &Console, problem: &Problem) -> Result<Value, CommandError> {
    let message = output::check_failure(&problem.message, "");
    let server = &session.server;
    let schema = server.dialect.quote_identifier(&session.adapter.default_schema(server));
    finish(console, &ValidateResult::missing_schema(session.database(), &schema), Some(message))
}

fn finish(
    console: &Console,
    result: &ValidateResult,
    failure: Option<String>,
) -> Result<Value, CommandError> {
    match failure {
        Some(message) if !console.is_json() => Err(CommandError::new("VALIDATE_ERROR", message)),
        _ => serde_json::to_value(result).map_err(|error| CommandError::new("FAULT", error.to_string())),
    }
}
