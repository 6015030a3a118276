//! `flyway baseline`

use std::cell::RefCell;
use std::rc::Rc;

use dunlin_compat::flyway::output::{self, BaselineResult};
use dunlin_compat::model::{Adapter, Context};
use serde_json::Value;

use super::console::Console;
use super::error::CommandError;
use super::observer::{FlywayObserver, Preface};
use super::session::Session;
use crate::engine::OnUnfinished;

/// Runs the command and returns its result.
pub fn run(session: &Session, console: &Console) -> Result<Value, CommandError> {
    let marker = session.adapter.marker(None)?;
    let created = RefCell::new(false);
    let planner = |context: &Context<'_>| {
        *created.borrow_mut() = !context.history.exists;
        session.adapter.baseline(context, None)
    };
    let mut observer = FlywayObserver::new(console, Rc::new(RefCell::new(Preface::default())), true);
    session.carry_out(&planner, OnUnfinished::Resume, &mut observer, console)?;
    if created.into_inner() {
        console.info(&output::baselined(&marker.version));
    }
    observer.say_held();
    let result = BaselineResult::new(session.database(), &marker.version.to_string());
    serde_json::to_value(&result).map_err(|error| CommandError::new("FAULT", error.to_string()))
}
