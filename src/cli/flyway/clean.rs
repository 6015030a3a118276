//! `flyway clean`

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use dunlin_compat::flyway::callback::Event;
use dunlin_compat::flyway::clean::{clean, drop_schema, queries, statements};
use dunlin_compat::flyway::info;
use dunlin_compat::flyway::output::{self, CleanResult};
use dunlin_compat::model::{Adapter, Plan, Row, Setup, Step};
use serde_json::Value;

use super::callbacks;
use super::console::Console;
use super::error::CommandError;
use super::observer::{FlywayObserver, Preface};
use super::session::Session;
use crate::db::Connection;
use crate::engine::{OnUnfinished, Snapshot};

/// Runs the command and returns its result. Flyway empties all schemas twice, the second time in reverse, since objects
/// may depend on those of another schema.
pub fn run(session: &Session, console: &Console) -> Result<Value, CommandError> {
    let mut connection = session.connect()?;
    let server = connection.server().clone();
    let snapshot = Snapshot::read(connection.as_mut(), &session.adapter)?;
    let schemas = info::queries(&session.adapter.view(&snapshot.context(connection.as_ref()))?);
    let exists: Vec<bool> = ask(connection.as_mut(), &schemas)?
        .iter()
        .map(|rows| rows.first().and_then(|row| row.first()).and_then(Option::as_deref) == Some("1"))
        .collect();
    let plan = clean(&session.adapter.view(&snapshot.context(connection.as_ref()))?, &exists)?;
    callbacks::run(session, console, &[Event::BeforeConnect, Event::AfterConnect, Event::BeforeClean])?;
    if !snapshot.history.exists {
        console.info(&output::no_history(&session.adapter.history_table(&server)));
    }
    plan.warnings.iter().for_each(|warning| console.warn(warning));
    console.info(&output::database_objects_dropped(true, 0));
    let mut result = CleanResult::new(session.database());
    result.warnings.clone_from(&plan.warnings);
    let passes = plan.schemas.iter().chain(plan.schemas.iter().rev());
    for schema in passes {
        let started = Instant::now();
        let answers = ask(connection.as_mut(), &queries(server.dialect, schema))?;
        change(session, console, statements(server.dialect, schema, &answers))?;
        console.info(&output::cleaned(&server.dialect.quote_identifier(schema), milliseconds(started)));
    }
    for schema in &plan.dropped {
        let started = Instant::now();
        if let Some(statement) = drop_schema(server.dialect, schema) {
            change(session, console, vec![statement])?;
            console.info(&output::dropped(&server.dialect.quote_identifier(schema), milliseconds(started)));
        }
    }
    console.info(&output::database_objects_dropped(false, 0));
    callbacks::run(session, console, &[Event::AfterClean])?;
    result.schemas_cleaned =
        plan.schemas.iter().filter(|schema| !plan.dropped.contains(schema)).cloned().collect();
    result.schemas_dropped.clone_from(&plan.dropped);
    serde_json::to_value(&result).map_err(|error| CommandError::new("FAULT", error.to_string()))
}

fn ask(connection: &mut dyn Connection, queries: &[String]) -> Result<Vec<Vec<Row>>, CommandError> {
    queries.iter().map(|query| Ok(connection.execute(query)?.rows)).collect()
}

fn change(session: &Session, console: &Console, statements: Vec<String>) -> Result<(), CommandError> {
    if statements.is_empty() {
        return Ok(());
    }
    let plan =
        Plan { steps: vec![Step::Setup(Setup { message: String::new(), statements })], ..Plan::default() };
    let mut observer = FlywayObserver::new(console, Rc::new(RefCell::new(Preface::default())), false);
    // A half-done migration goes with everything else.
    session.carry_out(&|_| Ok(plan.clone()), OnUnfinished::Forget, &mut observer, console)?;
    Ok(())
}

fn milliseconds(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
