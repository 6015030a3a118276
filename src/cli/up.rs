//! `dunlin up`

use clap::{Args, ValueEnum};
use dunlin_compat::model::{Direction, Request};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Global, report};
use crate::engine::{InFlight, OnUnfinished};

/// Apply what is pending
///
/// Each migration and its history row commit together where the database can. Where it cannot, every statement is
/// journaled, and a run that was interrupted continues at the statement where it stopped.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Up to and including this version
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// At most so many migrations
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    #[command(flatten)]
    interrupted: Interrupted,
}

/// What to do about a statement that was interrupted.
#[derive(Debug, Args)]
pub struct Interrupted {
    /// A statement was in flight when an earlier run died and the catalog does not tell whether it took effect: say so
    #[arg(long, value_enum, value_name = "WHAT")]
    in_flight: Option<InFlightArgument>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InFlightArgument {
    /// It took effect: continue behind it
    Done,
    /// It did not: run it again
    Again,
}

impl Interrupted {
    /// For the engine.
    pub fn in_flight(&self) -> Option<InFlight> {
        self.in_flight.map(|argument| match argument {
            InFlightArgument::Done => InFlight::Done,
            InFlightArgument::Again => InFlight::Again,
        })
    }
}

/// Runs the command.
pub fn run(global: &Global, arguments: &UpArgs) -> Result<Exit, Failure> {
    let mut project = Project::open(global)?;
    project.options.in_flight = arguments.interrupted.in_flight();
    let request =
        Request { direction: Some(Direction::Up), to: arguments.to.clone(), steps: arguments.steps };
    let finished =
        project.run(global, OnUnfinished::Resume, &|context| project.adapter().plan(context, &request))?;
    report::print(global.format, &finished, "Nothing is pending.");
    Ok(Exit::Done)
}
