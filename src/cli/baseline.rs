//! `dunlin baseline`

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global, output};
use crate::engine::OnUnfinished;

/// Start a history on a database that already has its schema
///
/// Migrations up to and including the version count as applied. Nothing of theirs is run.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dunlin baseline 20250107103000")]
pub struct BaselineArgs {
    /// The version of the last migration whose changes the database has
    version: Option<String>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &BaselineArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let version = arguments.version.as_deref();
    let (finished, done) = project.change_history(global, OnUnfinished::Resume, &|context| {
        project.adapter().baseline(context, version)
    })?;
    match global.format {
        Format::Json => output::json(&serde_json::json!({
            "baseline": version,
            "created": !done.is_empty(),
            "warnings": finished.warnings,
        }))?,
        Format::Table if done.is_empty() => output::line("Nothing to do.")?,
        Format::Table => {
            let at = version.map(|version| format!(" at {version}")).unwrap_or_default();
            output::line(&format!("The history starts{at}."))?;
        }
    }
    Ok(Exit::Done)
}
