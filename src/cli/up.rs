//! `dunlin up`

use std::time::Duration;

use clap::{Args, ValueEnum};
use dunlin_compat::model::{Direction, Request};

use super::estimate::{database_of, shown};
use super::exit::Exit;
use super::failure::Failure;
use super::project::{Project, Watching};
use super::{Format, Global, duration_argument, lint, output, report};
use crate::engine::{InFlight, OnUnfinished, RunReport};
use crate::estimate::Record;

/// Apply what is pending
///
/// Each migration and its history row commit together where the database can. Where it cannot, every statement is
/// journaled, and a run that was interrupted continues at the statement where it stopped. What the safety rules call an
/// error stops it before anything is sent.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin up
  dunlin up --steps 1                   one migration and no more
  dunlin up --to 20250107103000         up to and including this one
  dunlin up --watch --block-limit 2s    nobody waits for it longer than two seconds
  dunlin up --lock-wait 10min           wait longer for another run to end")]
pub struct UpArgs {
    /// Up to and including this version
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// At most so many migrations
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Run it whatever the safety rules say
    #[arg(long)]
    no_lint: bool,
    #[command(flatten)]
    watched: Watched,
    #[command(flatten)]
    interrupted: Interrupted,
}

/// How a run is watched.
#[derive(Debug, Args)]
pub struct Watched {
    /// Show who waits for the run, and for whom it waits, while it goes
    #[arg(long)]
    watch: bool,
    /// Stand back and try again later when somebody waits for the run longer than this, like 2s
    #[arg(long, value_name = "DURATION", value_parser = duration_argument)]
    block_limit: Option<Duration>,
}

impl Watched {
    /// For the project.
    pub fn watching(&self) -> Watching {
        Watching { live: self.watch, block_limit: self.block_limit.filter(|limit| !limit.is_zero()) }
    }
}

/// What to do about a statement that was interrupted.
#[derive(Debug, Args)]
pub struct Interrupted {
    /// What became of the statement that was in flight when an earlier run died, if dunlin asks: `done`, go on behind it,
    /// or `again`, run it again
    #[arg(long, value_enum, value_name = "WHAT", hide_possible_values = true)]
    in_flight: Option<InFlightArgument>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InFlightArgument {
    Done,
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
    project.watching = arguments.watched.watching();
    if !arguments.no_lint {
        project.options.lint = lint::gate(global, &project)?;
    }
    let request =
        Request { direction: Some(Direction::Up), to: arguments.to.clone(), steps: arguments.steps };
    let finished =
        project.run(global, OnUnfinished::Resume, &|context| project.adapter().plan(context, &request))?;
    report::print(global.format, &finished, "Nothing is pending.")?;
    if global.format == Format::Table && !finished.migrations.is_empty() {
        compare_with_estimate(global, &project, &finished);
    }
    Ok(Exit::Done)
}

/// Says how what was estimated turned out, and learns from it.
fn compare_with_estimate(global: &Global, project: &Project, finished: &RunReport) {
    let mut record = Record::load(&global.directory, &database_of(project, &finished.database));
    if !record.is_waiting() {
        return;
    }
    for migration in &finished.migrations {
        if let Some(outcome) = record.settle(&migration.id, migration.elapsed) {
            output::note(&format!(
                "{}: estimated {}, took {}",
                migration.title,
                shown(outcome.estimated),
                shown(outcome.took)
            ));
        }
    }
    if let Err(error) = record.save() {
        output::note(&format!("what the estimates were worth is not kept: {error}"));
    }
}
