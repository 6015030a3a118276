//! `dunlin repair`

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global, output};
use crate::engine::OnUnfinished;

/// Make the history fit the files again
///
/// Takes failed rows away, takes over the checksums of edited files, forgets or marks missing files as the tool does, and
/// forgets a half-done migration. It touches the history alone: what a failed or edited migration did to the schema is
/// yours to mend.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dunlin validate; dunlin repair")]
pub struct RepairArgs {}

/// Runs the command.
pub fn run(global: &Global, _arguments: &RepairArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let (finished, repaired) =
        project.change_history(global, OnUnfinished::Forget, &|context| project.adapter().repair(context))?;
    match global.format {
        Format::Json => {
            output::json(&serde_json::json!({ "repaired": repaired, "warnings": finished.warnings }))?;
        }
        Format::Table if repaired.is_empty() => {
            output::line("The history fits the files; nothing to repair.")?
        }
        Format::Table => output::line("The history fits the files again.")?,
    }
    Ok(Exit::Done)
}
