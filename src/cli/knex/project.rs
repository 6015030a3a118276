//! A Knex project for the command line: its knexfile evaluated, its files listed, its guests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dunlin_compat::knex::client::Client;
use dunlin_compat::knex::config::{Config, Overrides};
use dunlin_compat::knex::guest::MODULES;
use dunlin_compat::knex::history::HistoryTable;
use dunlin_compat::knex::plan::{KnexAdapter, Transactions};
use dunlin_compat::knex::{connection, files};
use dunlin_compat::model::{GuestProgram, Language};
use dunlin_compat::settings::{FILE_NAME, Settings};
use serde::Deserialize;
use serde_json::{Value, json};

use super::knexfile::{self, Knexfile, Said, Variable};
use crate::cli::failure::Failure;
use crate::cli::interruption;
use crate::cli::project::{parse_url, settings_failure};
use crate::db::DatabaseUrl;
use crate::engine::{self, Call, Observer, RunError};
use crate::guest::{GuestError, GuestSettings, Guests};

/// The extensions in which a knexfile is looked for, in order.
const EXTENSIONS: [&str; 6] = ["js", "mjs", "coffee", "ts", "eg", "ls"];

/// What decides how a project is read.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// Where the command was called, absolute.
    pub directory: PathBuf,
    /// `--knexfile`
    pub knexfile: Option<String>,
    /// `--env`
    pub environment: Option<String>,
    /// What replaces the knexfile's settings.
    pub overrides: Overrides,
    /// Whether a first migration may be made, before there is a folder of them.
    pub makes: bool,
}

/// A project.
pub struct KnexProject {
    /// What knows it.
    pub adapter: KnexAdapter,
    /// Where its database is.
    pub url: DatabaseUrl,
    /// What runs its migrations.
    pub guests: Guests,
    /// Where relative paths begin.
    pub working_directory: PathBuf,
    /// The environment of the knexfile, if it has several.
    pub environment: Option<String>,
    /// The knexfile.
    pub knexfile: Option<PathBuf>,
    /// The environment variables that the knexfile reads.
    pub variables: Vec<String>,
    /// `dunlin.toml`.
    pub settings: Settings,
}

/// What the guest gives for a knexfile.
#[derive(Debug, Deserialize)]
struct Evaluated {
    config: Value,
    environment: Option<String>,
    variables: Vec<String>,
    /// The migrations of a custom `migrationSource`.
    #[serde(skip)]
    names: Option<Vec<String>>,
}

/// Reads a project. Its knexfile is code: it runs in a guest of its own, which sees the environment.
///
/// # Errors
/// There is no knexfile, it fails, or what it says cannot be followed.
pub fn load(
    invocation: &Invocation,
    url: Option<&str>,
    observer: &mut dyn Observer,
) -> Result<KnexProject, Failure> {
    let mut settings = load_settings(&invocation.directory)?;
    let given = given(invocation, &settings);
    let (working_directory, knexfile) = locate(&invocation.directory, given.as_deref());
    if !invocation.directory.join(FILE_NAME).exists() {
        settings = load_settings(&working_directory)?;
    }
    let environment = invocation.environment.clone().or_else(|| settings.knex.env.clone());
    let evaluated = match &knexfile {
        Some(path) => evaluate(path, environment.as_deref(), &working_directory, &settings, observer)?,
        None if invocation.overrides.client.is_some() => Evaluated {
            config: json!({}),
            environment: Some(invocation.environment.clone().unwrap_or_else(|| {
                std::env::var("NODE_ENV")
                    .ok()
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| "development".to_owned())
            })),
            variables: Vec::new(),
            names: None,
        },
        None => {
            return Err(Failure::new(
                "CONFIGURATION",
                "No configuration file found and no commandline connection parameters passed",
            ));
        }
    };
    let config = Config::read(&evaluated.config, &invocation.overrides)?;
    let text = match url {
        Some(text) => text.to_owned(),
        None => connection::url(config.client, &config.connection, &|name| std::env::var(name).ok())?,
    };
    let mut url = parse_url(&text)?.relative_to(&working_directory);
    url.beginning = config.session_statements();
    let files = match evaluated.names {
        Some(names) if config.migrations.custom_source => files::of_source(names),
        _ if invocation.makes => Vec::new(),
        _ => files::list(&config.migrations, &working_directory)?,
    };
    let options = json!({
        "knexfile": knexfile,
        "environment": environment,
        "config": replaced(config.client, &invocation.overrides, knexfile.is_some()),
    });
    let guest = Arc::new(program(options, knexfile.as_deref()));
    let table = HistoryTable::of(&config.migrations);
    let guests = Guests::new(guest_settings(&working_directory, &settings, Some(&url), &evaluated.variables));
    let adapter = KnexAdapter {
        client: config.client,
        table,
        migrations: config.migrations,
        files,
        guest,
        carriers: settings.carriers.clone(),
        transactions: Transactions::default(),
        working_directory: working_directory.clone(),
        knexfile: knexfile.clone(),
        modules: None,
    };
    let Evaluated { environment, variables, .. } = evaluated;
    Ok(KnexProject { adapter, url, guests, working_directory, environment, knexfile, variables, settings })
}

fn load_settings(directory: &Path) -> Result<Settings, Failure> {
    Settings::load(directory).map_err(|error| settings_failure(&error))
}

/// Where paths will begin, which Knex says before it reads the knexfile.
///
/// # Errors
/// `dunlin.toml` is wrong.
pub fn working_directory(invocation: &Invocation) -> Result<PathBuf, Failure> {
    let settings = load_settings(&invocation.directory)?;
    Ok(locate(&invocation.directory, given(invocation, &settings).as_deref()).0)
}

fn given(invocation: &Invocation, settings: &Settings) -> Option<PathBuf> {
    invocation.knexfile.as_ref().map(PathBuf::from).or_else(|| settings.knex.knexfile.clone())
}

/// Where paths begin, and the knexfile. With `--knexfile` Knex goes to its folder; one that it finds by itself, looking
/// upward, moves it nowhere.
fn locate(directory: &Path, given: Option<&Path>) -> (PathBuf, Option<PathBuf>) {
    let Some(given) = given else { return (directory.to_owned(), upward(directory)) };
    let path = files::resolved(&directory.join(given));
    let folder = path.parent().map_or_else(|| directory.to_owned(), Path::to_owned);
    match path.exists() {
        true => (folder, Some(path)),
        false => {
            let found = upward(&folder);
            (folder, found)
        }
    }
}

fn upward(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find_map(|folder| {
        EXTENSIONS
            .iter()
            .map(|extension| folder.join(format!("knexfile.{extension}")))
            .find(|path| path.is_file())
    })
}

fn evaluate(
    path: &Path,
    environment: Option<&str>,
    working_directory: &Path,
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<Evaluated, Failure> {
    let everything: Vec<String> =
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let mut guests = Guests::new(guest_settings(working_directory, settings, None, &everything));
    let arguments = json!({ "path": path, "environment": environment });
    let program = Arc::new(program(json!({ "knexfile": path, "environment": environment }), Some(path)));
    let known = knexfile::read(&Knexfile {
        path,
        project: working_directory,
        environment,
        in_sandbox: guests.is_for_sandbox(&program),
        variables: &variable,
    });
    if let Some(Said { config, environment, variables }) = known {
        return Ok(Evaluated { config, environment, variables, names: None });
    }
    let in_sandbox = guests.is_for_sandbox(&program);
    let mut ask = |name: &str, arguments: &Value| {
        let call = Call { program: &program, carrier: None, name, arguments };
        engine::call(None, &mut guests, &call, observer)
            .map_err(|error| not_evaluated(&error, path, in_sandbox))
    };
    let of_guest = |error| Failure::new("GUEST", format!("what the guest gave for the knexfile: {error}"));
    let mut evaluated: Evaluated = serde_json::from_value(ask("knexfile", &arguments)?).map_err(of_guest)?;
    if evaluated.config.pointer("/migrations/migrationSource").is_some() {
        evaluated.names = serde_json::from_value(ask("names", &json!({}))?).map_err(of_guest)?;
    }
    Ok(evaluated)
}

/// Where the code failed, or else the knexfile; what the sandbox cannot do another carrier may.
fn not_evaluated(error: &RunError, path: &Path, in_sandbox: bool) -> Failure {
    let failure = Failure::new("KNEXFILE", format!("Failed to read config from knexfile: {error}"));
    let place = match error {
        RunError::Guest(GuestError::Failed(failed)) => failed.path.as_deref().zip(failed.line),
        _ => None,
    };
    let failure = match place {
        Some((path, line)) => failure.at(Path::new(path), line),
        None => failure.at(path, 1),
    };
    match in_sandbox {
        true => failure.help(
            "It ran in the sandbox; if Node reads it, `carrier = \"host\"` in dunlin.toml runs it by the machine's own Node.",
        ),
        false => failure,
    }
}

fn variable(name: &str) -> Variable {
    match std::env::var(name) {
        Ok(text) => Variable::Text(text),
        Err(std::env::VarError::NotPresent) => Variable::Unset,
        Err(std::env::VarError::NotUnicode(_)) => Variable::Other,
    }
}

/// What the command line replaces of the knexfile's configuration, or all of it where there is none.
fn replaced(client: Client, overrides: &Overrides, has_knexfile: bool) -> Value {
    let mut config = json!({});
    if overrides.client.is_some() || !has_knexfile {
        config["client"] = json!(client.to_string());
    }
    if client.family() == dunlin_compat::knex::client::Family::Sqlite && !has_knexfile {
        config["useNullAsDefault"] = json!(true);
        config["connection"] = json!({ "filename": overrides.connection });
    }
    config
}

/// One that Knex found above the working directory has its own folder to be read.
fn program(options: Value, knexfile: Option<&Path>) -> GuestProgram {
    GuestProgram {
        tool: "knex",
        language: Language::JavaScript,
        modules: MODULES,
        import_paths: knexfile.and_then(Path::parent).map(Path::to_owned).into_iter().collect(),
        options,
    }
}

/// How guests are run: the one that evaluates the knexfile, as long as no `url` is known, and those that run migrations.
pub fn guest_settings(
    directory: &Path,
    settings: &Settings,
    url: Option<&DatabaseUrl>,
    variables: &[String],
) -> GuestSettings {
    let secrets: Vec<String> = url
        .and_then(|url| url.password.as_ref())
        .map(|password| password.reveal().to_owned())
        .into_iter()
        .collect();
    // Whoever evaluates the knexfile needs passwords; whoever runs migrations has the names, not the passwords.
    let (environment, masked) = match url {
        None => (variables.to_vec(), Vec::new()),
        Some(_) => (settings.environment.clone(), variables.to_vec()),
    };
    GuestSettings {
        carrier: settings.knex.carrier.or(settings.carrier).unwrap_or_default(),
        node: settings.knex.node.clone(),
        environment,
        masked,
        secrets,
        time_limit: settings.code_time_limit,
        memory_limit: settings.code_memory_limit,
        interrupt: interruption::of_process(),
        ..GuestSettings::new(directory)
    }
}
