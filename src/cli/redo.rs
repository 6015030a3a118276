//! `dunlin redo`

use clap::Args;
use dunlin_compat::model::{Adapter, AdapterError, Context, Direction, Plan, Request, Step};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global, output, report};
use crate::engine::OnUnfinished;

/// Take the last migration back and apply it again
///
/// For writing a migration: edit its file, redo, look. If the new version of it fails, it stays taken back.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dunlin redo")]
pub struct RedoArgs {}

/// Runs the command.
pub fn run(global: &Global, _arguments: &RedoArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut finished =
        project.run(global, OnUnfinished::Resume, &|context| plan_down(project.adapter(), context))?;
    let Some(reverted) = finished.migrations.first().cloned() else {
        report::print(global.format, &finished, "Nothing is applied that could be redone.")?;
        return Ok(Exit::Done);
    };
    let up = up_to(&reverted.id);
    // Others may be pending below it; only this one is asked for.
    let again = project.run(global, OnUnfinished::Resume, &|context| {
        let mut plan = project.adapter().plan(context, &up)?;
        plan.steps.retain(|step| !matches!(step, Step::Migration(migration) if migration.id != reverted.id));
        Ok(plan)
    })?;
    finished.migrations.extend(again.migrations);
    finished.warnings.extend(again.warnings);
    match global.format {
        Format::Json => report::print(global.format, &finished, "")?,
        Format::Table => output::line(&format!("Redid {}.", reverted.title))?,
    }
    Ok(Exit::Done)
}

fn up_to(id: &str) -> Request {
    Request { direction: Some(Direction::Up), to: Some(id.to_owned()), steps: None }
}

/// Refuses now what the way up would refuse when the way down is done.
fn plan_down(adapter: &dyn Adapter, context: &Context<'_>) -> Result<Plan, AdapterError> {
    let down = Request { direction: Some(Direction::Down), to: None, steps: Some(1) };
    let plan = adapter.plan(context, &down)?;
    let Some(migration) = plan.migrations().next() else { return Ok(plan) };
    match adapter.plan(context, &up_to(&migration.id)) {
        Ok(_) => Ok(plan),
        Err(AdapterError::Invalid { message, mut problems }) => {
            // Having been edited is why a migration is redone.
            let own = migration.blocks.first().map(|block| &block.source.path);
            problems.retain(|problem| problem.path.is_none() || problem.path.as_ref() != own);
            if problems.is_empty() { Ok(plan) } else { Err(AdapterError::Invalid { message, problems }) }
        }
        Err(error) => Err(error),
    }
}
