//! `dunlin baseline`

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global};
use crate::engine::OnUnfinished;

/// Start a history on a database that already has its schema
///
/// Migrations up to and including the version count as applied.
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// The version the schema is at
    version: Option<String>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &BaselineArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let version = arguments.version.as_deref();
    let finished =
        project.run(global, OnUnfinished::Resume, &|context| project.adapter().baseline(context, version))?;
    if global.format == Format::Json {
        anstream::println!("{:#}", serde_json::json!({ "baseline": version, "warnings": finished.warnings }));
    } else {
        anstream::println!("The history starts here.");
    }
    Ok(Exit::Done)
}
