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
use crate::engine::OnUnfinished;

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
    let mut observer = FlywayObserver::new(console, Rc::new(RefCell::new(Preface::default())), true);
    let ran = session.carry_out(&planner, OnUnfinished::Leave, &mut observer, console);
    observer.say_held();
    ran?;
    Ok(true)
}
