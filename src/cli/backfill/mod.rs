//! `dunlin backfill`

mod run;
mod show;
mod status;

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global, output};
use crate::backfill::{self, BackfillError, Tables};
use crate::db::{Access, Connection};

pub use show::{Shown, sentence};

/// Change the rows of a table in chunks, while it is in use
///
/// A backfill is shared by all processes that run it, on any machine: each takes chunks that nobody else has. It goes on
/// where it stopped, whatever ended it, and does every row once.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin backfill status                              all backfills, and how far they are
  dunlin backfill run 20240102_orders/1               take part in the first one of a migration
  dunlin backfill pause 20240102_orders/1             let the workers of all processes wait
  dunlin backfill run --help                          how to begin one without a migration")]
pub struct BackfillArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<run::RunArgs>),
    Status(status::StatusArgs),
    /// Tell a backfill to wait, in all processes
    Pause(NameArgs),
    /// Let a paused backfill go on
    Resume(NameArgs),
    /// Give a backfill up: what it did stays, and the next run begins anew
    Cancel(NameArgs),
    /// Forget the record of a backfill that has ended, and the rows in its quarantine
    Forget(NameArgs),
}

/// Which one.
#[derive(Debug, Args)]
struct NameArgs {
    /// The backfill, as `dunlin backfill status` names it
    name: String,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &BackfillArgs) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Run(arguments) => run::run(global, arguments),
        Command::Status(arguments) => status::run(global, arguments),
        Command::Pause(arguments) => tell(global, &arguments.name, "paused", &backfill::pause),
        Command::Resume(arguments) => tell(global, &arguments.name, "resumed", &backfill::resume),
        Command::Cancel(arguments) => tell(global, &arguments.name, "cancelled", &backfill::cancel),
        Command::Forget(arguments) => tell(global, &arguments.name, "forgotten", &backfill::forget),
    }
}

type Change = dyn Fn(&mut dyn Connection, &Tables, &str) -> Result<(), BackfillError>;

fn tell(global: &Global, name: &str, done: &str, change: &Change) -> Result<Exit, Failure> {
    let project = Project::open_or_url(global)?;
    let mut connection = backfill::open_patiently(&|| project.open_session(Access::Write))?;
    let tables = tables(&project, connection.as_ref());
    change(connection.as_mut(), &tables, name)?;
    match global.format {
        Format::Json => output::json(&json!({ "name": name, "did": done }))?,
        Format::Table => output::line(&format!("{name} is {done}."))?,
    }
    Ok(Exit::Done)
}

/// Where the backfills of a project are kept: beside its history.
fn tables(project: &Project, connection: &dyn Connection) -> Tables {
    let server = connection.server();
    Tables::new(server.dialect, &project.adapter().history_schema(server))
}

impl From<BackfillError> for Failure {
    fn from(error: BackfillError) -> Failure {
        let message = error.to_string();
        let help = error.advice();
        let mut failure = match error.db_error() {
            Some(error) => {
                let mut failure = Failure::from(error.clone());
                failure.message = message;
                failure
            }
            None => Failure::new("BACKFILL", message),
        };
        if let Some(help) = help {
            failure.help = Some(help);
        }
        failure
    }
}
