//! What `env.py` does: sets up logging, connects, and has the command work on the version table.

use std::cell::RefCell;
use std::path::Path;

use dunlin_compat::alembic::adapter::AlembicAdapter;
use dunlin_compat::alembic::graph::{GraphError, Warning};
use dunlin_compat::alembic::output::{CommandError, Level, context_impl};
use dunlin_compat::alembic::plan;
use dunlin_compat::alembic::url::SqlalchemyUrl;
use dunlin_compat::model::{AdapterError, Context, Dialect, Plan};

use dunlin_compat::settings::Settings;

use super::console::Console;
use super::failure::CommandFailure;
use super::observer::LogObserver;
use super::project::{Facts, Project};
use crate::cli::alembic_project;
use crate::cli::failure::Failure;
use crate::db::{self, Access, ConnectOptions, Connection, DatabaseUrl};
use crate::engine::{self, OnUnfinished, RunError, RunOptions, Snapshot};
use crate::plugin::Shelf;

/// The database of a project, connected.
pub struct Online<'p> {
    project: &'p Project,
    facts: Facts,
    url: DatabaseUrl,
    /// The URL as it is written, its password masked.
    pub shown_url: String,
    connection: Box<dyn Connection>,
}

/// Makes a plan for the version table as it is.
pub type Planning<'a> =
    dyn Fn(&AlembicAdapter, &Context<'_>, &mut Vec<Warning>) -> Result<Plan, CommandError> + 'a;

impl Project {
    /// Runs `env.py`'s part up to where the command begins.
    pub fn connect(&self, access: Access, console: &mut Console) -> Result<Online<'_>, CommandFailure> {
        self.log_as_env_py(console)?;
        let facts = self.facts()?;
        let online = self.while_reading(|| self.open(facts, access))?;
        online.introduce(console);
        Ok(online)
    }

    /// The same for each database that `env.py` migrates: all are known before the first is connected, and connected before it is
    /// looked at.
    pub fn connect_each(
        &self,
        access: Access,
        console: &mut Console,
    ) -> Result<Vec<Online<'_>>, CommandFailure> {
        self.log_as_env_py(console)?;
        let facts = self.facts_of_each()?;
        for facts in &facts {
            self.database_url(facts)?;
        }
        self.while_reading(|| facts.into_iter().map(|facts| self.open(facts, access)).collect())
    }

    fn open(&self, facts: Facts, access: Access) -> Result<Online<'_>, CommandFailure> {
        let url = self.database_url(&facts)?;
        let connection = open(&url, access)?;
        let shown_url = SqlalchemyUrl::new(facts.url.as_str()).to_string();
        Ok(Online { project: self, facts, url, shown_url, connection })
    }
}

impl Online<'_> {
    /// What Alembic logs of it.
    pub fn introduce(&self, console: &Console) {
        for said in &self.facts.said {
            console.log(&said.logger, said.level, &said.text);
        }
        let dialect = self.connection.server().dialect;
        let log = |message: &str| console.log("alembic.runtime.migration", Level::Info, message);
        log(&format!("Context impl {}.", context_impl(dialect, &self.facts.url)));
        let transactional = self.facts.adapter.transactional_ddl.unwrap_or(dialect == Dialect::Postgres);
        log(if transactional {
            "Will assume transactional DDL."
        } else {
            "Will assume non-transactional DDL."
        });
    }

    /// The rows of the version table, in the server's order.
    pub fn rows(&mut self) -> Result<Vec<String>, CommandFailure> {
        let snapshot =
            Snapshot::read(self.connection.as_mut(), &self.facts.adapter).map_err(Failure::from)?;
        let rows = plan::rows(&snapshot.context(self.connection.as_ref())).map_err(Failure::from)?;
        Ok(rows)
    }

    /// Carries out what `planning` plans. `wording` is how the command words what is wrong with the graph.
    pub fn run(
        self,
        planning: &Planning<'_>,
        wording: &dyn Fn(GraphError) -> CommandError,
        console: &Console,
    ) -> Result<(), CommandFailure> {
        let Online { project, facts, url, connection, .. } = self;
        let adapter = project.adapter(&facts, console)?.map_err(wording)?;
        let mut guests = alembic_project::guests(&project.directory, &project.settings, Some(&url));
        // The session that is open is the first to be used.
        let first = RefCell::new(Some(connection));
        let open = || match first.borrow_mut().take() {
            Some(connection) => Ok(connection),
            None => db::connect(&url, &ConnectOptions { access: Access::Write, ..ConnectOptions::default() }),
        };
        let refusal = RefCell::new(None);
        let warned = RefCell::new(Vec::new());
        let planner = |context: &Context<'_>| {
            let mut warnings = Vec::new();
            let plan = planning(&adapter, context, &mut warnings);
            // The plan is made anew under the lock.
            let mut warned = warned.borrow_mut();
            for warning in warnings {
                if !warned.contains(&warning) {
                    console.warn(&warning.to_string());
                    warned.push(warning);
                }
            }
            plan.map_err(|error| {
                let message = error.to_string();
                refusal.replace(Some(error));
                AdapterError::refused("REVISION", message)
            })
        };
        let mut observer = LogObserver::new(console, &adapter.graph);
        let result = engine::run(
            &open,
            &adapter,
            &planner,
            OnUnfinished::Resume,
            &run_options(&project.settings, &project.directory),
            Some(&mut guests),
            &mut observer,
        );
        match result {
            Ok(_) => Ok(()),
            Err(RunError::Adapter(error)) => Err(match refusal.take() {
                Some(refusal) => refusal.into(),
                None => Failure::from(error).into(),
            }),
            Err(RunError::HistoryChanged { statement, found }) => {
                match adapter.table.expected_one_row(&statement, found) {
                    Some(message) => Err(CommandFailure::failed(message)),
                    None => Err(Failure::from(RunError::HistoryChanged { statement, found }).into()),
                }
            }
            Err(error) => Err(Failure::from(error).into()),
        }
    }
}

/// Alembic has no arguments for these.
fn run_options(settings: &Settings, directory: &Path) -> RunOptions {
    RunOptions {
        lock_wait: settings.lock_wait,
        lock_timeout: settings.lock_timeout,
        attempts: settings.retries.saturating_add(1),
        plugins: Shelf::new(directory, settings.plugin.clone()),
        ..RunOptions::default()
    }
}

/// Opens a session.
pub fn open(url: &DatabaseUrl, access: Access) -> Result<Box<dyn Connection>, CommandFailure> {
    let options = ConnectOptions { access, ..ConnectOptions::default() };
    Ok(db::connect(url, &options).map_err(Failure::from)?)
}
