//! A Rails application for the command line: its configuration read, its databases, its guests.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dunlin_compat::model::{AdapterError, Carrier, Context, GuestProgram, Language};
use dunlin_compat::rails::adapter::RailsAdapter;
use dunlin_compat::rails::connection;
use dunlin_compat::rails::databases::{ConfigError, DatabaseConfig};
use dunlin_compat::rails::guest::MODULES;
use dunlin_compat::rails::project::{self, Load, RailsProject};
use dunlin_compat::rails::task::Invocation;
use dunlin_compat::settings::Settings;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::create;
use super::end::End;
use crate::cli::failure::Failure;
use crate::cli::interruption;
use crate::cli::project::{parse_url, settings_failure};
use crate::db::url::Engine;
use crate::db::{self, Access, ConnectOptions, Connection, DatabaseUrl, DbError};
use crate::engine::{self, Call, Observer, RunOptions, Snapshot};
use crate::guest::{GuestSettings, Guests};
use crate::plugin::Shelf;

/// An application and the variables that its tasks hear.
pub struct Application<'i> {
    /// What is configured.
    pub project: RailsProject,
    /// `dunlin.toml`
    pub settings: Settings,
    /// How runs behave.
    pub options: RunOptions,
    /// The variables that its configuration asks for.
    asked: Vec<String>,
    invocation: &'i Invocation,
}

/// A database of an application.
pub struct Database {
    /// What knows it.
    pub adapter: RailsAdapter,
    /// Where it is.
    pub url: DatabaseUrl,
    /// Its configuration.
    pub config: DatabaseConfig,
    /// What runs its migrations.
    pub guests: RefCell<Guests>,
    /// A session that has only read, for whoever connects next.
    spare: RefCell<Option<Box<dyn Connection>>>,
}

impl<'i> Application<'i> {
    /// Reads the application of a folder, which is absolute.
    ///
    /// # Errors
    /// What it says cannot be followed, or is known to Ruby only and no Ruby is there.
    pub fn load(
        root: &Path,
        invocation: &'i Invocation,
        url: Option<&str>,
        observer: &mut dyn Observer,
    ) -> Result<Application<'i>, Failure> {
        let settings = Settings::load(root).map_err(|error| settings_failure(&error))?;
        let asked = RefCell::new(BTreeSet::new());
        let variables = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            invocation.variable(name, &of_process)
        };
        let mut load = Load { root, settings: &settings, variables: &variables, rendered: None, url };
        // What only Ruby knows may keep the file from being read, or stand in a value that is needed.
        let first = match project::load(&load) {
            Ok(project) => project.needs_ruby(&variables).map_or(Ok(project), Err),
            error => error,
        };
        let text;
        let project = match first {
            Err(ConfigError::NeedsRuby { path, unknown }) => {
                text = render(root, (&path, unknown.line), &settings, invocation, observer)?;
                load.rendered = Some(&text);
                project::load(&load)
            }
            other => other,
        };
        let project = project.map_err(|error| refused(&error))?;
        let options = RunOptions {
            lock_wait: settings.lock_wait,
            lock_timeout: settings.lock_timeout,
            attempts: settings.retries.saturating_add(1),
            plugins: Shelf::new(root, settings.plugin.clone()),
            ..RunOptions::default()
        };
        let asked = asked.into_inner().into_iter().collect();
        Ok(Application { project, settings, options, asked, invocation })
    }

    /// A variable: of the command line, else of the environment.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.invocation.variable(name, &of_process)
    }

    /// The databases that a task is about: the one that it names, else those of the environment.
    pub fn configs(&self, named: Option<&str>) -> Result<Vec<&DatabaseConfig>, End> {
        let mut configs = self.project.configs()?;
        configs.retain(|config| named.is_none_or(|name| config.name == name));
        Ok(configs)
    }

    /// A database, its migrations' files read.
    pub fn database(&self, config: &DatabaseConfig) -> Result<Database, End> {
        self.database_with(config, |guest| {
            self.project.adapter(config, guest, &self.settings.carriers, Timestamp::now())
        })
    }

    /// A database whose history alone matters; wrong files are in nobody's way.
    pub fn database_without_files(&self, config: &DatabaseConfig) -> Result<Database, End> {
        self.database_with(config, |guest| {
            self.project.adapter_of(config, guest, &self.settings.carriers, Vec::new())
        })
    }

    fn database_with(
        &self,
        config: &DatabaseConfig,
        adapter: impl FnOnce(Arc<GuestProgram>) -> Result<RailsAdapter, AdapterError>,
    ) -> Result<Database, End> {
        let text = self.project.url(config, &|name| self.variable(name))?;
        let mut url = parse_url(&text)?.relative_to(&self.project.root);
        url.beginning = connection::session_statements(config).map_err(End::from)?;
        let guest = Arc::new(program(self.project.guest_options(config)?, self.gems()));
        let adapter = adapter(guest)?;
        let guests = RefCell::new(Guests::new(self.guest_settings(Some(&url))));
        Ok(Database { adapter, url, config: config.clone(), guests, spare: RefCell::default() })
    }

    /// Folders of gems that `dunlin.toml` names.
    fn gems(&self) -> Vec<PathBuf> {
        self.settings.rails.gems.iter().map(|folder| self.project.root.join(folder)).collect()
    }

    fn guest_settings(&self, url: Option<&DatabaseUrl>) -> GuestSettings {
        GuestSettings {
            masked: self.asked.clone(),
            ..guest_settings(&self.project.root, &self.settings, url, self.invocation)
        }
    }
}

/// What was read, and the session that read it.
type Seen<T> = (T, Box<dyn Connection>);

impl Database {
    /// The same at another place.
    pub fn at(self, url: DatabaseUrl) -> Database {
        Database { url, spare: RefCell::default(), ..self }
    }

    /// Opens a session.
    pub fn connect(&self, access: Access) -> Result<Box<dyn Connection>, DbError> {
        if let Some(connection) = self.spare.take() {
            return Ok(connection);
        }
        db::connect(&self.url, &ConnectOptions { access, ..ConnectOptions::default() })
    }

    /// Reads its history, and does something with it.
    pub fn read<T>(&self, work: impl FnOnce(&Context<'_>) -> Result<T, End>) -> Result<T, End> {
        let mut connection = self.connect(Access::Read)?;
        let snapshot = Snapshot::read(connection.as_mut(), &self.adapter)?;
        work(&snapshot.context(connection.as_ref()))
    }

    /// The same; nothing where there is no such database.
    pub fn read_if_there<T>(
        &self,
        work: impl FnOnce(&Context<'_>) -> Result<T, End>,
    ) -> Result<Option<T>, End> {
        let read = self.read_for(Access::Read, work)?;
        Ok(read.map(|(result, _)| result))
    }

    /// Whether it has a history; nothing where there is no such database. The session is kept for the run that follows.
    pub fn has_history(&self) -> Result<Option<bool>, End> {
        // A file is not made by looking.
        let is_file = self.url.engine == Engine::Sqlite;
        let access = if is_file { Access::Read } else { Access::Write };
        let Some((exists, connection)) = self.read_for(access, |context| Ok(context.history.exists))? else {
            return Ok(None);
        };
        if exists && !is_file {
            self.spare.replace(Some(connection));
        }
        Ok(Some(exists))
    }

    fn read_for<T>(
        &self,
        access: Access,
        work: impl FnOnce(&Context<'_>) -> Result<T, End>,
    ) -> Result<Option<Seen<T>>, End> {
        let mut connection = match self.connect(access) {
            Err(error) if create::is_missing(&error) => return Ok(None),
            connection => connection?,
        };
        let snapshot = Snapshot::read(connection.as_mut(), &self.adapter)?;
        let result = work(&snapshot.context(connection.as_ref()))?;
        Ok(Some((result, connection)))
    }

    /// As Rails shows it.
    pub fn shown(&self) -> Result<String, End> {
        Ok(self.config.text("database").map_err(|error| error.refusal())?.unwrap_or_default())
    }

    /// Asks its guest for something else than running a migration; it may read.
    pub fn call(&self, name: &str, arguments: &Value, observer: &mut dyn Observer) -> Result<Value, End> {
        let mut connection = self.connect(Access::Write)?;
        let call = Call { program: &self.adapter.guest, carrier: None, name, arguments };
        let mut guests = self.guests.borrow_mut();
        Ok(engine::call(Some(connection.as_mut()), &mut *guests, &call, observer)?)
    }
}

/// Passwords may stand in `database.yml`, so that it is shown without them.
fn refused(error: &ConfigError) -> Failure {
    let failure = Failure::from(error.refusal());
    match error {
        ConfigError::Yaml { path, error, shown: Some(text) } => failure.at_shown(path, error.line, text),
        _ => failure,
    }
}

fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// `config/database.yml` without its ERB, evaluated by a guest that sees the whole environment, as Rails does.
fn render(
    root: &Path,
    (path, line): (&Path, usize),
    settings: &Settings,
    invocation: &Invocation,
    observer: &mut dyn Observer,
) -> Result<String, Failure> {
    let source = std::fs::read_to_string(path)
        .map_err(|error| Failure::new("FILE", format!("{} cannot be read: {error}", path.display())))?;
    let environment =
        dunlin_compat::rails::databases::environment(&|name| invocation.variable(name, &of_process));
    let gems = settings.rails.gems.iter().map(|folder| root.join(folder)).collect();
    let program = Arc::new(program(json!({ "rails_env": environment }), gems));
    let mut guests = Guests::new(guest_settings(root, settings, None, invocation));
    let arguments = json!({ "source": source, "path": path });
    let call = Call { program: &program, carrier: None, name: "render", arguments: &arguments };
    let given = engine::call(None, &mut guests, &call, observer).map_err(|error| {
        let mut failure = Failure::from(error);
        failure.message = format!("Cannot load database configuration:\n{}", failure.message);
        failure.at_hidden(path, line)
    })?;
    let text = given.get("text").and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| Failure::new("GUEST", "the guest gave no text for config/database.yml"))
}

fn program(options: Value, gems: Vec<PathBuf>) -> GuestProgram {
    GuestProgram { tool: "rails", language: Language::Ruby, modules: MODULES, import_paths: gems, options }
}

/// How guests are run: the one that evaluates `database.yml`, as long as no `url` is known, and those that run migrations.
pub fn guest_settings(
    root: &Path,
    settings: &Settings,
    url: Option<&DatabaseUrl>,
    invocation: &Invocation,
) -> GuestSettings {
    let secrets = url.and_then(|url| url.password.as_ref()).map(|password| password.reveal().to_owned());
    // Whoever evaluates the configuration needs passwords; whoever runs migrations does not.
    let environment = match url {
        None => std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect(),
        Some(_) => settings.environment.clone(),
    };
    // An application is loaded where its own Ruby runs it.
    let by_default = if settings.rails.load.is_some() { Carrier::Host } else { Carrier::default() };
    GuestSettings {
        carrier: settings.rails.carrier.or(settings.carrier).unwrap_or(by_default),
        ruby: settings.rails.ruby.as_ref().map(|ruby| root.join(ruby)),
        environment,
        variables: invocation.variables.clone(),
        secrets: secrets.into_iter().collect(),
        time_limit: settings.code_time_limit,
        memory_limit: settings.code_memory_limit,
        interrupt: interruption::of_process(),
        ..GuestSettings::new(root)
    }
}
