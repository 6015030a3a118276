//! `dunlin plan`

use clap::Args;
use dunlin_compat::model::{Direction, Request};
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::script::{self, Shown};
use super::{Format, Global, output, progress};
use crate::db::Access;
use crate::engine;

/// Show the SQL that `up` or `down` would run; writes nothing
///
/// What is printed is a script for the server's own client, psql, mariadb, mysql or sqlite3, and leaves what `up` would
/// leave, history included; only the times that migrations took are 0 in it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin plan
  dunlin plan --down --to 0             what taking everything back would run
  dunlin plan --check                   exit with 3 if there is anything to do
  dunlin plan | less")]
pub struct PlanArgs {
    /// Plan a `down` instead of an `up`
    #[arg(long)]
    down: bool,
    /// Up to and including this version; down to but not including it
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// At most so many migrations
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Exit with 3 if there is anything to do
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &PlanArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut connection = project.connect(Access::Read)?;
    let request = Request {
        direction: Some(if arguments.down { Direction::Down } else { Direction::Up }),
        to: arguments.to.clone(),
        steps: arguments.steps,
    };
    let snapshot = engine::Snapshot::read(connection.as_mut(), project.adapter())?;
    let mut plan = project.adapter().plan(&snapshot.context(connection.as_ref()), &request)?;
    if let Some(entry) = &snapshot.entry {
        plan.warnings.push(format!(
            "{} ({}) is half done: {} of its statements ran and are not run again",
            entry.id, entry.direction, entry.next
        ));
    }
    let server = connection.server().clone();
    let prepared = engine::prepare_plan(&plan, &server)?;
    let shown = script::of_plan(
        project.adapter(),
        &project.options,
        &plan,
        &prepared,
        &server,
        snapshot.entry.as_ref(),
    )?;
    match global.format {
        Format::Json => {
            let steps: Vec<Value> = shown.iter().map(Shown::json).collect();
            output::json(&json!({ "steps": steps, "warnings": plan.warnings }))?;
        }
        Format::Table => {
            for warning in &plan.warnings {
                output::note(&progress::warning_line(warning));
            }
            if shown.is_empty() {
                output::line("-- Nothing to do.")?;
            } else {
                let texts: Vec<String> = shown.iter().map(|shown| shown.text(server.dialect)).collect();
                output::print(&texts.join("\n"))?;
            }
        }
    }
    Ok(if arguments.check && !prepared.is_empty() { Exit::Pending } else { Exit::Done })
}
