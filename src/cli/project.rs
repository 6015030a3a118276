//! The project of a command: its tool, its adapter, its database.

use std::path::{Path, PathBuf};

use dunlin_compat::model::{Adapter, AdapterError, Context, Plan};
use dunlin_compat::native::Native;
use dunlin_compat::project::{self, Detected};
use dunlin_compat::settings::{Settings, Tool};

use super::exit::Exit;
use super::failure::Failure;
use super::progress::Progress;
use super::{Format, Global};
use crate::db::{self, Access, ConnectOptions, Connection, DatabaseUrl, DbError};
use crate::engine::{self, OnUnfinished, RunOptions, RunReport};

/// A project with its database's address.
pub struct Project {
    adapter: Box<dyn Adapter>,
    url: DatabaseUrl,
    url_origin: String,
    tool: Tool,
    evidence: PathBuf,
    root: PathBuf,
    /// How runs behave.
    pub options: RunOptions,
}

impl Project {
    /// Finds and loads the project of a directory.
    pub fn open(global: &Global) -> Result<Project, Failure> {
        let root = global.directory.clone();
        let detected = project::detect(&root).map_err(|error| detection_failure(&error))?;
        let options = run_options(global, &detected.settings);
        let Detected { tool, evidence, migrations, settings } = detected;
        match tool {
            Tool::Flyway => super::flyway::open(global, &settings, options, evidence),
            Tool::Native => {
                let adapter = Native::load(&root.join(migrations), settings.table.clone())?;
                let (url, url_origin) = native_url(global, &settings, &root)?;
                let url_origin = url_origin.to_owned();
                Ok(Project { adapter: Box::new(adapter), url, url_origin, tool, evidence, root, options })
            }
            Tool::Alembic | Tool::Knex | Tool::Rails => Err(super::not_built(&tool.to_string())),
        }
    }

    /// A project whose parts are known.
    pub fn of_parts(
        adapter: Box<dyn Adapter>,
        url: DatabaseUrl,
        url_origin: String,
        place: (Tool, PathBuf, PathBuf),
        options: RunOptions,
    ) -> Project {
        let (tool, evidence, root) = place;
        Project { adapter, url, url_origin, tool, evidence, root, options }
    }

    /// What knows the tool.
    pub fn adapter(&self) -> &dyn Adapter {
        self.adapter.as_ref()
    }

    /// Opens a session.
    pub fn connect(&self, access: Access) -> Result<Box<dyn Connection>, Failure> {
        Ok(self.open_session(access)?)
    }

    fn open_session(&self, access: Access) -> Result<Box<dyn Connection>, DbError> {
        db::connect(&self.url, &ConnectOptions { access, ..ConnectOptions::default() })
    }

    /// Runs a plan and shows it while it goes.
    pub fn run(
        &self,
        global: &Global,
        on_unfinished: OnUnfinished,
        planner: &dyn Fn(&Context<'_>) -> Result<Plan, AdapterError>,
    ) -> Result<RunReport, Failure> {
        let mut progress = Progress::new(global.format == Format::Json);
        let open = || self.open_session(Access::Write);
        let result =
            engine::run(&open, self.adapter.as_ref(), planner, on_unfinished, &self.options, &mut progress);
        progress.finish();
        Ok(result?)
    }

    /// Facts for `doctor`.
    pub fn describe(&self) -> Vec<(&'static str, String)> {
        let root = std::fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone());
        vec![
            ("project", root.display().to_string()),
            ("tool", format!("{}, because of {}", self.tool, self.evidence.display())),
            ("url", format!("{} (from {})", self.url, self.url_origin)),
        ]
    }
}

/// The options of a run: arguments before `dunlin.toml` before defaults.
pub fn run_options(global: &Global, settings: &Settings) -> RunOptions {
    RunOptions {
        lock_wait: global.lock_wait.unwrap_or(settings.lock_wait),
        lock_timeout: global.lock_timeout.unwrap_or(settings.lock_timeout),
        attempts: settings.retries.saturating_add(1),
        in_flight: None,
    }
}

/// Parses a URL; the error never shows its password.
pub fn parse_url(text: &str) -> Result<DatabaseUrl, Failure> {
    DatabaseUrl::parse(text).map_err(|error| Failure::from(error).with_exit(Exit::Usage))
}

fn native_url(
    global: &Global,
    settings: &Settings,
    root: &Path,
) -> Result<(DatabaseUrl, &'static str), Failure> {
    if let Some(text) = &global.url {
        return Ok((parse_url(text)?, "--url or DATABASE_URL"));
    }
    if let Some(url) = &settings.url {
        let text = url.expand(|name| std::env::var(name).ok()).map_err(|error| {
            Failure::new("CONFIGURATION", format!("{}: {error}", root.join("dunlin.toml").display()))
        })?;
        return Ok((parse_url(&text)?, "dunlin.toml"));
    }
    Err(Failure::usage("no database is named")
        .help("Give --url, set DATABASE_URL, or write `url = \"…\"` into dunlin.toml."))
}

/// What detection found wrong, with its own advice inside the message.
pub fn detection_failure(error: &project::DetectError) -> Failure {
    Failure::new("PROJECT", error.to_string())
}
