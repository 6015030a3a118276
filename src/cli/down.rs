//! `dunlin down`

use clap::Args;
use dunlin_compat::model::{Direction, Request};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::up::{Interrupted, Watched};
use super::{Global, report};
use crate::engine::OnUnfinished;

/// Take applied migrations back, the last one first
///
/// Without --to or --steps the last applied migration is taken back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin down                           the last one
  dunlin down --steps 2
  dunlin down --to 20250107103000       everything after this one
  dunlin down --to 0                    everything")]
pub struct DownArgs {
    /// Down to this version, which stays applied; 0 for all
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// At most so many migrations
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    #[command(flatten)]
    watched: Watched,
    #[command(flatten)]
    interrupted: Interrupted,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &DownArgs) -> Result<Exit, Failure> {
    let mut project = Project::open(global)?;
    project.options.in_flight = arguments.interrupted.in_flight();
    project.watching = arguments.watched.watching();
    let request =
        Request { direction: Some(Direction::Down), to: arguments.to.clone(), steps: arguments.steps };
    let finished =
        project.run(global, OnUnfinished::Resume, &|context| project.adapter().plan(context, &request))?;
    report::print(global.format, &finished, "Nothing is applied that could be taken back.")?;
    Ok(Exit::Done)
}
