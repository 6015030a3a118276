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
use dunlin_compat::settings::Settings;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::interruption;
use crate::cli::project::{parse_url, settings_failure};
use crate::db::DatabaseUrl;
use crate::engine::{self, Call, Observer};
use crate::guest::{GuestSettings, Guests};

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
    /// `dunlin.toml`.
    pub settings: Settings,
}

/// What the guest gives for a knexfile.
#[derive(Debug, Deserialize)]
struct Evaluated {
    config: Value,
    environment: Option<String>,
    variables: Vec<String>,
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
    let (working_directory, knexfile) = locate(invocation);
    let settings = Settings::load(&working_directory).map_err(|error| settings_failure(&error))?;
    let evaluated = match &knexfile {
        Some(path) => evaluate(path, invocation, &working_directory, &settings, observer)?,
        None if invocation.overrides.client.is_some() => {
            Evaluated { config: json!({}), environment: None, variables: Vec::new() }
        }
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
    let url = parse_url(&text)?.relative_to(&working_directory);
    let files = match config.migrations.custom_source {
        true => Vec::new(),
        false => files::list(&config.migrations, &working_directory)?,
    };
    let options = json!({
        "knexfile": knexfile,
        "environment": invocation.environment,
        "config": replaced(config.client, &invocation.overrides, knexfile.is_some()),
    });
    let guest = Arc::new(program(options));
    let table = HistoryTable::of(&config.migrations);
    let guests = guests(&working_directory, &settings, Some(&url), evaluated.variables);
    let adapter = KnexAdapter {
        client: config.client,
        table,
        migrations: config.migrations,
        search_path: config.search_path,
        files,
        guest,
        carriers: settings.carriers.clone(),
        transactions: Transactions::default(),
        working_directory: working_directory.clone(),
    };
    let environment = evaluated.environment;
    Ok(KnexProject { adapter, url, guests, working_directory, environment, knexfile, settings })
}

/// Where paths begin, and the knexfile. With `--knexfile` Knex goes to its folder; one that it finds by itself, looking
/// upward, moves it nowhere.
fn locate(invocation: &Invocation) -> (PathBuf, Option<PathBuf>) {
    let Some(given) = &invocation.knexfile else {
        return (invocation.directory.clone(), upward(&invocation.directory));
    };
    let path = invocation.directory.join(given);
    let folder = path.parent().map_or_else(|| invocation.directory.clone(), Path::to_owned);
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
    invocation: &Invocation,
    working_directory: &Path,
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<Evaluated, Failure> {
    let everything: Vec<String> =
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let mut guests = guests(working_directory, settings, None, everything);
    let program = Arc::new(program(json!({ "knexfile": path, "environment": invocation.environment })));
    let arguments = json!({ "path": path, "environment": invocation.environment });
    let call = Call { program: &program, carrier: None, name: "knexfile", arguments: &arguments };
    let given = engine::call(None, &mut guests, &call, observer).map_err(|error| {
        Failure::new("KNEXFILE", format!("Failed to read config from knexfile: {error}")).at(path, 1)
    })?;
    serde_json::from_value(given)
        .map_err(|error| Failure::new("GUEST", format!("what the guest gave for the knexfile: {error}")))
}

/// What the command line replaces of the knexfile's configuration, or all of it where there is none.
fn replaced(client: Client, overrides: &Overrides, has_knexfile: bool) -> Value {
    let mut config = json!({});
    if overrides.client.is_some() || !has_knexfile {
        config["client"] = json!(client.to_string());
    }
    if client.family() == dunlin_compat::knex::client::Family::Sqlite && !has_knexfile {
        config["useNullAsDefault"] = json!(true);
    }
    config
}

fn program(options: Value) -> GuestProgram {
    GuestProgram {
        tool: "knex",
        language: Language::JavaScript,
        modules: MODULES,
        import_paths: Vec::new(),
        options,
    }
}

fn guests(
    directory: &Path,
    settings: &Settings,
    url: Option<&DatabaseUrl>,
    variables: Vec<String>,
) -> Guests {
    let secrets: Vec<String> = url
        .and_then(|url| url.password.as_ref())
        .map(|password| password.reveal().to_owned())
        .into_iter()
        .collect();
    // Whoever evaluates the knexfile needs passwords; whoever runs migrations has the names, not the passwords.
    let (environment, masked) = match url {
        None => (variables, Vec::new()),
        Some(_) => (settings.environment.clone(), variables),
    };
    Guests::new(GuestSettings {
        carrier: settings.carrier.unwrap_or_default(),
        environment,
        masked,
        secrets,
        time_limit: settings.code_time_limit,
        memory_limit: settings.code_memory_limit,
        interrupt: interruption::of_process(),
        ..GuestSettings::new(directory)
    })
}
