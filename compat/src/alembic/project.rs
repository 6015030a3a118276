//! An Alembic project, read from disk: configuration, revisions, what its `env.py` says, and what `dunlin.toml` says instead.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::adapter::{AlembicAdapter, Environment, RevisionCode};
use super::config::{Config, Invocation, PackageSearch};
use super::env::{self, EnvPy, Fact, Inputs, Said, Target};
use super::files;
use super::graph::{Built, Graph};
use super::guest;
use super::plan::refused_graph;
use super::session::{self, Session};
use super::url::SqlalchemyUrl;
use super::version_table::VersionTable;
use crate::model::{AdapterError, GuestProgram, Language};
use crate::settings::Settings;
use crate::settings::alembic::{AlembicSettings, EnvPy as EnvMode};

/// What decides how a project is read.
pub struct Load<'a> {
    /// The working directory, absolute.
    pub directory: &'a Path,
    /// The command line's say about the configuration.
    pub invocation: &'a Invocation,
    /// `dunlin.toml`.
    pub settings: &'a Settings,
    /// Environment variables.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
    /// The target, if the caller names one.
    pub url: Option<&'a str>,
    /// Whether statements are to be written rather than run.
    pub offline: bool,
}

/// A project, its files read.
#[derive(Debug, Clone)]
pub struct AlembicProject {
    /// Its configuration.
    pub config: Config,
    /// What its `env.py` does; `None` when it could not be followed, and why.
    pub env: Result<EnvPy, String>,
    /// Its revisions and history.
    pub adapter: AlembicAdapter,
    /// The target, and where it is said. An error, too, where it cannot be told what its sessions begin with.
    pub url: Result<(SqlalchemyUrl, String), AdapterError>,
    /// What sessions begin with; nothing on SQLite, where it is in the adapter.
    pub session: Session,
    /// What `env.py` logs of this database before it migrates it.
    pub said: Vec<Said>,
    /// What Alembic warns of while it reads the files.
    pub warnings: Vec<String>,
    /// Folders of installed packages.
    pub packages: PackageSearch,
}

/// Reads a project.
///
/// # Errors
/// What is wrong with the configuration, a revision file, the graph or `env.py`, in Alembic's words where it has any. That the
/// target is not known is no error here; see [`AlembicProject::url`].
pub fn load(inputs: &Load<'_>) -> Result<AlembicProject, AdapterError> {
    let (config, packages, invocation) = configuration(inputs)?;
    let files = files::load(&config, inputs.directory)
        .map_err(|error| AdapterError::refused("REVISION", error.to_string()))?;
    let mut project = environment_of(inputs, config, packages, &invocation)?;
    let Built { warnings, graph } =
        Graph::build(files.revisions.into_iter().map(|file| file.revision).collect());
    project.adapter.graph = graph.map_err(refused_graph)?;
    project.adapter.build_warnings = warnings;
    project.warnings = files.warnings;
    Ok(project)
}

/// Reads a project without its revisions.
///
/// # Errors
/// As [`load`].
pub fn load_environment(inputs: &Load<'_>) -> Result<AlembicProject, AdapterError> {
    let (config, packages, invocation) = configuration(inputs)?;
    environment_of(inputs, config, packages, &invocation)
}

/// Reads a project without its revisions once for each database that `env.py` migrates, in its order.
///
/// # Errors
/// As [`load`], and when the databases cannot be told apart, or `env.py` has to be run.
pub fn load_environments(inputs: &Load<'_>) -> Result<Vec<AlembicProject>, AdapterError> {
    let (config, packages, invocation) = configuration(inputs)?;
    let env = read_env(inputs, &config, &packages);
    let targets: &[Target] = env.as_ref().map_or(&[], |env| &env.targets);
    if targets.len() < 2 || !are_apart(inputs, targets) {
        return Ok(vec![of_target(inputs, (config, packages), &invocation, &env, only_target(targets)?)?]);
    }
    let each = targets.iter();
    each.map(|target| of_target(inputs, (config.clone(), packages.clone()), &invocation, &env, Some(target)))
        .collect()
}

/// Whether each target has a database and a name of its own, and can be run without `env.py`.
fn are_apart(inputs: &Load<'_>, targets: &[Target]) -> bool {
    let own = &inputs.settings.alembic;
    let names: BTreeSet<&str> = targets.iter().filter_map(|target| target.engine_name.as_deref()).collect();
    let urls: BTreeSet<&str> =
        targets.iter().filter_map(|target| target.url.known()).map(SqlalchemyUrl::expose).collect();
    let told = inputs.url.is_none() && own.url.is_none();
    let run = targets.iter().all(|target| target.runs && guest_mode(own, Some(target)) == "static");
    told && run && names.len() == targets.len() && urls.len() == targets.len()
}

fn configuration(inputs: &Load<'_>) -> Result<(Config, PackageSearch, Invocation), AdapterError> {
    let own = &inputs.settings.alembic;
    let packages = PackageSearch::of_project(inputs.directory, own, inputs.variables);
    let mut invocation = inputs.invocation.clone();
    if invocation.name.is_none() {
        invocation.name.clone_from(&own.section);
    }
    let config = Config::load(&invocation, inputs.variables, &packages)
        .map_err(|error| AdapterError::refused("CONFIGURATION", error.to_string()))?;
    Ok((config, packages, invocation))
}

fn environment_of(
    inputs: &Load<'_>,
    config: Config,
    packages: PackageSearch,
    invocation: &Invocation,
) -> Result<AlembicProject, AdapterError> {
    let env = read_env(inputs, &config, &packages);
    let target = match &env {
        Ok(env) => only_target(&env.targets)?,
        Err(_) => None,
    };
    of_target(inputs, (config, packages), invocation, &env, target)
}

fn read_env(inputs: &Load<'_>, config: &Config, packages: &PackageSearch) -> Result<EnvPy, String> {
    env::read(&Inputs {
        directory: inputs.directory,
        config,
        x: &inputs.invocation.x,
        variables: inputs.variables,
        packages,
        offline: inputs.offline,
    })
    .map_err(|error| error.to_string())
}

fn of_target(
    inputs: &Load<'_>,
    (config, packages): (Config, PackageSearch),
    invocation: &Invocation,
    env: &Result<EnvPy, String>,
    target: Option<&Target>,
) -> Result<AlembicProject, AdapterError> {
    let own = &inputs.settings.alembic;
    let environment = environment(own, target, env)?;
    let url = url(inputs, own, target, env);
    let mode = guest_mode(own, target);
    let shape = Shape { config: &config, invocation, target, environment: &environment };
    let code = code(inputs, &shape, url.as_ref().ok().map(|(url, _)| url), mode);
    let (url, mut session) = match (url, session::of_target(own, target)) {
        (Ok(url), Ok(session)) => (Ok(url), session),
        (Err(error), _) | (_, Err(error)) => (Err(error), Session::default()),
    };
    let mut adapter = AlembicAdapter::new(Vec::new(), environment, code)?;
    if url.as_ref().is_ok_and(|(url, _)| url.dialect() == "sqlite") {
        adapter.session = std::mem::take(&mut session).beginning;
    }
    let stand_ins = own.stand_in.iter().map(|(id, file)| (id.clone(), inputs.directory.join(file)));
    adapter.stand_ins = stand_ins.collect();
    let said = target.map(|target| target.said.clone()).unwrap_or_default();
    Ok(AlembicProject {
        config,
        env: env.clone(),
        adapter,
        url,
        session,
        said,
        warnings: Vec::new(),
        packages,
    })
}

/// The one call of `context.configure` that is reached.
fn only_target(targets: &[Target]) -> Result<Option<&Target>, AdapterError> {
    match targets {
        [] => Ok(None),
        [target] => Ok(Some(target)),
        [_, second, ..] => Err(AdapterError::refused(
            "ENVIRONMENT",
            format!("{}: env.py migrates several databases in one run, which this command does not", second.place),
        )
        .advise(
            "Give each database a section of its own in alembic.ini with an env.py that configures one, and run it with -n.",
        )),
    }
}

/// What `dunlin.toml` says, else what env.py says; an error where it says something that is not recognised.
fn decided<T: Clone>(
    own: Option<&T>,
    said: Option<&Fact<T>>,
    env: &Result<EnvPy, String>,
    key: &str,
    default: T,
) -> Result<T, AdapterError> {
    if let Some(own) = own {
        return Ok(own.clone());
    }
    match said {
        Some(Fact::Known { value, .. }) => Ok(value.clone()),
        Some(Fact::Absent) => Ok(default),
        Some(Fact::NotRecognised { place, reason }) => Err(AdapterError::refused(
            "ENVIRONMENT",
            format!(
                "{place}: what env.py gives for {} cannot be told, because {reason}",
                key.replace('-', "_")
            ),
        )
        .advise(format!("Say `{key}` under [alembic] in dunlin.toml."))),
        None => match env {
            Err(reason) => Err(AdapterError::refused("ENVIRONMENT", reason.clone())
                .advise(format!("Say `{key}` and `url` under [alembic] in dunlin.toml."))),
            Ok(_) => Ok(default),
        },
    }
}

fn environment(
    own: &AlembicSettings,
    target: Option<&Target>,
    env: &Result<EnvPy, String>,
) -> Result<Environment, AdapterError> {
    let default = VersionTable::default();
    let optional = |value: &Option<String>| value.clone().map(Some);
    let ddl = own.transactional_ddl.map(Some);
    let schema = optional(&own.version_table_schema);
    Ok(Environment {
        table: VersionTable {
            name: decided(
                own.version_table.as_ref(),
                target.map(|target| &target.version_table),
                env,
                "version-table",
                default.name,
            )?,
            schema: decided(
                schema.as_ref(),
                target.map(|target| &target.version_table_schema),
                env,
                "version-table-schema",
                None,
            )?,
            has_primary_key: decided(
                own.version_table_pk.as_ref(),
                target.map(|target| &target.version_table_pk),
                env,
                "version-table-pk",
                true,
            )?,
        },
        transaction_per_migration: decided(
            own.transaction_per_migration.as_ref(),
            target.map(|target| &target.transaction_per_migration),
            env,
            "transaction-per-migration",
            false,
        )?,
        transactional_ddl: decided(
            ddl.as_ref(),
            target.map(|target| &target.transactional_ddl),
            env,
            "transactional-ddl",
            None,
        )?,
    })
}

fn url(
    inputs: &Load<'_>,
    own: &AlembicSettings,
    target: Option<&Target>,
    env: &Result<EnvPy, String>,
) -> Result<(SqlalchemyUrl, String), AdapterError> {
    if let Some(url) = inputs.url {
        return Ok((SqlalchemyUrl::new(sqlalchemy_form(url)), "--url or DATABASE_URL".to_owned()));
    }
    if let Some(url) = &own.url {
        let text = url
            .expand(|name| (inputs.variables)(name))
            .map_err(|error| AdapterError::refused("CONFIGURATION", error.to_string()))?;
        return Ok((SqlalchemyUrl::new(text), "dunlin.toml".to_owned()));
    }
    let advice =
        "Say `url` under [alembic] in dunlin.toml; dunlin's own commands also take --url and DATABASE_URL.";
    let refused = |message: String| Err(AdapterError::refused("ENVIRONMENT", message).advise(advice));
    match target.map(|target| &target.url) {
        Some(Fact::Known { value, place }) => Ok((value.clone(), place.to_string())),
        Some(Fact::NotRecognised { place, reason }) => {
            refused(format!("{place}: which database env.py migrates cannot be told, because {reason}"))
        }
        Some(Fact::Absent) => refused("env.py names no database".to_owned()),
        None => refused(env.as_ref().err().cloned().unwrap_or_else(|| "env.py names no database".to_owned())),
    }
}

/// Options of `context.configure` that call back into the project, so that env.py has to be run.
const CALLBACKS: [&str; 2] = ["on_version_apply", "process_revision_directives"];

/// Whether a guest runs env.py: when the project says so, or when it does what cannot be said in facts.
fn guest_mode(own: &AlembicSettings, target: Option<&Target>) -> &'static str {
    if own.env == EnvMode::Run {
        return "run";
    }
    let Some(target) = target else { return "static" };
    let convention_unknown =
        own.naming_convention.is_none() && matches!(target.naming_convention, Fact::NotRecognised { .. });
    let calls_back = target.others.iter().any(|(name, _)| name == CALLBACKS[0]);
    if convention_unknown || calls_back { "run" } else { "static" }
}

/// What the program's options are made of.
struct Shape<'a> {
    config: &'a Config,
    invocation: &'a Invocation,
    target: Option<&'a Target>,
    environment: &'a Environment,
}

fn code(inputs: &Load<'_>, shape: &Shape<'_>, url: Option<&SqlalchemyUrl>, mode: &str) -> RevisionCode {
    let own = &inputs.settings.alembic;
    let sources = &shape.config.sources;
    let absolute = |path: &Path| inputs.directory.join(path).display().to_string();
    let driver = url.map_or("postgresql", SqlalchemyUrl::driver_name);
    // A URL of SQLite without a file means a database in memory, which is not the engine's.
    let name = if url.is_some_and(|url| url.dialect() == "sqlite") { "/database" } else { "" };
    let convention: Option<BTreeMap<String, String>> = own
        .naming_convention
        .clone()
        .or_else(|| shape.target.and_then(|target| target.naming_convention.known().cloned()));
    let mut main_options = Map::new();
    if let Some(url) = url {
        // The engine holds the connection; no guest is told a password.
        main_options.insert("sqlalchemy.url".to_owned(), json!(without_password(url)));
    }
    let table = &shape.environment.table;
    let mut configure = Map::new();
    configure.insert("version_table".to_owned(), json!(table.name));
    configure.insert("version_table_schema".to_owned(), json!(table.schema));
    configure.insert("version_table_pk".to_owned(), json!(table.has_primary_key));
    configure
        .insert("transaction_per_migration".to_owned(), json!(shape.environment.transaction_per_migration));
    if let Some(ddl) = shape.environment.transactional_ddl {
        configure.insert("transactional_ddl".to_owned(), json!(ddl));
    }
    let batch = shape.target.and_then(|target| target.render_as_batch.known());
    configure.insert("render_as_batch".to_owned(), json!(batch.copied().unwrap_or(false)));
    let options = json!({
        "config_file": sources.ini_exists.then(|| absolute(Path::new(&sources.ini_name))),
        "toml_file": (!sources.toml.is_empty()).then(|| absolute(&sources.toml.path)),
        "section": sources.section,
        "main_options": Value::Object(main_options),
        "x": shape.invocation.x,
        "env": mode,
        "url": format!("{driver}://{name}"),
        "configure": Value::Object(configure),
        "naming_convention": convention,
        // What is kept for a second run must say the same there.
        "deterministic": url.is_some_and(|url| matches!(url.dialect(), "mysql" | "mariadb")),
    });
    let import_paths: Vec<PathBuf> = shape
        .config
        .prepend_sys_path
        .value
        .iter()
        .map(|folder| inputs.directory.join(folder))
        .chain(own.site_packages.iter().map(|folder| inputs.directory.join(folder)))
        .collect();
    let mut carriers = inputs.settings.carriers.clone();
    carriers.extend(own.carriers.iter().map(|(id, carrier)| (id.clone(), *carrier)));
    RevisionCode {
        guest: Arc::new(GuestProgram {
            tool: "alembic",
            language: Language::Python,
            modules: guest::MODULES,
            import_paths,
            options,
        }),
        carriers,
        options: match shape.target.and_then(|target| target.engine_name.as_ref()) {
            Some(name) => json!({ "arguments": { "engine_name": name } }),
            None => json!({}),
        },
    }
}

/// What carries out commands of Alembic's own; it runs `env.py`. The URL replaces the one of the ini file.
pub fn command_program(inputs: &Load<'_>, config: &Config, url: Option<&SqlalchemyUrl>) -> Arc<GuestProgram> {
    let environment = Environment::default();
    let shape = Shape { config, invocation: inputs.invocation, target: None, environment: &environment };
    code(inputs, &shape, url, "run").guest
}

/// The URL as a guest may see it.
fn without_password(url: &SqlalchemyUrl) -> String {
    url.to_string().replacen(":***@", "@", 1)
}

/// A URL in dunlin's own forms as SQLAlchemy writes it.
fn sqlalchemy_form(url: &str) -> String {
    if let Some(rest) = url.strip_prefix("postgres://") {
        return format!("postgresql://{rest}");
    }
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.starts_with("//") => format!("sqlite:///{path}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::sqlalchemy_form;

    #[test]
    fn short_forms_of_urls_are_written_out() {
        let cases = [
            ("sqlite:clinic.db", "sqlite:///clinic.db"),
            ("sqlite:/srv/clinic.db", "sqlite:////srv/clinic.db"),
            ("sqlite:///clinic.db", "sqlite:///clinic.db"),
            ("postgres://a@b/c", "postgresql://a@b/c"),
            ("mysql+pymysql://a@b/c", "mysql+pymysql://a@b/c"),
        ];
        for (given, expected) in cases {
            assert_eq!(sqlalchemy_form(given), expected);
        }
    }
}
