//! The schema file of a scratch database, for `dunlin squash`.

use std::path::Path;

use dunlin_compat::model::SquashFiles;
use dunlin_compat::rails::task::Invocation;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::observer::RailsObserver;
use super::project::{Application, Database};
use super::{schema_dump, schema_load};
use crate::cli::failure::Failure;
use crate::db::url::{Engine, Host, SqliteTarget};
use crate::db::{DatabaseUrl, Password};
use crate::engine::Silent;
use crate::verify::State;

/// The application.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its folder, absolute.
    pub root: &'a Path,
    /// The URL that the user gave for its own database.
    pub url: Option<&'a str>,
}

/// Writes the schema file of a database into a folder as `db:schema:dump` does, and returns it as the application has it.
pub fn dump(place: &Place<'_>, url: &DatabaseUrl, staging: &Path) -> Result<SquashFiles, Failure> {
    let path = {
        let invocation = Invocation::default();
        let application = Application::load(place.root, &invocation, place.url, &mut Silent)?;
        let database = primary(&application, url)?;
        schema_dump::file(&application, &database.config, application.variable("SCHEMA_FORMAT").as_deref())?.1
    };
    let Some(path) = path else {
        return Err(Failure::new(
            "SQUASH",
            "this database has no schema file (`schema_dump` says so), and without one nothing takes the place of migrations",
        ));
    };
    let staged = staging.join(path.file_name().unwrap_or_default());
    with_staged(place, url, &staged, |application, database, format| {
        schema_dump::one(application, database, format, &mut quiet()).map_err(Failure::from)
    })?;
    let written = std::fs::read_to_string(&staged)
        .map_err(|error| Failure::new("FILE", format!("{} cannot be read: {error}", staged.display())))?;
    let notes = vec![format!(
        "a new database begins with {0}, which `db:prepare` and `db:schema:load` load; `db:migrate` alone would not make what is \
         only there now",
        path.display()
    )];
    Ok(SquashFiles { files: vec![(place.root.join(path), written)], replaces: true, notes })
}

/// Loads that file into another database, as `db:schema:load` does.
pub fn load(place: &Place<'_>, url: &DatabaseUrl, staging: &Path, file: &Path) -> Result<(), Failure> {
    let staged = staging.join(file.file_name().unwrap_or_default());
    with_staged(place, url, &staged, |application, database, format| {
        schema_load::one(application, database, format, &mut quiet()).map_err(Failure::from)
    })
}

/// Has the constraints that Active Record names itself go by what they say. Their names hang on what the table was called when they
/// were made; `db/schema.rb` leaves them out, and they come about anew.
pub fn without_made_up_names(state: &State) -> State {
    let mut state = state.clone();
    for object in state.schema.objects.values_mut() {
        for part in object.parts.iter_mut().filter(|part| is_made_up(&part.name)) {
            let name = std::mem::take(&mut part.name);
            for value in part.properties.values_mut() {
                *value = value.replace(&name, MADE_UP);
            }
            let definition = part.properties.get("definition");
            part.name = definition.map_or_else(|| MADE_UP.to_owned(), |text| format!("{MADE_UP} {text}"));
        }
    }
    state
}

/// What stands for such a name.
const MADE_UP: &str = "(named by Active Record)";

fn is_made_up(name: &str) -> bool {
    let digits = ["fk_rails_", "chk_rails_"].iter().find_map(|prefix| name.strip_prefix(prefix));
    digits.is_some_and(|digits| digits.len() == 10 && digits.chars().all(|digit| digit.is_ascii_hexdigit()))
}

fn quiet() -> RailsObserver {
    RailsObserver { is_quiet: true, ..RailsObserver::default() }
}

fn with_staged<T>(
    place: &Place<'_>,
    url: &DatabaseUrl,
    staged: &Path,
    work: impl FnOnce(&Application<'_>, &Database, Option<&str>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let variables = vec![("SCHEMA".to_owned(), staged.display().to_string())];
    let invocation = Invocation { variables, ..Invocation::default() };
    let application = Application::load(place.root, &invocation, place.url, &mut Silent)?;
    let format = application.variable("SCHEMA_FORMAT");
    work(&application, &primary(&application, url)?, format.as_deref())
}

/// The application's primary database, but at another place.
fn primary(application: &Application<'_>, url: &DatabaseUrl) -> Result<Database, Failure> {
    let configs = application.configs(None)?;
    let config =
        configs.first().ok_or_else(|| Failure::new("CONFIGURATION", "the environment has no database"))?;
    let config = config.at(&text(url), application.project.release).map_err(|error| error.refusal())?;
    let database = application.database(&config)?;
    // Whatever the configuration makes of it: no other database is touched.
    Ok(database.at(url.clone()))
}

/// A URL as Active Record reads it.
fn text(url: &DatabaseUrl) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let scheme = match (url.engine, &url.sqlite) {
        (Engine::Sqlite, SqliteTarget::File(path)) => return format!("sqlite3:{}", path.display()),
        (Engine::Sqlite, _) => return "sqlite3::memory:".to_owned(),
        (Engine::Postgres, _) => "postgresql",
        (Engine::Mysql, _) => "mysql2",
    };
    let user = url.user.as_deref().map(encoded).unwrap_or_default();
    let password =
        url.password.as_ref().map(|password: &Password| format!(":{}", encoded(password.reveal())));
    let login =
        if user.is_empty() { String::new() } else { format!("{user}{}@", password.unwrap_or_default()) };
    let database = encoded(url.database.as_deref().unwrap_or_default());
    match url.hosts.first() {
        Some(Host::Tcp { host, port }) => format!("{scheme}://{login}{host}:{port}/{database}"),
        Some(Host::Socket { path, port }) if url.engine == Engine::Postgres => {
            format!("{scheme}://{login}/{database}?host={}&port={port}", encoded(&path.display().to_string()))
        }
        Some(Host::Socket { path, .. }) => {
            format!("{scheme}://{login}localhost/{database}?socket={}", encoded(&path.display().to_string()))
        }
        None => format!("{scheme}://{login}/{database}"),
    }
}
