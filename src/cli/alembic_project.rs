//! An Alembic project for the command line: read from disk, with the guests that run its revisions.

use std::path::{Path, PathBuf};

use dunlin_compat::alembic::config::Invocation;
use dunlin_compat::alembic::project::{self, AlembicProject, Load};
use dunlin_compat::alembic::session::Session;
use dunlin_compat::model::AdapterError;
use dunlin_compat::settings::{Settings, Tool};

use super::Global;
use super::failure::Failure;
use super::interruption;
use super::project::{Project, parse_url};
use crate::db::DatabaseUrl;
use crate::engine::RunOptions;
use crate::guest::{GuestSettings, Guests};

/// Reads the project of a directory as Alembic's command line would without arguments, for dunlin's own commands.
pub fn open(
    global: &Global,
    settings: &Settings,
    options: RunOptions,
    evidence: PathBuf,
) -> Result<Project, Failure> {
    let root = std::path::absolute(&global.directory)
        .map_err(|error| Failure::new("PROJECT", format!("{}: {error}", global.directory.display())))?;
    let invocation = Invocation { directory: root.clone(), ..Invocation::default() };
    let project = load(&root, &invocation, settings, global.url.as_deref(), false)?;
    let (url, origin) = project.url?;
    let url = database_url(url.expose(), &project.session, &root)?;
    let guests = guests(&root, settings, Some(&url));
    let place = (Tool::Alembic, evidence, root);
    Ok(Project::of_parts(Box::new(project.adapter), url, origin, place, options).with_guests(guests))
}

/// Where a URL leads, and how sessions begin there. SQLAlchemy's `sqlite:///shop.db` is relative to the working directory, which is
/// the project's.
pub fn database_url(url: &str, session: &Session, root: &Path) -> Result<DatabaseUrl, Failure> {
    let mut url = parse_url(url)?.relative_to(root);
    url.preparing.clone_from(&session.preparing);
    url.beginning.clone_from(&session.beginning);
    Ok(url)
}

/// Reads a project.
pub fn load(
    directory: &Path,
    invocation: &Invocation,
    settings: &Settings,
    url: Option<&str>,
    offline: bool,
) -> Result<AlembicProject, AdapterError> {
    project::load(&Load {
        directory,
        invocation,
        settings,
        variables: &|name| std::env::var(name).ok(),
        url,
        offline,
    })
}

/// Reads a project without its revisions, as far as the command line says.
pub fn load_environment(
    directory: &Path,
    invocation: &Invocation,
    settings: &Settings,
) -> Result<AlembicProject, AdapterError> {
    online(directory, invocation, settings, &project::load_environment)
}

/// The same once for each database that `env.py` migrates.
pub fn load_environments(
    directory: &Path,
    invocation: &Invocation,
    settings: &Settings,
) -> Result<Vec<AlembicProject>, AdapterError> {
    online(directory, invocation, settings, &project::load_environments)
}

fn online<T>(
    directory: &Path,
    invocation: &Invocation,
    settings: &Settings,
    read: &dyn Fn(&Load<'_>) -> Result<T, AdapterError>,
) -> Result<T, AdapterError> {
    let variables = &|name: &str| std::env::var(name).ok();
    read(&Load { directory, invocation, settings, variables, url: None, offline: false })
}

/// What runs the project's revisions.
pub fn guests(directory: &Path, settings: &Settings, url: Option<&DatabaseUrl>) -> Guests {
    let own = &settings.alembic;
    Guests::new(GuestSettings {
        carrier: own.carrier.or(settings.carrier).unwrap_or_default(),
        python: own.python.clone(),
        environment: settings.environment.clone(),
        time_limit: settings.code_time_limit,
        memory_limit: settings.code_memory_limit,
        secrets: url
            .and_then(|url| url.password.as_ref())
            .map(|password| password.reveal().to_owned())
            .into_iter()
            .collect(),
        interrupt: interruption::of_process(),
        ..GuestSettings::new(directory)
    })
}
