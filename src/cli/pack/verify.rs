//! `dunlin pack verify`

use clap::Args;
use serde_json::json;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{Format, Global, output};

/// Compare every part of packs with their manifests
///
/// Exits with 5 if a part has changed, or if the pack was built by another version of dunlin.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Names of packs or tools [default: all]
    names: Vec<String>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &VerifyArgs) -> Result<Exit, Failure> {
    let packs = super::named(&arguments.names)?;
    let mut found = Vec::new();
    for pack in &packs {
        let problem = match pack.verify() {
            Err(error) => Some(error.to_string()),
            Ok(()) if !super::is_current(pack) => Some("built by another version of dunlin".to_owned()),
            Ok(()) => None,
        };
        found.push((pack.name(), problem));
    }
    match global.format {
        Format::Json => {
            let packs = found.iter().map(|(name, problem)| json!({"name": name, "problem": problem}));
            output::json(&json!({"packs": packs.collect::<Vec<_>>()}))?;
        }
        Format::Table => {
            for (name, problem) in &found {
                output::line(&format!("{name}: {}", problem.as_deref().unwrap_or("as it was built")))?;
            }
        }
    }
    Ok(if found.iter().all(|(_, problem)| problem.is_none()) { Exit::Done } else { Exit::Found })
}
