//! Knex' own command line: its arguments, its output, its exit codes. `dunlin knex …`, or the binary called `knex`.

mod arguments;
mod knexfile;
mod make;
mod observer;
mod own;
mod project;

pub use own::open as open_own;

use std::cell::RefCell;
use std::process::ExitCode;
use std::sync::Arc;

use arguments::{Arguments, Command};
use dunlin_compat::knex::files::{self, MigrationFile};
use dunlin_compat::knex::history;
use dunlin_compat::knex::output::{self as words, Ran};
use dunlin_compat::knex::plan::{self, Transactions};
use dunlin_compat::model::{AdapterError, Context, GuestProgram};
use observer::KnexObserver;
use owo_colors::OwoColorize;
use project::{Invocation, KnexProject};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output;
use crate::db::{self, Access, ConnectOptions, Connection};
use crate::engine::{self, Call, Observer, OnUnfinished, RunError, RunOptions, Snapshot};
use crate::guest::Guests;

const USAGE: &str = "Usage: knex [options] [command]

Commands that dunlin runs:
  migrate:make <name>       Create a named migration file.
  migrate:latest            Run all migrations that have not yet been run.
  migrate:up [name]         Run the next or the specified migration that has not yet been run.
  migrate:to <name>         Run all migrations up to and including the specified migration.
  migrate:before <name>     Run all migrations before the specified migration (exclusive).
  migrate:rollback [--all]  Rollback the last batch of migrations performed.
  migrate:down [name]       Undo the last or the specified migration that was already run.
  migrate:list              List all migrations files with status.
  migrate:currentVersion    View the current version for the migration.
  migrate:unlock            Forcibly unlocks the migrations lock table.

Options:
  --knexfile [path]  --cwd [path]  --env [name]  --client [name]  --connection [address]
  --migrations-directory [path]  --migrations-table-name [path]  --disable-transactions  --verbose
";

/// Runs Knex' command line and returns its exit code: 0, or 1 for whatever went wrong, as Knex does.
pub fn main(given: &[String]) -> ExitCode {
    let arguments = match Arguments::parse(given) {
        Ok(arguments) => arguments,
        Err(text) => {
            output::note(&text);
            return ExitCode::FAILURE;
        }
    };
    let Some(command) = &arguments.command else {
        output::note_text(USAGE);
        return ExitCode::FAILURE;
    };
    match run(&arguments, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.end(false);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments, command: &Command) -> Result<(), Failure> {
    let mut observer = KnexObserver::default();
    let here = std::env::current_dir()
        .map_err(|error| Failure::new("PROJECT", format!("the working directory: {error}")))?;
    let directory =
        arguments.cwd.as_ref().map_or_else(|| here.clone(), |folder| files::resolved(&here.join(folder)));
    let invocation = Invocation {
        directory,
        knexfile: arguments.knexfile.clone(),
        environment: arguments.environment.clone(),
        overrides: arguments.overrides.clone(),
        makes: matches!(command, Command::Make(_)),
    };
    let folder = project::working_directory(&invocation)?;
    if folder != invocation.directory {
        output::line(&format!("Working directory changed to {}", folder.display().magenta()))?;
    }
    let mut project = project::load(&invocation, None, &mut observer)?;
    if let Some(environment) = &project.environment {
        output::line(&format!("Using environment: {}", environment.magenta()))?;
    }
    // Knex' command line passes what it was given, or false, over what the knexfile says.
    project.adapter.migrations.disable_transactions = arguments.disable_transactions;
    match command {
        Command::Migrate(command) => migrate(project, command, arguments.verbose, &mut observer),
        Command::List => {
            let (completed, pending) = read(&project, |adapter, context| adapter.list(context))?;
            output::line(&words::list(&completed, &pending))
        }
        Command::CurrentVersion => {
            let version = read(&project, |adapter, context| adapter.current_version(context))?;
            output::line(&words::current_version(&version))
        }
        Command::Unlock => unlock(&project),
        Command::Make(name) => make::run(&mut project, name, arguments, &mut observer),
    }
}

/// Opens a session on a project's database.
fn open(project: &KnexProject, access: Access) -> Result<Box<dyn Connection>, Failure> {
    Ok(db::connect(&project.url, &ConnectOptions { access, ..ConnectOptions::default() })?)
}

fn read<T>(
    project: &KnexProject,
    work: impl FnOnce(&plan::KnexAdapter, &Context<'_>) -> Result<T, AdapterError>,
) -> Result<T, Failure> {
    let mut connection = open(project, Access::Read)?;
    let snapshot = Snapshot::read(connection.as_mut(), &project.adapter)?;
    Ok(work(&project.adapter, &snapshot.context(connection.as_ref()))?)
}

fn migrate(
    project: KnexProject,
    command: &plan::Command,
    verbose: bool,
    observer: &mut KnexObserver,
) -> Result<(), Failure> {
    let KnexProject { mut adapter, url, mut guests, settings, .. } = project;
    let connect = |access| db::connect(&url, &ConnectOptions { access, ..ConnectOptions::default() });
    let mut first = connect(Access::Write)?;
    let (snapshot, lock_is_left) = Snapshot::with_lock(first.as_mut(), &adapter)?;
    let rows = history::applied(&snapshot.context(first.as_ref()))?;
    let chosen = adapter.choose(&rows, command)?;
    let is_settled = snapshot.history.exists && !snapshot.journal_exists && !lock_is_left;
    if is_settled && chosen.files.is_empty() {
        return say(command, &Ran { batch: chosen.batch, names: Vec::new() }, verbose);
    }
    let files: Vec<&MigrationFile> = chosen.files.iter().collect();
    // The guest that answers is the one that runs them: it has to know the server.
    adapter.transactions =
        transactions_of(&files, &adapter.guest, Some(first.as_mut()), &mut guests, observer)?;
    let first = RefCell::new(Some(first));
    let opener = || match first.borrow_mut().take() {
        Some(connection) => Ok(connection),
        None => connect(Access::Write),
    };
    let batch = RefCell::new(chosen.batch);
    let planner = |context: &Context<'_>| {
        let rows = history::applied(context)?;
        batch.replace(adapter.choose(&rows, command)?.batch);
        adapter.plan_command(context, command)
    };
    let options = RunOptions {
        lock_wait: settings.lock_wait,
        lock_timeout: settings.lock_timeout,
        attempts: settings.retries.saturating_add(1),
        looks_first: false,
        ..RunOptions::default()
    };
    let result =
        engine::run(&opener, &adapter, &planner, OnUnfinished::Resume, &options, Some(&mut guests), observer);
    let report = match result {
        Ok(report) => report,
        Err(error) => {
            warn(&error, observer.current.as_deref());
            return Err(error.into());
        }
    };
    let names = report.migrations.into_iter().map(|migration| migration.id).collect();
    say(command, &Ran { batch: batch.into_inner(), names }, verbose)
}

/// Says what was run, in Knex' words.
fn say(command: &plan::Command, ran: &Ran, verbose: bool) -> Result<(), Failure> {
    let text = match command {
        plan::Command::Latest => words::latest(ran, verbose),
        plan::Command::Up(_) | plan::Command::To(_) | plan::Command::Before(_) => words::up(ran),
        plan::Command::Rollback { .. } => words::rollback(ran, verbose),
        plan::Command::Down(_) => words::down(ran),
    };
    if ran.names.is_empty() {
        return output::line(&text.cyan().to_string());
    }
    output::line(&text.green().to_string())
}

/// Asks migrations what they say of transactions.
fn transactions_of(
    files: &[&MigrationFile],
    program: &Arc<GuestProgram>,
    connection: Option<&mut dyn Connection>,
    guests: &mut Guests,
    observer: &mut dyn Observer,
) -> Result<Transactions, Failure> {
    if files.is_empty() {
        return Ok(Transactions::default());
    }
    let migrations: Vec<Value> = files
        .iter()
        .map(|file| {
            let Some(path) = &file.path else { return Ok(json!({ "id": file.name })) };
            let source = std::fs::read_to_string(path).map_err(|error| {
                Failure::new("FILE", format!("{} cannot be read: {error}", path.display()))
            })?;
            Ok(json!({ "id": file.name, "path": path, "source": source }))
        })
        .collect::<Result<_, Failure>>()?;
    let arguments = json!({ "migrations": migrations });
    let call = Call { program, carrier: None, name: "transactions", arguments: &arguments };
    let given = engine::call(connection, guests, &call, observer)?;
    serde_json::from_value(given)
        .map(Transactions)
        .map_err(|error| Failure::new("GUEST", format!("what the guest gave of transactions: {error}")))
}

/// What Knex warns of before it fails.
fn warn(error: &RunError, current: Option<&str>) {
    let lines = match error {
        RunError::LockNotObtained { .. } | RunError::LockRowNotObtained { .. } => {
            words::cannot_lock("Migration table is already locked").to_vec()
        }
        other => words::failed(current, &other.to_string()),
    };
    for line in lines {
        // By its logger, which prints to standard output.
        let _ = output::line(&line);
    }
}

fn unlock(project: &KnexProject) -> Result<(), Failure> {
    let mut connection = open(project, Access::Write)?;
    let dialect = connection.server().dialect;
    let row = project.adapter.table.lock_row(dialect);
    if !connection.execute(&row.exists)?.rows.is_empty() {
        let [delete, insert] = project.adapter.table.unlock(dialect);
        let statements = ["BEGIN", delete.as_str(), insert.as_str(), "COMMIT"];
        connection.execute_many(&statements).map_err(|failure| failure.error)?;
    }
    output::line(&words::UNLOCKED.green().to_string())
}
