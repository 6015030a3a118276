//! `dunlin pack remove`

use std::fs;

use clap::Args;
use serde_json::json;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{Format, Global, output};

/// Remove packs
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// Names of packs, or of tools for all of theirs
    #[arg(required = true)]
    names: Vec<String>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &RemoveArgs) -> Result<Exit, Failure> {
    let packs = super::named(&arguments.names)?;
    let mut removed = Vec::new();
    for pack in packs {
        fs::remove_dir_all(&pack.folder)
            .map_err(|error| Failure::new("PACK", format!("{}: {error}", pack.folder.display())))?;
        removed.push(pack.name());
        if global.format == Format::Table {
            output::line(&format!("Removed {}", pack.name()))?;
        }
    }
    if global.format == Format::Json {
        output::json(&json!({ "removed": removed }))?;
    }
    Ok(Exit::Done)
}
