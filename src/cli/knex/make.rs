//! `migrate:make`: a new migration from Knex' own stub, or the project's.

use std::fs;
use std::path::{Path, PathBuf};

use dunlin_compat::knex::output as words;
use jiff::Timestamp;
use owo_colors::OwoColorize;
use serde::Deserialize;
use serde_json::json;

use super::arguments::Arguments;
use super::observer::KnexObserver;
use super::project::KnexProject;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::engine::{self, Call};

/// What the guest gives.
#[derive(Debug, Deserialize)]
struct Made {
    text: String,
}

/// Writes a new migration into the last of the folders.
pub fn run(
    project: &mut KnexProject,
    name: &str,
    arguments: &Arguments,
    observer: &mut KnexObserver,
) -> Result<(), Failure> {
    let migrations = &project.adapter.migrations;
    let of_knexfile = project.knexfile.as_deref().and_then(Path::extension);
    let extension = arguments
        .extension
        .clone()
        .or_else(|| migrations.extension.clone())
        .or_else(|| of_knexfile.map(|extension| extension.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "js".to_owned())
        .to_lowercase();
    let stub = arguments.stub.clone().or_else(|| migrations.stub.clone());
    let given = json!({ "extension": extension, "stub": stub });
    let call = Call { program: &project.adapter.guest, carrier: None, name: "make", arguments: &given };
    let made = engine::call(None, &mut project.guests, &call, observer)?;
    let made: Made = serde_json::from_value(made).map_err(|error| {
        Failure::new("GUEST", format!("what the guest gave for a new migration: {error}"))
    })?;
    let folder = migrations.directories.last().map_or("migrations", String::as_str);
    // Without the `./` of a relative one.
    let folder: PathBuf = project.working_directory.join(folder).components().collect();
    let time = Timestamp::now().strftime("%Y%m%d%H%M%S");
    // `ts-schema` is a stub, not an ending.
    let ending = extension.split('-').next().unwrap_or_default();
    let path = folder.join(format!("{time}_{}.{ending}", name.strip_prefix('-').unwrap_or(name)));
    let failed = |error: std::io::Error| {
        Failure::new("FILE", format!("{} cannot be written: {error}", path.display()))
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::write(&path, made.text).map_err(failed)?;
    output::line(&words::created(&path.display().to_string()).green().to_string())
}
