//! A Rails application for dunlin's own commands: its primary database.

use std::path::PathBuf;

use dunlin_compat::rails::task::Invocation;
use dunlin_compat::settings::Tool;

use super::project::Application;
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::engine::{RunOptions, Silent};

/// Reads the application of a directory as Rails' command line would without arguments.
pub fn open(global: &Global, options: RunOptions, evidence: PathBuf) -> Result<Project, Failure> {
    let root = std::path::absolute(&global.directory)
        .map_err(|error| Failure::new("PROJECT", format!("{}: {error}", global.directory.display())))?;
    let invocation = Invocation::default();
    let given = global.url.as_deref().filter(|url| !url.is_empty());
    let application = Application::load(&root, &invocation, given, &mut Silent)?;
    let configs = application.project.configs()?;
    let Some(config) = configs.first() else {
        return Err(Failure::new("CONFIGURATION", "the environment has no database"));
    };
    let origin = match given {
        Some(_) => "--url or DATABASE_URL".to_owned(),
        None => root.join("config/database.yml").display().to_string(),
    };
    let mut facts = vec![
        ("environment", "environment", application.project.environment.clone()),
        ("release", "Active Record", application.project.release.to_string()),
    ];
    if configs.len() > 1 {
        let names: Vec<&str> = configs.iter().map(|config| config.name.as_str()).collect();
        facts.push((
            "databases",
            "databases",
            format!("{}, of which {} is shown", names.join(", "), config.name),
        ));
    }
    let database = application.database(config)?;
    let place = (Tool::Rails, evidence, root);
    let project = Project::of_parts(Box::new(database.adapter), database.url, origin, place, options);
    Ok(project.with_guests(database.guests.into_inner()).with_facts(facts))
}
