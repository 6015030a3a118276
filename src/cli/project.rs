//! The project of a command: its tool, its adapter, its database.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dunlin_compat::model::{Adapter, AdapterError, Context, Dialect, Plan, Step};
use dunlin_compat::native::Native;
use dunlin_compat::project::{self, DetectError, Detected};
use dunlin_compat::settings::{Settings, SettingsError, Tool};

use super::exit::Exit;
use super::failure::Failure;
use super::progress::Progress;
use super::watched_progress::WatchedProgress;
use super::{Format, Global};
use crate::db::url::Engine;
use crate::db::{self, Access, ConnectOptions, Connection, DatabaseUrl, DbError};
use crate::engine::{self, OnUnfinished, RunOptions, RunReport};
use crate::guest::{GuestSource, Guests};
use crate::plugin::Shelf;
use crate::schema::Scope;
use crate::trace::Trace;
use crate::verify::Bench;
use crate::waits::Waits;

/// A project with its database's address.
pub struct Project {
    adapter: Box<dyn Adapter>,
    url: DatabaseUrl,
    url_origin: String,
    tool: Tool,
    evidence: PathBuf,
    root: PathBuf,
    guests: Option<RefCell<Guests>>,
    facts: Vec<(&'static str, &'static str, String)>,
    /// How runs behave.
    pub options: RunOptions,
    /// How runs are watched.
    pub watching: Watching,
}

/// How a run is watched from a second session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watching {
    /// Whether everything seen is shown as it goes.
    pub live: bool,
    /// How long others may wait for the run before it stands back.
    pub block_limit: Option<Duration>,
}

impl Project {
    /// Finds and loads the project of a directory.
    pub fn open(global: &Global) -> Result<Project, Failure> {
        let root = root(global)?;
        let detected = project::detect(&root).map_err(detection_failure)?;
        let options = run_options(global, &detected.settings);
        let Detected { tool, evidence, migrations, settings } = detected;
        match tool {
            Tool::Flyway => super::flyway::open(global, &settings, options, evidence),
            Tool::Native => {
                let adapter = Native::load(&within(&root, &migrations), settings.table.clone())?;
                let digest = |name: &str| Some((name.to_owned(), options.plugins.sha256(name)?));
                let plugins = adapter.plugins().into_iter().filter_map(digest).collect();
                let adapter = adapter.with_plugins(plugins);
                let (url, url_origin) = native_url(global, &settings, &root)?;
                let url_origin = url_origin.to_owned();
                Ok(Project::of_parts(Box::new(adapter), url, url_origin, (tool, evidence, root), options))
            }
            Tool::Alembic => super::alembic_project::open(global, &settings, options, evidence),
            Tool::Knex => super::knex::open_own(global, options, evidence),
            Tool::Rails => super::rails::open_own(global, options, evidence),
        }
    }

    /// The same; or, where no project lies and a database is named, that database alone.
    pub fn open_or_url(global: &Global) -> Result<Project, Failure> {
        let root = root(global)?;
        let Err(DetectError::Nothing { .. }) = project::detect(&root) else { return Project::open(global) };
        let settings = Settings::load(&root).map_err(|error| settings_failure(&error))?;
        let adapter = Native::from_texts(&root, settings.table.clone(), [])?;
        let (url, url_origin) = native_url(global, &settings, &root)?;
        let place = (Tool::Native, root.clone(), root.clone());
        let options = run_options(global, &settings);
        Ok(Project::of_parts(Box::new(adapter), url, url_origin.to_owned(), place, options))
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
        Project {
            adapter,
            url,
            url_origin,
            tool,
            evidence,
            root,
            guests: None,
            facts: Vec::new(),
            options,
            watching: Watching::default(),
        }
    }

    /// The same with what runs migrations that are code.
    pub fn with_guests(self, guests: Guests) -> Project {
        Project { guests: Some(RefCell::new(guests)), ..self }
    }

    /// The same with more facts for `doctor`.
    pub fn with_facts(self, facts: Vec<(&'static str, &'static str, String)>) -> Project {
        Project { facts, ..self }
    }

    /// What knows the tool.
    pub fn adapter(&self) -> &dyn Adapter {
        self.adapter.as_ref()
    }

    /// The dialect that the URL tells. MariaDB is MySQL here: only asking tells them apart.
    pub fn dialect(&self) -> Dialect {
        match self.url.engine {
            Engine::Postgres => Dialect::Postgres,
            Engine::Sqlite => Dialect::Sqlite,
            Engine::Mysql => Dialect::Mysql,
        }
    }

    /// Its database.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path of the project as seen from its directory.
    pub fn shown_path<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// Opens a session.
    pub fn connect(&self, access: Access) -> Result<Box<dyn Connection>, Failure> {
        Ok(self.open_session(access)?)
    }

    /// Opens a session, with the server's own words when it refuses.
    pub fn open_session(&self, access: Access) -> Result<Box<dyn Connection>, DbError> {
        db::connect(&self.url, &ConnectOptions { access, ..ConnectOptions::default() })
    }

    /// Runs a plan and shows it while it goes.
    pub fn run(
        &self,
        global: &Global,
        on_unfinished: OnUnfinished,
        planner: &dyn Fn(&Context<'_>) -> Result<Plan, AdapterError>,
    ) -> Result<RunReport, Failure> {
        let waits = RefCell::new(Waits::new(self.watching.block_limit));
        let open = || {
            let connection = self.open_session(Access::Write)?;
            // SQLite has one writer, and nobody asks it who waits.
            let is_watched = connection.server().dialect != Dialect::Sqlite;
            Ok(if is_watched { waits.borrow().watched(connection) } else { connection })
        };
        let progress = Progress::new(global.format == Format::Json);
        let mut progress =
            WatchedProgress::new(progress, &waits, self.watching.live, || self.open_session(Access::Read));
        let mut guests = self.guests.as_ref().map(RefCell::borrow_mut);
        let guests = guests.as_deref_mut().map(|guests| {
            // What a library remembers of its session and of what it did is of one run.
            guests.forget();
            guests as &mut dyn GuestSource
        });
        let result = engine::run(
            &open,
            self.adapter.as_ref(),
            planner,
            on_unfinished,
            &self.options,
            guests,
            &mut progress,
        );
        progress.finish();
        let mut report = result?;
        report.waits = waits.borrow_mut().stop();
        Ok(report)
    }

    /// Has something done with what runs migrations elsewhere than on its database.
    pub fn with_bench<T>(&self, scope: Scope, work: impl FnOnce(&mut Bench<'_>) -> T) -> T {
        let mut guests = self.guests.as_ref().map(RefCell::borrow_mut);
        let guests = guests.as_deref_mut().map(|guests| guests as &mut dyn GuestSource);
        work(&mut Bench {
            adapter: self.adapter.as_ref(),
            options: &self.options,
            guests,
            scope,
            trace: Trace::default(),
        })
    }

    /// Runs a plan that changes the history alone, and also returns what it did, in sentences.
    pub fn change_history(
        &self,
        global: &Global,
        on_unfinished: OnUnfinished,
        planner: &dyn Fn(&Context<'_>) -> Result<Plan, AdapterError>,
    ) -> Result<(RunReport, Vec<String>), Failure> {
        let done = RefCell::new(Vec::new());
        let report = self.run(global, on_unfinished, &|context| {
            let plan = planner(context)?;
            // Planned anew when another process comes between; the last plan is the one that was carried out.
            let mut done = done.borrow_mut();
            done.clear();
            if let Some(unfinished) = context.unfinished
                && on_unfinished == OnUnfinished::Forget
            {
                done.push(format!("Forgetting that {} is half done", unfinished.id));
            }
            done.extend(plan.steps.iter().filter_map(|step| match step {
                Step::Setup(setup) => Some(setup.message.clone()),
                Step::Script(_) | Step::Migration(_) => None,
            }));
            Ok(plan)
        })?;
        Ok((report, done.into_inner()))
    }

    /// Facts for `doctor`: the key in JSON, the label for people, the value.
    pub fn describe(&self) -> Vec<(&'static str, &'static str, String)> {
        let mut facts = vec![
            ("project", "project", absolute(&self.root).display().to_string()),
            ("tool", "tool", self.tool.to_string()),
            ("toolFrom", "known from", self.evidence.display().to_string()),
            ("url", "url", self.url.to_string()),
            ("urlFrom", "url from", self.url_origin.to_owned()),
        ];
        facts.extend(self.facts.iter().cloned());
        facts
    }
}

/// The options of a run: arguments before `dunlin.toml` before defaults.
pub fn run_options(global: &Global, settings: &Settings) -> RunOptions {
    RunOptions {
        lock_wait: global.lock_wait.unwrap_or(settings.lock_wait),
        lock_timeout: global.lock_timeout.unwrap_or(settings.lock_timeout),
        attempts: settings.retries.saturating_add(1),
        in_flight: None,
        plugins: Shelf::new(&global.directory, settings.plugin.clone()),
        ..RunOptions::default()
    }
}

/// Parses a URL; the error never shows its password.
pub fn parse_url(text: &str) -> Result<DatabaseUrl, Failure> {
    DatabaseUrl::parse(text).map_err(|error| {
        let failure = Failure::from(error).with_exit(Exit::Usage);
        if text.contains(':') {
            return failure;
        }
        failure.help(format!("If it is a SQLite file, write sqlite:{text}"))
    })
}

/// The project's directory.
pub fn root(global: &Global) -> Result<PathBuf, Failure> {
    let root = &global.directory;
    if root.is_dir() {
        return Ok(root.clone());
    }
    Err(Failure::usage(format!("there is no directory {}", root.display())))
}

/// A path of a project, without the `./` that nobody wrote.
pub fn within(root: &Path, path: &Path) -> PathBuf {
    if root == Path::new(".") { path.to_owned() } else { root.join(path) }
}

fn native_url(
    global: &Global,
    settings: &Settings,
    root: &Path,
) -> Result<(DatabaseUrl, &'static str), Failure> {
    if let Some(text) = global.url.as_deref().filter(|text| !text.is_empty()) {
        let from_environment = std::env::var("DATABASE_URL").is_ok_and(|value| value == *text);
        return Ok((parse_url(text)?, if from_environment { "DATABASE_URL" } else { "--url" }));
    }
    if let Some(url) = &settings.url {
        let text = url
            .expand(|name| std::env::var(name).ok())
            .map_err(|error| Failure::new("CONFIGURATION", error.to_string()))?;
        let url = parse_url(&text).map_err(|mut failure| {
            let path = within(root, Path::new("dunlin.toml"));
            failure.message = format!("{}: {}", path.display(), failure.message);
            failure.with_exit(Exit::Failed)
        })?;
        return Ok((url, "dunlin.toml"));
    }
    Err(Failure::usage("no database is named")
        .help("Give --url, set DATABASE_URL, or write `url = \"…\"` into dunlin.toml."))
}

/// What detection found wrong, mostly with its own advice inside the message.
pub fn detection_failure(mut error: DetectError) -> Failure {
    match &mut error {
        DetectError::Settings(error) => return settings_failure(error),
        DetectError::Nothing { directory, advice } => {
            let directory = absolute(directory);
            return Failure::new("PROJECT", format!("no migrations found in {}", directory.display()))
                .help(advice.clone());
        }
        DetectError::Ambiguous { directory, .. } | DetectError::TwoFolders { directory, .. } => {
            *directory = absolute(directory)
        }
        _ => {}
    }
    Failure::new("PROJECT", error.to_string())
}

/// What is wrong in `dunlin.toml`. Its lines are not shown, since one may hold a password.
pub fn settings_failure(error: &SettingsError) -> Failure {
    match error {
        SettingsError::Wrong { path, line, message } => {
            let path = path.strip_prefix(".").unwrap_or(path);
            Failure::new("CONFIGURATION", message.clone()).at_hidden(path, *line)
        }
        error => Failure::new("CONFIGURATION", error.to_string()),
    }
}

fn absolute(directory: &Path) -> PathBuf {
    std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned())
}
