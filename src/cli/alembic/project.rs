//! The project of a command: configuration, files, and the graph once something needs it.

use std::cell::{Cell, OnceCell};
use std::path::PathBuf;
use std::thread;

use dunlin_compat::alembic::adapter::AlembicAdapter;
use dunlin_compat::alembic::config::{Config, ConfigError, Invocation, PackageSearch};
use dunlin_compat::alembic::env::Said;
use dunlin_compat::alembic::files::{self, Files, FilesError};
use dunlin_compat::alembic::graph::{Built, Graph, GraphError, NodeId, Warning};
use dunlin_compat::alembic::identifier::Place;
use dunlin_compat::alembic::output::CommandError;
use dunlin_compat::alembic::project::AlembicProject;
use dunlin_compat::alembic::revision_file::RevisionFileError;
use dunlin_compat::alembic::session::Session;
use dunlin_compat::settings::Settings;

use super::arguments::Arguments;
use super::console::Console;
use super::failure::CommandFailure;
use crate::cli::alembic_project;
use crate::cli::failure::Failure;
use crate::cli::project::settings_failure;
use crate::db::DatabaseUrl;

/// A project.
pub struct Project {
    /// The working directory, absolute.
    pub directory: PathBuf,
    /// The configuration.
    pub config: Config,
    /// `dunlin.toml`.
    pub settings: Settings,
    invocation: Invocation,
    /// The revision files, if they were read before the graph is asked for.
    files: Cell<Option<Result<Files, FilesError>>>,
    loaded: OnceCell<Loaded>,
}

/// What a command that connects needs to know.
pub struct Facts {
    /// The URL as SQLAlchemy writes it, with its password.
    pub url: String,
    /// What sessions begin with.
    pub session: Session,
    /// An adapter that knows no revisions, with which the version table is read.
    pub adapter: AlembicAdapter,
    /// What env.py logs before it, where it migrates several databases.
    pub said: Vec<Said>,
}

struct Loaded {
    graph: Graph,
    build_warnings: Vec<Warning>,
}

impl Project {
    /// Reads the configuration; the revision files come later.
    pub fn load(arguments: &Arguments) -> Result<Project, CommandFailure> {
        let directory = std::env::current_dir()
            .map_err(|error| CommandFailure::ours("PROJECT", format!("the working directory: {error}")))?;
        let settings = Settings::load(&directory).map_err(|error| settings_failure(&error))?;
        let invocation = invocation(arguments, &directory, &settings);
        let environment = |name: &str| std::env::var(name).ok();
        let packages = PackageSearch::of_project(&directory, &settings.alembic, &environment);
        let config = Config::load(&invocation, &environment, &packages).map_err(config_failure)?;
        if !directory.join(&config.script_location.value).exists() {
            let missing = FilesError::NoScriptLocation(config.script_location.value.clone());
            return Err(CommandFailure::failed(missing.to_string()));
        }
        Ok(Project {
            directory,
            config,
            settings,
            invocation,
            files: Cell::default(),
            loaded: OnceCell::new(),
        })
    }

    /// The revisions. What is wrong with the graph is said by the command that asks.
    pub fn graph(&self, console: &Console) -> Result<Result<&Graph, GraphError>, CommandFailure> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(Ok(&loaded.graph));
        }
        let read = self.files.take().unwrap_or_else(|| files::load(&self.config, &self.directory));
        let files = read.map_err(files_failure)?;
        for warning in &files.warnings {
            console.warn(warning);
        }
        let revisions = files.revisions.into_iter().map(|file| file.revision).collect();
        let Built { warnings, graph } = Graph::build(revisions);
        for warning in &warnings {
            console.warn(&warning.to_string());
        }
        match graph {
            Ok(graph) => {
                let loaded = Loaded { graph, build_warnings: warnings };
                Ok(Ok(&self.loaded.get_or_init(|| loaded).graph))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Does something while the revision files are read on another thread; what is wrong with them is said when they are needed.
    pub fn while_reading<T>(&self, work: impl FnOnce() -> T) -> T {
        let (config, directory) = (&self.config, &self.directory);
        thread::scope(|scope| {
            let reading = scope.spawn(|| files::load(config, directory));
            let done = work();
            self.files.set(reading.join().ok());
            done
        })
    }

    /// The revisions, for commands of which Alembic catches what is wrong.
    pub fn checked_graph(&self, console: &Console) -> Result<&Graph, CommandFailure> {
        Ok(self.graph(console)?.map_err(CommandError::of_lookup)?)
    }

    /// The revisions, for commands of which Alembic does not.
    pub fn unchecked_graph(&self, console: &Console) -> Result<&Graph, CommandFailure> {
        self.graph(console)?.map_err(|error| CommandFailure::ours("REVISION", error.to_string()))
    }

    /// The revisions of identifiers: `ScriptDirectory.get_revisions`.
    pub fn find<'i>(
        &self,
        identifiers: impl IntoIterator<Item = &'i String>,
        console: &Console,
    ) -> Result<(&Graph, Vec<NodeId>), CommandFailure> {
        let graph = self.checked_graph(console)?;
        let places = graph.find_each(identifiers).map_err(CommandError::of_lookup)?;
        let mut nodes = Vec::new();
        for place in places {
            match place {
                Place::At(node) => nodes.push(node),
                Place::Base | Place::Nowhere => {
                    return Err(CommandFailure::ours(
                        "REVISION",
                        "the identifier leads past the end of the revisions",
                    ));
                }
            }
        }
        Ok((graph, nodes))
    }

    /// What `env.py` makes of the project: recognised by reading it, or said in `dunlin.toml`. Alembic sees what is wrong with
    /// the revisions only once it is connected, so they are not read here.
    pub fn facts(&self) -> Result<Facts, CommandFailure> {
        let project = alembic_project::load_environment(&self.directory, &self.invocation, &self.settings)
            .map_err(Failure::from)?;
        Ok(Facts { said: Vec::new(), ..facts_of(project)? })
    }

    /// The same for each database that `env.py` migrates.
    pub fn facts_of_each(&self) -> Result<Vec<Facts>, CommandFailure> {
        let projects = alembic_project::load_environments(&self.directory, &self.invocation, &self.settings);
        let mut each: Vec<Facts> =
            projects.map_err(Failure::from)?.into_iter().map(facts_of).collect::<Result<_, _>>()?;
        if let [only] = each.as_mut_slice() {
            only.said.clear();
        }
        Ok(each)
    }

    /// What the command line says about the configuration.
    pub fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// The URL that `dunlin.toml` gives.
    pub fn own_url(&self) -> Result<Option<String>, CommandFailure> {
        let expand = |url: &dunlin_compat::settings::Url| url.expand(|name| std::env::var(name).ok());
        let url = self.settings.alembic.url.as_ref().map(expand).transpose();
        url.map_err(|error| CommandFailure::ours("CONFIGURATION", error.to_string()))
    }

    /// Where these facts lead.
    pub fn database_url(&self, facts: &Facts) -> Result<DatabaseUrl, CommandFailure> {
        Ok(alembic_project::database_url(&facts.url, &facts.session, &self.directory)?)
    }

    /// The adapter of these facts with the revisions.
    pub fn adapter(
        &self,
        facts: &Facts,
        console: &Console,
    ) -> Result<Result<AlembicAdapter, GraphError>, CommandFailure> {
        let graph = match self.graph(console)? {
            Ok(graph) => graph.clone(),
            Err(error) => return Ok(Err(error)),
        };
        let build_warnings =
            self.loaded.get().map(|loaded| loaded.build_warnings.clone()).unwrap_or_default();
        Ok(Ok(AlembicAdapter { graph, build_warnings, ..facts.adapter.clone() }))
    }
}

fn facts_of(project: AlembicProject) -> Result<Facts, CommandFailure> {
    let AlembicProject { url, adapter, session, said, .. } = project;
    let (url, _) = url.map_err(Failure::from)?;
    Ok(Facts { url: url.expose().to_owned(), session, adapter, said })
}

/// What the command line says about the configuration.
pub fn invocation(arguments: &Arguments, directory: &std::path::Path, settings: &Settings) -> Invocation {
    Invocation {
        directory: directory.to_owned(),
        config: arguments.config.clone(),
        name: arguments.name.clone().or_else(|| settings.alembic.section.clone()),
        x: arguments.x.clone(),
    }
}

/// What Alembic says of a wrong configuration.
pub fn config_failure(error: ConfigError) -> CommandFailure {
    match error {
        ConfigError::NoScriptLocation | ConfigError::NoSection { .. } => {
            CommandFailure::failed(error.to_string())
        }
        error => CommandFailure::ours("CONFIGURATION", error.to_string()),
    }
}

fn files_failure(error: FilesError) -> CommandFailure {
    match &error {
        FilesError::NoScriptLocation(_) | FilesError::Revision(RevisionFileError::NoRevision { .. }) => {
            CommandFailure::failed(error.to_string())
        }
        _ => Failure::new("REVISION_FILE", error.to_string()).into(),
    }
}
