//! Rails' own tasks: their names, variables, output and exit codes. `dunlin rails db:…`, or the binary called `rails`.

mod create;
mod end;
mod environments;
mod migrate;
mod observer;
mod own;
mod prepare;
mod project;
mod schema_dump;
mod schema_load;
pub mod squash;
mod status;

pub use own::open as open_own;

use std::process::ExitCode;

use dunlin_compat::rails::task::{Invocation, Task, TaskKind};
use end::End;
use observer::RailsObserver;
use project::Application;

use super::failure::Failure;
use super::output;

const USAGE: &str = "Usage: rails TASK [NAME=value] …

Tasks that dunlin runs (each but the last three also for one database of several, as db:migrate:animals):
  db:migrate                      Migrate the database (VERSION=x, VERBOSE=false, SCOPE=blog).
  db:migrate:up                   Run the \"up\" for a given migration VERSION.
  db:migrate:down                 Run the \"down\" for a given migration VERSION.
  db:migrate:redo                 Roll back the database one migration and re-migrate up (STEP=x, VERSION=x).
  db:migrate:status               Display status of migrations.
  db:rollback                     Roll the schema back to the previous version (STEP=n).
  db:forward                      Push the schema to the next version (STEP=n).
  db:version                      Retrieve the current schema version number.
  db:abort_if_pending_migrations  Fail if there are pending migrations.
  db:schema:dump                  Write db/schema.rb or db/structure.sql (SCHEMA=file, SCHEMA_FORMAT=ruby|sql).
  db:schema:load                  Load db/schema.rb or db/structure.sql into the database.
  db:prepare                      Create the database and load its schema if it is not there; then migrate.
  db:environment:set              Set the environment value for the database.
  db:check_protected_environments Fail if the environment is protected.
";

/// Runs Rails' command line and returns its exit code: 0, or 1 for whatever went wrong.
pub fn main(given: &[String]) -> ExitCode {
    if given.iter().all(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        output::note_text(USAGE);
        return if given.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    let ended = Invocation::parse(given).map_err(End::from).and_then(|invocation| run(&invocation));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(end) => {
            end.print();
            ExitCode::FAILURE
        }
    }
}

fn run(invocation: &Invocation) -> Result<(), End> {
    let Some(_) = invocation.tasks.first() else {
        output::note_text(USAGE);
        return Err(End::Silent);
    };
    let here = std::env::current_dir()
        .map_err(|error| End::rails("Errno::ENOENT", format!("the working directory: {error}")))?;
    // A variable may name a database anywhere; whose history it is, only an application says.
    if !["config/database.yml", "config/application.rb"].iter().any(|name| here.join(name).is_file()) {
        let message = format!(
            "there is no Rails application in {}: neither config/application.rb nor config/database.yml",
            here.display()
        );
        return Err(Failure::new("PROJECT", message).help("Go to the application's folder.").into());
    }
    let mut observer = RailsObserver::default();
    let application = Application::load(&here, invocation, None, &mut observer)?;
    for task in &invocation.tasks {
        perform(&application, task, &mut observer).map_err(|end| end.of(application.project.release))?;
    }
    Ok(())
}

fn perform(application: &Application<'_>, task: &Task, observer: &mut RailsObserver) -> Result<(), End> {
    let configs = application.project.configs()?;
    let names: Vec<&str> = configs.iter().map(|config| config.name.as_str()).collect();
    task.check(&names)?;
    match task.kind {
        TaskKind::Migrate
        | TaskKind::Up
        | TaskKind::Down
        | TaskKind::Redo
        | TaskKind::Rollback
        | TaskKind::Forward => migrate::run(application, task, observer),
        TaskKind::Status => status::status(application, task),
        TaskKind::Version => status::version(application, task),
        TaskKind::AbortIfPending => status::abort_if_pending(application, task),
        TaskKind::SchemaDump => schema_dump::run(application, task, observer),
        TaskKind::SchemaLoad => schema_load::run(application, task, observer),
        TaskKind::Prepare => prepare::run(application, observer),
        TaskKind::EnvironmentSet => environments::set(application, observer),
        TaskKind::CheckProtected => environments::check(application),
    }
}
