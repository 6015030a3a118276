//! Callbacks of commands that are no runs.

use std::cell::RefCell;
use std::rc::Rc;

use dunlin_compat::flyway::callback::Event;
use dunlin_compat::flyway::migrate::callback_steps;
use dunlin_compat::model::{Context, Plan};

use super::console::Console;
use super::error::CommandError;
use super::observer::{FlywayObserver, Preface};
use super::session::Session;
use crate::engine::{OnUnfinished, Snapshot};

/// What comes before a validation, in order.
pub const BEFORE_VALIDATION: [Event; 3] = [Event::BeforeConnect, Event::AfterConnect, Event::BeforeValidate];

/// Runs what comes before a migrate validates: what these scripts change decides whether it is valid. Says whether there was
/// something to run, which the plan then leaves out.
pub fn before_validation(session: &Session, console: &Console) -> Result<bool, CommandError> {
    let config = &session.adapter.config;
    let callbacks = &session.adapter.scan.callbacks;
    if !config.validate_on_migrate
        || !callbacks.iter().any(|callback| callback.event == Event::BeforeValidate)
    {
        return Ok(false);
    }
    let mut connection = session.connect()?;
    let snapshot = Snapshot::read(connection.as_mut(), &session.adapter)?;
    let validates = session.adapter.view(&snapshot.context(connection.as_ref()))?.default_facts().exists;
    drop(connection);
    if !validates {
        return Ok(false);
    }
    run(session, console, &BEFORE_VALIDATION)
}

/// Runs the scripts of these events and says whether there were any; without them nothing is sent.
pub fn run(session: &Session, console: &Console, events: &[Event]) -> Result<bool, CommandError> {
    if !session.adapter.scan.callbacks.iter().any(|callback| events.contains(&callback.event)) {
        return Ok(false);
    }
    let planner = |context: &Context<'_>| {
        let view = session.adapter.view(context)?;
        let mut steps = Vec::new();
        for event in events {
            steps.extend(callback_steps(&view, *event)?);
        }
        Ok(Plan { steps, ..Plan::default() })
    };
    let prints_results = session.adapter.config.output_query_results;
    let preface = Rc::new(RefCell::new(Preface::default()));
    let mut observer = FlywayObserver::new(console, preface, prints_results);
    let ran = session.carry_out(&planner, OnUnfinished::Leave, &mut observer, console);
    observer.say_held();
    ran?;
    Ok(true)
}
