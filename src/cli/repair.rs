//! `dunlin repair`

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global};
use crate::engine::OnUnfinished;

/// Make the history fit the files again
///
/// Takes failed rows away, takes over the checksums of edited files, marks rows of missing files, and forgets a half-done
/// migration. It touches the history alone: what a failed or edited migration did to the schema is yours to mend.
#[derive(Debug, Args)]
pub struct RepairArgs {}

/// Runs the command.
pub fn run(global: &Global, _arguments: &RepairArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let finished = project.run(global, OnUnfinished::Forget, &|context| project.adapter().repair(context))?;
    if global.format == Format::Json {
        anstream::println!("{:#}", serde_json::json!({ "repaired": true, "warnings": finished.warnings }));
    } else {
        anstream::println!("The history fits the files.");
    }
    Ok(Exit::Done)
}
