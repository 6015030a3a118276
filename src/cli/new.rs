//! `dunlin new`

use std::path::Path;

use clap::Args;
use dunlin_compat::native::{self, Native, TableName, Version};
use dunlin_compat::project;
use dunlin_compat::settings::{Settings, Tool};
use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::{Format, Global, output};

/// Write a new migration file with empty up and down blocks
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  $ dunlin new add status to orders\n  Wrote migrations/20260102030405_add_status_to_orders.sql"
)]
pub struct NewArgs {
    /// What it is about
    #[arg(required = true)]
    name: Vec<String>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &NewArgs) -> Result<Exit, Failure> {
    let root = &super::project::root(global)?;
    let folder = match project::detect(root) {
        Ok(detected) if detected.tool == Tool::Flyway => {
            let path = super::flyway::create(global, &arguments.name.join(" "))?;
            return show(global, &path);
        }
        Ok(detected) => detected.migrations,
        // The first migration of a project makes the project.
        Err(project::DetectError::Nothing { .. }) => {
            let settings = Settings::load(root).map_err(|error| super::project::settings_failure(&error))?;
            project::native_folder(root, &settings).map_err(super::project::detection_failure)?
        }
        Err(error) => return Err(super::project::detection_failure(error)),
    };
    let folder = super::project::within(root, &folder);
    let project = if folder.is_dir() { Some(Native::load(&folder, TableName::default())?) } else { None };
    let files = project.as_ref().map_or(&[][..], Native::files);
    let existing: Vec<&Version> = files.iter().map(|file| &file.version).collect();
    let new = native::new_migration(&arguments.name.join(" "), jiff::Timestamp::now(), existing)
        .map_err(|error| Failure::new("NEW", error.to_string()))?;
    let path = new.create_in(&folder).map_err(|error| Failure::new("NEW", error.to_string()))?;
    show(global, &path)
}

fn show(global: &Global, path: &Path) -> Result<Exit, Failure> {
    match global.format {
        Format::Json => output::json(&json!({ "path": path.display().to_string() }))?,
        Format::Table => output::line(&format!("Wrote {}", path.display()))?,
    }
    Ok(Exit::Done)
}
