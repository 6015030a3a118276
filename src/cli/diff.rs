//! `dunlin diff`

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::project::{Project, parse_url};
use super::{Format, Global, history, output};
use crate::db::url::{Engine, SqliteTarget};
use crate::db::{self, Access, ConnectOptions, Connection, DatabaseUrl};
use crate::schema::{self, SchemaError, Snapshot};

/// Compare the schemas of two databases
///
/// Everything in the catalogs is compared: tables with their columns, constraints, indexes, triggers and privileges, views,
/// routines, types, sequences, comments … The tables in which tools keep their history are left out. `+` is only in the
/// second database, `-` only in the first. Exits with 3 if they differ. Writes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin diff postgres://…/staging postgres://…/production
  dunlin diff sqlite:before.db            against the project's own database
  dunlin diff --format json …             for programs")]
pub struct DiffArgs {
    /// The first database
    #[arg(value_name = "FROM")]
    from: String,
    /// The second database [default: the project's]
    #[arg(value_name = "TO")]
    to: Option<String>,
    /// Compare the tables of histories too
    #[arg(long)]
    with_history: bool,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &DiffArgs) -> Result<Exit, Failure> {
    let from = parse_url(&arguments.from)?;
    let project = match &arguments.to {
        Some(_) => None,
        None => Some(Project::open_or_url(global)?),
    };
    let to = match (&arguments.to, &project) {
        (Some(text), _) => parse_url(text)?,
        (None, Some(project)) => project.url().clone(),
        (None, None) => return Err(Failure::usage("no second database is named")),
    };
    if let (Some(one), Some(other)) = (missing_file(&from), missing_file(&to)) {
        let message = format!("there is neither a file {} nor {}", one.display(), other.display());
        return Err(
            Failure::new("STORAGE", message).help("Check the paths; nothing would be compared with nothing.")
        );
    }
    let mut first = connect(&from)?;
    let mut second = connect(&to)?;
    let dialects = (first.server().dialect, second.server().dialect);
    if dialects.0 != dialects.1 {
        return Err(Failure::usage(format!(
            "a {} database cannot be compared with one of {}",
            dialects.0, dialects.1
        )));
    }
    let before = read(first.as_mut(), project.as_ref(), arguments.with_history)?;
    let after = read(second.as_mut(), project.as_ref(), arguments.with_history)?;
    let differences = schema::compare(&before, &after);
    match global.format {
        Format::Json => output::json(&json!({
            "from": from.to_string(),
            "to": to.to_string(),
            "differences": schema::json(&differences),
        }))?,
        Format::Table if differences.is_empty() => output::line("The schemas are the same.")?,
        Format::Table => output::print(&schema::text(&differences))?,
    }
    Ok(if differences.is_empty() { Exit::Done } else { Exit::Pending })
}

/// The file of a SQLite database that is not there: one to come, which has no tables yet.
fn missing_file(url: &DatabaseUrl) -> Option<&Path> {
    match &url.sqlite {
        SqliteTarget::File(path) if url.engine == Engine::Sqlite && !path.exists() => Some(path),
        _ => None,
    }
}

fn connect(url: &DatabaseUrl) -> Result<Box<dyn Connection>, Failure> {
    let options = ConnectOptions { access: Access::Read, ..ConnectOptions::default() };
    db::connect(url, &options).map_err(|error| {
        let mut failure = Failure::from(error);
        failure.message = format!("{url}: {}", failure.message);
        failure
    })
}

fn read(
    connection: &mut dyn Connection,
    project: Option<&Project>,
    with_history: bool,
) -> Result<Snapshot, SchemaError> {
    let scope = if with_history {
        schema::Scope::default()
    } else {
        history::scope(project.map(Project::adapter), connection.server())
    };
    schema::read(connection, &scope)
}
