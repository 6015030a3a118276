//! The project and database of one invocation.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{panic, thread};

use dunlin_compat::flyway::adapter::FlywayAdapter;
use dunlin_compat::flyway::config::{self, Config, Invocation, ProcessEnvironment};
use dunlin_compat::flyway::java;
use dunlin_compat::flyway::output;
use dunlin_compat::flyway::scan::{Notice, NoticeLevel};
use dunlin_compat::flyway::undo::UndoRecord;
use dunlin_compat::model::{AdapterError, Context, Dialect, Plan, Server};
use dunlin_compat::settings::{Settings, Tool, UndoRow};
use jiff::{Timestamp, ZonedDateTime};

use super::console::Console;
use super::error::{CommandError, callback_failure, script_failure};
use super::observer::FlywayObserver;
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::project::{Project, parse_url};
use crate::db::url::Engine;
use crate::db::{self, Access, ConnectOptions, Connection, DatabaseUrl, DbError};
use crate::engine::{self, OnUnfinished, RunError, RunOptions, RunReport};
use crate::plugin::Shelf;

/// What is known of an invocation before its files are read.
pub struct Place {
    config: Config,
    url: DatabaseUrl,
    directory: PathBuf,
    settings: Settings,
}

impl Place {
    /// Reads `dunlin.toml`; connects to nothing.
    pub fn new(config: Config) -> Result<Place, CommandError> {
        let url = url(&config)?;
        let directory = working_directory(&config)?;
        let settings = Settings::load(&directory)
            .map_err(|error| CommandError::new("CONFIGURATION", error.to_string()))?;
        Ok(Place { config, url, directory, settings })
    }

    /// Begins a command: connects, says to which database, and what there is to say of the project's files, in this order, as
    /// Flyway does for each command anew. `access` is what the command is for.
    pub fn begin(&self, console: &Console, access: Access) -> Result<Session, CommandError> {
        let options = run_options(&self.config, &self.settings, &self.directory);
        let connect = connect_options(&self.config);
        // A session for writing would create a SQLite file before anything is known to be right.
        let reads_only = self.url.engine == Engine::Sqlite || self.config.dry_run_output.is_some();
        let access = if reads_only { Access::Read } else { access };
        let mut notices = Vec::new();
        // Logging in takes about as long as reading the files.
        let (first, adapter) = thread::scope(|scope| {
            let reading = scope
                .spawn(|| adapter(self.config.clone(), self.directory.clone(), &self.settings, &mut notices));
            let first = open_on(&self.url, &connect, access);
            (first, reading.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
        });
        let first =
            first.map_err(|error| CommandError::of_connection(&error, &self.config, self.url.engine))?;
        let server = first.server().clone();
        console.info(&output::database("********", &product(&server)));
        for notice in &notices {
            match notice.level {
                NoticeLevel::Info => console.info(&notice.text),
                NoticeLevel::Warning => console.warn(&notice.text),
                NoticeLevel::Error => console.error(&notice.text),
            }
        }
        let adapter = adapter?;
        let first = RefCell::new(Some(first));
        Ok(Session { adapter, server, url: self.url.clone(), connect, options, first })
    }
}

/// What one command works with.
pub struct Session {
    /// The project.
    pub adapter: FlywayAdapter,
    /// What was learnt of the server when the command began.
    pub server: Server,
    url: DatabaseUrl,
    connect: ConnectOptions,
    options: RunOptions,
    first: RefCell<Option<Box<dyn Connection>>>,
}

impl Session {
    /// A session for reading: the one with which the command began, and then new ones.
    pub fn connect(&self) -> Result<Box<dyn Connection>, CommandError> {
        match self.first.borrow_mut().take() {
            Some(connection) => Ok(connection),
            None => Ok(open_on(&self.url, &self.connect, Access::Read)?),
        }
    }

    /// How runs behave.
    pub fn options(&self) -> &RunOptions {
        &self.options
    }

    /// A session for a run: the one with which the command began unless that was taken, for connecting costs more than a run
    /// that finds nothing to do. On SQLite that one cannot write.
    fn connect_to_write(&self) -> Result<Box<dyn Connection>, DbError> {
        let first =
            (self.server.dialect != Dialect::Sqlite).then(|| self.first.borrow_mut().take()).flatten();
        first.map_or_else(|| open_on(&self.url, &self.connect, Access::Write), Ok)
    }

    /// Runs a plan.
    pub fn run(
        &self,
        planner: &dyn Fn(&Context<'_>) -> Result<Plan, AdapterError>,
        on_unfinished: OnUnfinished,
        observer: &mut FlywayObserver<'_>,
    ) -> Result<RunReport, RunError> {
        let open = || self.connect_to_write();
        engine::run(&open, &self.adapter, planner, on_unfinished, &self.options, None, observer)
    }

    /// Runs a plan; an error in Flyway's words.
    pub fn carry_out(
        &self,
        planner: &dyn Fn(&Context<'_>) -> Result<Plan, AdapterError>,
        on_unfinished: OnUnfinished,
        observer: &mut FlywayObserver<'_>,
        console: &Console,
    ) -> Result<RunReport, CommandError> {
        self.run(planner, on_unfinished, observer).map_err(|error| match error {
            RunError::Statement(failure) if observer.migration_failed => CommandError::new(
                "FAILED_VERSIONED_MIGRATION",
                script_failure(&failure, self, console.is_debug()),
            ),
            RunError::Statement(failure) => callback_failure(&failure, self, console.is_debug()),
            other => other.into(),
        })
    }

    /// The database's name as results have it: none on SQLite.
    pub fn database(&self) -> Option<String> {
        (self.server.dialect != Dialect::Sqlite).then(|| self.server.database.clone())
    }
}

fn open_on(
    url: &DatabaseUrl,
    connect: &ConnectOptions,
    access: Access,
) -> Result<Box<dyn Connection>, DbError> {
    db::connect(url, &ConnectOptions { access, ..connect.clone() })
}

/// Loads a Flyway project for dunlin's own commands.
pub fn open(
    global: &Global,
    settings: &Settings,
    options: RunOptions,
    evidence: PathBuf,
) -> Result<Project, Failure> {
    let root = std::path::absolute(&global.directory)
        .map_err(|error| Failure::new("PROJECT", format!("{}: {error}", global.directory.display())))?;
    let arguments = vec![format!("-workingDirectory={}", root.display())];
    let configuration_failure = |error: config::ConfigError| Failure::new("CONFIGURATION", error.to_string());
    let invocation = Invocation::parse(&arguments).map_err(configuration_failure)?;
    let loaded = config::load(&invocation, &ProcessEnvironment).map_err(configuration_failure)?;
    let (url, origin) = match &global.url {
        Some(text) => (parse_url(text)?, "--url or DATABASE_URL".to_owned()),
        None => {
            let key = format!("environments.{}.url", loaded.config.environment);
            let place = loaded.provenance.get(&key).or_else(|| loaded.provenance.get("flyway.url"));
            let origin = place.map_or_else(|| "Flyway's configuration".to_owned(), ToString::to_string);
            (url(&loaded.config).map_err(|error| Failure::usage(error.message))?, origin)
        }
    };
    let adapter = adapter(loaded.config, root.clone(), settings, &mut Vec::new())?;
    Ok(Project::of_parts(Box::new(adapter), url, origin, (Tool::Flyway, evidence, root), options))
}

/// Reads the project's files; `notices` is what to say of them, even if they cannot be used.
pub fn adapter(
    config: Config,
    directory: PathBuf,
    settings: &Settings,
    notices: &mut Vec<Notice>,
) -> Result<FlywayAdapter, AdapterError> {
    let found = java::stand_ins(&settings.flyway.stand_in, &config.locations, &directory)?;
    let mut adapter = FlywayAdapter::load_with_notices(config, directory, found, now(), notices)?;
    adapter.undo_record = match settings.flyway.undo_row {
        UndoRow::Delete => UndoRecord::Delete,
        UndoRow::UndoSql => UndoRecord::UndoSql,
    };
    Ok(adapter)
}

fn now() -> ZonedDateTime {
    ZonedDateTime::new(Timestamp::now(), crate::zone::system())
}

fn url(config: &Config) -> Result<DatabaseUrl, CommandError> {
    let Some(url) = config.url.as_ref().filter(|url| !url.reveal().trim().is_empty()) else {
        let message = "Unable to connect to the database. Configure the url, user and password!";
        return Err(CommandError::new("CONFIGURATION", message));
    };
    let mut text = url.reveal().to_owned();
    for (name, value) in &config.jdbc_properties {
        text.push(if text.contains('?') { '&' } else { '?' });
        text.push_str(&encode(name));
        text.push('=');
        text.push_str(&encode(value.reveal()));
    }
    let parsed = DatabaseUrl::parse(&text)?;
    let parsed = if config.user.is_some() { parsed.with_user(config.user.clone()) } else { parsed };
    Ok(match &config.password {
        Some(password) => parsed.with_password(Some(password.reveal().to_owned())),
        None => parsed,
    })
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn working_directory(config: &Config) -> Result<PathBuf, CommandError> {
    let directory = config.working_directory.as_deref().map_or(Path::new("."), Path::new);
    std::path::absolute(directory)
        .map_err(|error| CommandError::new("CONFIGURATION", format!("{}: {error}", directory.display())))
}

fn connect_options(config: &Config) -> ConnectOptions {
    ConnectOptions {
        connect_retries: u32::try_from(config.connect_retries).unwrap_or(0),
        connect_retries_interval: Duration::from_secs(
            u64::try_from(config.connect_retries_interval).unwrap_or(0),
        ),
        ..ConnectOptions::default()
    }
}

/// Flyway tries for its lock `lockRetryCount` times, a second apart; -1 is for ever.
fn run_options(config: &Config, settings: &Settings, directory: &Path) -> RunOptions {
    let lock_wait = match u64::try_from(config.lock_retry_count) {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => Duration::from_secs(u64::from(u32::MAX)),
    };
    RunOptions {
        lock_wait,
        lock_timeout: settings.lock_timeout,
        attempts: settings.retries.saturating_add(1),
        plugins: Shelf::new(directory, settings.plugin.clone()),
        ..RunOptions::default()
    }
}

/// Product and version as Flyway names them: `PostgreSQL 15.18`, `MariaDB 10.11`.
pub fn product(server: &Server) -> String {
    let (major, minor, _) = server.version;
    format!("{} {major}.{minor}", server.dialect)
}
