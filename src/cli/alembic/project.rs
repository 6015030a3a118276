//! The project of a command: configuration, files, and the graph once something needs it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use dunlin_compat::alembic::adapter::{AlembicAdapter, RevisionCode};
use dunlin_compat::alembic::config::{Config, ConfigError, Invocation, PackageSearch};
use dunlin_compat::alembic::files::{self, FilesError};
use dunlin_compat::alembic::graph::{Built, Graph, GraphError, NodeId, Warning};
use dunlin_compat::alembic::guest;
use dunlin_compat::alembic::identifier::Place;
use dunlin_compat::alembic::output::CommandError;
use dunlin_compat::alembic::revision_file::RevisionFileError;
use dunlin_compat::alembic::version_table::VersionTable;
use dunlin_compat::model::{GuestProgram, Language};
use dunlin_compat::settings::Settings;

use super::arguments::Arguments;
use super::console::Console;
use super::failure::CommandFailure;
use crate::cli::alembic_project;
use crate::cli::failure::Failure;
use crate::cli::project::settings_failure;

/// A project.
pub struct Project {
    /// The working directory, absolute.
    pub directory: PathBuf,
    /// The configuration.
    pub config: Config,
    /// `dunlin.toml`.
    pub settings: Settings,
    invocation: Invocation,
    loaded: OnceCell<Loaded>,
}

/// What a command that connects needs to know.
pub struct Facts {
    /// The URL as SQLAlchemy writes it, with its password.
    pub url: String,
    /// An adapter that knows no revisions, with which the version table is read.
    pub adapter: AlembicAdapter,
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
        let packages = PackageSearch::of_project(&directory, &settings.alembic.site_packages, &environment);
        let config = Config::load(&invocation, &environment, &packages).map_err(config_failure)?;
        if !directory.join(&config.script_location.value).exists() {
            let missing = FilesError::NoScriptLocation(config.script_location.value.clone());
            return Err(CommandFailure::failed(missing.to_string()));
        }
        Ok(Project { directory, config, settings, invocation, loaded: OnceCell::new() })
    }

    /// The revisions. What is wrong with the graph is said by the command that asks.
    pub fn graph(&self, console: &Console) -> Result<Result<&Graph, GraphError>, CommandFailure> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(Ok(&loaded.graph));
        }
        let files = files::load(&self.config, &self.directory).map_err(files_failure)?;
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

    /// What `env.py` makes of the project: recognised by reading it, or said in `dunlin.toml`.
    pub fn facts(&self, console: &Console) -> Result<Facts, CommandFailure> {
        match alembic_project::load(&self.directory, &self.invocation, &self.settings, None, false) {
            Ok(project) => {
                let (url, _) = project.url.map_err(Failure::from)?;
                let adapter = AlembicAdapter { graph: Graph::default(), ..project.adapter };
                Ok(Facts { url: url.expose().to_owned(), adapter })
            }
            // Alembic sees what is wrong with the revisions only once it is connected.
            Err(error) => match self.graph(console)? {
                Ok(_) => Err(Failure::from(error).into()),
                Err(_) => self.facts_without_revisions(),
            },
        }
    }

    fn facts_without_revisions(&self) -> Result<Facts, CommandFailure> {
        let own = &self.settings.alembic;
        let sources = &self.config.sources;
        let url = match &own.url {
            Some(url) => Some(
                url.expand(|name| std::env::var(name).ok())
                    .map_err(|error| CommandFailure::ours("CONFIGURATION", error.to_string()))?,
            ),
            None => sources.main_option("sqlalchemy.url").map_err(config_failure)?,
        };
        let url = url.ok_or_else(|| {
            CommandFailure::ours("CONFIGURATION", format!("{} names no database", sources.ini_name))
        })?;
        let table = VersionTable::default();
        let guest = GuestProgram {
            tool: "alembic",
            language: Language::Python,
            modules: guest::MODULES,
            import_paths: Vec::new(),
            options: serde_json::Value::Null,
        };
        let code = RevisionCode {
            guest: Arc::new(guest),
            carriers: BTreeMap::new(),
            options: serde_json::Value::Null,
        };
        let adapter = AlembicAdapter {
            graph: Graph::default(),
            build_warnings: Vec::new(),
            table: VersionTable {
                name: own.version_table.clone().unwrap_or(table.name),
                schema: own.version_table_schema.clone(),
                has_primary_key: own.version_table_pk.unwrap_or(table.has_primary_key),
            },
            transaction_per_migration: own.transaction_per_migration.unwrap_or_default(),
            transactional_ddl: own.transactional_ddl,
            code,
        };
        Ok(Facts { url, adapter })
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
