//! The tasks that run migrations.

use dunlin_compat::model::Context;
use dunlin_compat::rails::adapter::RailsAdapter;
use dunlin_compat::rails::output as words;
use dunlin_compat::rails::plan::{self, Command, Filter};
use dunlin_compat::rails::task::{self, Task};

use super::end::End;
use super::observer::RailsObserver;
use super::project::{Application, Database};
use super::{prepare, schema_dump};
use crate::cli::output;
use crate::db::Access;
use crate::engine::{self, OnUnfinished, RunReport};

/// Runs a task; the schema is dumped after each of its parts.
pub fn run(application: &Application<'_>, task: &Task, observer: &mut RailsObserver) -> Result<(), End> {
    let variable = |name: &str| application.variable(name);
    observer.is_quiet = !task.is_verbose(&variable);
    let named = task.database.as_deref();
    for command in task.commands(&variable, application.project.release)? {
        match (&command, named) {
            (Command::Migrate { .. }, None) => migrate_all(application, &command, observer)?,
            (Command::Migrate { .. }, Some(_)) => {
                let mut database = only(application, named)?;
                if application.project.release.migrate_loads_schema() {
                    prepare::initialize(application, &database, observer)?;
                }
                migrate(application, &mut database, &command, observer)?;
            }
            _ => {
                let mut database = only(application, named)?;
                carry_out(application, &mut database, &command, observer)?;
            }
        }
        if application.project.dumps_schema_after_migration() {
            schema_dump::all(application, named, observer)?;
        }
    }
    Ok(())
}

/// The database that is named, else the primary.
fn only(application: &Application<'_>, named: Option<&str>) -> Result<Database, End> {
    match application.configs(named)?.first() {
        Some(config) => application.database(config),
        None => Err(End::rails("RuntimeError", "there is no database")),
    }
}

/// `db:migrate`: a database by itself, several by turns.
fn migrate_all(
    application: &Application<'_>,
    command: &Command,
    observer: &mut RailsObserver,
) -> Result<(), End> {
    let release = application.project.release;
    let configs = application.configs(None)?;
    let mut databases =
        configs.into_iter().map(|config| application.database(config)).collect::<Result<Vec<_>, _>>()?;
    if release.migrate_loads_schema() {
        for database in &databases {
            prepare::initialize(application, database, observer)?;
        }
    }
    let is_one = matches!(databases.as_slice(), [one] if one.config.is_primary);
    if is_one || !release.interleaves_databases() {
        for database in &mut databases {
            migrate(application, database, command, observer)?;
        }
        return Ok(());
    }
    by_turns(application, &mut databases, target(application)?, observer).map(|_| ())
}

/// What `VERSION` says.
pub fn target(application: &Application<'_>) -> Result<Option<u128>, End> {
    Ok(task::target(application.variable("VERSION").as_deref())?)
}

/// Each pending version in each database that it is pending in; returns the numbers of the databases that had one.
pub fn by_turns(
    application: &Application<'_>,
    databases: &mut [Database],
    target: Option<u128>,
    observer: &mut RailsObserver,
) -> Result<Vec<usize>, End> {
    let mut pending = Vec::new();
    for database in databases.iter() {
        pending.push(database.read(|context| {
            let files = plan::pending(&database.adapter.files, &RailsAdapter::applied(context));
            Ok(files.iter().map(|file| file.version).collect::<Vec<u128>>())
        })?);
    }
    let mut migrated = Vec::new();
    for (version, numbers) in plan::turns(&pending, target) {
        let command = Command::Migrate { target, filter: Filter::Version(version) };
        for number in numbers {
            if let Some(database) = databases.get_mut(number) {
                migrate(application, database, &command, observer)?;
                if !migrated.contains(&number) {
                    migrated.push(number);
                }
            }
        }
    }
    Ok(migrated)
}

/// `DatabaseTasks.migrate`
pub fn migrate(
    application: &Application<'_>,
    database: &mut Database,
    command: &Command,
    observer: &mut RailsObserver,
) -> Result<(), End> {
    let report = carry_out(application, database, command, observer)?;
    if let Command::Migrate { filter: Filter::Scope(scope), .. } = command
        && report.migrations.is_empty()
        && !observer.is_quiet
    {
        output::line(&words::no_migrations_ran(scope))?;
    }
    Ok(())
}

/// Runs what a command chooses.
fn carry_out(
    application: &Application<'_>,
    database: &mut Database,
    command: &Command,
    observer: &mut RailsObserver,
) -> Result<RunReport, End> {
    database.adapter.verbose = !observer.is_quiet;
    let database = &*database;
    let planner = |context: &Context<'_>| database.adapter.plan_command(context, command);
    let open = || database.connect(Access::Write);
    let mut guests = database.guests.borrow_mut();
    let result = engine::run(
        &open,
        &database.adapter,
        &planner,
        OnUnfinished::Resume,
        &application.options,
        Some(&mut *guests),
        observer,
    );
    result.map_err(|error| End::of_migrations(error, observer.in_transaction))
}
