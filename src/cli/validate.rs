//! `dunlin validate`

use clap::Args;
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::{self, Failure};
use super::project::Project;
use super::{Format, Global, output};
use crate::db::Access;
use crate::engine;

/// Compare the history with the files
///
/// Exits with 5 if an applied migration was edited, is missing or failed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin validate
  dunlin validate --format json")]
pub struct ValidateArgs {}

/// Runs the command.
pub fn run(global: &Global, _arguments: &ValidateArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut connection = project.connect(Access::Read)?;
    let problems = engine::validate(connection.as_mut(), project.adapter())?;
    match global.format {
        Format::Json => {
            let problems: Vec<Value> = problems.iter().map(failure::problem).collect();
            output::json(&json!({ "problems": problems }))?;
        }
        Format::Table if problems.is_empty() => output::line("The history fits the files.")?,
        Format::Table => {
            let lines = problems.iter().map(|problem| format!("{}: {}\n", problem.code, problem.message));
            output::print(&lines.collect::<String>())?;
        }
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Found })
}
