//! `flyway repair`

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use dunlin_compat::flyway::migrate::repair_details;
use dunlin_compat::flyway::output;
use dunlin_compat::flyway::repair::Repair;
use dunlin_compat::model::{Adapter, Context};
use serde_json::Value;

use super::console::Console;
use super::error::CommandError;
use super::observer::{FlywayObserver, Preface};
use super::session::Session;
use crate::engine::OnUnfinished;

/// Runs the command and returns its result.
pub fn run(session: &Session, console: &Console) -> Result<Value, CommandError> {
    let started = Instant::now();
    let details: RefCell<Option<Repair>> = RefCell::new(None);
    let exists = RefCell::new(true);
    let planner = |context: &Context<'_>| {
        *exists.borrow_mut() = context.history.exists;
        *details.borrow_mut() = Some(repair_details(&session.adapter.view(context)?)?);
        session.adapter.repair(context)
    };
    let mut observer = FlywayObserver::new(console, Rc::new(RefCell::new(Preface::default())), true);
    session.carry_out(&planner, OnUnfinished::Forget, &mut observer, console)?;
    let Some(details) = details.into_inner() else {
        return Err(CommandError::new("FAULT", "the repair was not planned"));
    };
    if details.statements.is_empty() {
        details.messages.iter().for_each(|message| console.info(message));
    }
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let table = session.adapter.history_table(&session.server);
    if !exists.into_inner() {
        console.info(&output::no_history(&table));
    }
    let transactional = session.server.dialect.has_transactional_ddl();
    let lines = output::repaired(
        &table,
        milliseconds,
        !details.deleted.is_empty(),
        !details.removed.is_empty() && !transactional,
    );
    lines.iter().for_each(|line| console.info(line));
    observer.say_held();
    serde_json::to_value(details.result(session.database()))
        .map_err(|error| CommandError::new("FAULT", error.to_string()))
}
