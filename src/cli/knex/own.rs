//! A Knex project for dunlin's own commands.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use dunlin_compat::knex::files::MigrationFile;
use dunlin_compat::knex::plan::{Modules, Transactions};
use dunlin_compat::model::{AdapterError, GuestProgram};
use dunlin_compat::settings::Tool;

use super::project::{self, Invocation};
use super::transactions_of;
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::engine::{RunOptions, Silent};
use crate::guest::{GuestSettings, Guests};

/// Reads the project of a directory as Knex' command line would without arguments.
pub fn open(global: &Global, options: RunOptions, evidence: PathBuf) -> Result<Project, Failure> {
    let root = std::path::absolute(&global.directory)
        .map_err(|error| Failure::new("PROJECT", format!("{}: {error}", global.directory.display())))?;
    let invocation = Invocation { directory: root, ..Invocation::default() };
    let given = global.url.as_deref().filter(|url| !url.is_empty());
    let found = project::load(&invocation, given, &mut Silent)?;
    let origin = match (given, &found.knexfile) {
        (Some(_), _) => "--url or DATABASE_URL".to_owned(),
        (None, Some(knexfile)) => knexfile.display().to_string(),
        (None, None) => "the command line".to_owned(),
    };
    let settings = project::guest_settings(
        &found.working_directory,
        &found.settings,
        Some(&found.url),
        &found.variables,
    );
    let mut adapter = found.adapter;
    adapter.modules =
        Some(Arc::new(Asking { program: Arc::clone(&adapter.guest), settings, known: Mutex::default() }));
    let mut facts = Vec::new();
    if let Some(environment) = found.environment {
        facts.push(("environment", "environment", environment));
    }
    if !found.variables.is_empty() {
        facts.push(("variables", "variables", found.variables.join(", ")));
    }
    let place = (Tool::Knex, evidence, found.working_directory);
    let project = Project::of_parts(Box::new(adapter), found.url, origin, place, options);
    Ok(project.with_guests(found.guests).with_facts(facts))
}

/// Asks migrations in a guest of its own: the run's is busy when the plan is made under the lock.
struct Asking {
    program: Arc<GuestProgram>,
    settings: GuestSettings,
    known: Mutex<BTreeMap<String, Option<bool>>>,
}

impl fmt::Debug for Asking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Asking")
    }
}

impl Modules for Asking {
    fn transactions(&self, files: &[MigrationFile]) -> Result<Transactions, AdapterError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<&MigrationFile> = files.iter().filter(|file| !known.contains_key(&file.name)).collect();
        if !new.is_empty() {
            let mut guests = Guests::new(self.settings.clone());
            let given = transactions_of(&new, &self.program, None, &mut guests, &mut Silent)
                .map_err(|failure| AdapterError::refused("GUEST", failure.message))?;
            known.extend(given.0);
        }
        Ok(Transactions(known.clone()))
    }
}
