//! `dunlin redo`

use clap::Args;
use dunlin_compat::model::{Direction, Request, Step};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Global, report};
use crate::engine::OnUnfinished;

/// Take the last migration back and apply it again
#[derive(Debug, Args)]
pub struct RedoArgs {}

/// Runs the command.
pub fn run(global: &Global, _arguments: &RedoArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let down = Request { direction: Some(Direction::Down), to: None, steps: Some(1) };
    let mut finished =
        project.run(global, OnUnfinished::Resume, &|context| project.adapter().plan(context, &down))?;
    if let Some(reverted) = finished.migrations.first().cloned() {
        let up = Request { direction: Some(Direction::Up), to: Some(reverted.id.clone()), steps: None };
        // Others may be pending below it; only this one is asked for.
        let again = project.run(global, OnUnfinished::Resume, &|context| {
            let mut plan = project.adapter().plan(context, &up)?;
            plan.steps
                .retain(|step| !matches!(step, Step::Migration(migration) if migration.id != reverted.id));
            Ok(plan)
        })?;
        finished.migrations.extend(again.migrations);
        finished.warnings.extend(again.warnings);
    }
    report::print(global.format, &finished, "Nothing is applied that could be redone.");
    Ok(Exit::Done)
}
