//! `db:prepare`, and what `db:migrate` does with a database that has no history.

use dunlin_compat::rails::task;

use super::end::End;
use super::observer::RailsObserver;
use super::project::{Application, Database};
use super::{create, migrate, schema_dump, schema_load};
use crate::cli::output;

/// Runs the task: for the environment, and for that of tests when it goes with it.
pub fn run(application: &Application<'_>, observer: &mut RailsObserver) -> Result<(), End> {
    let variable = |name: &str| application.variable(name);
    let environments = task::environments(&application.project.environment, &variable);
    let mut is_fresh = false;
    for environment in &environments {
        for config in application.project.databases.of(environment).map_err(|error| error.refusal())? {
            let database = application.database(config)?;
            let has_seeds = config.is_true("seeds", config.is_primary).map_err(|error| error.refusal())?;
            is_fresh |= initialize(application, &database, observer)? && has_seeds;
        }
    }
    let target = migrate::target(application)?;
    for environment in &environments {
        let configs = application.project.databases.of(environment).map_err(|error| error.refusal())?;
        let mut databases =
            configs.into_iter().map(|config| application.database(config)).collect::<Result<Vec<_>, _>>()?;
        let migrated = migrate::by_turns(application, &mut databases, target, observer)?;
        if application.project.dumps_schema_after_migration() {
            for number in migrated {
                if let Some(database) = databases.get(number) {
                    schema_dump::one(application, database, None, observer)?;
                }
            }
        }
    }
    if is_fresh && application.project.root.join("db/seeds.rb").is_file() {
        output::note(
            "dunlin: the database is new; `bin/rails db:seed` fills it from db/seeds.rb, which dunlin does not run",
        );
    }
    Ok(())
}

/// Makes the database if it is not there, and loads its schema file if it has no history. Whether it had none.
pub fn initialize(
    application: &Application<'_>,
    database: &Database,
    observer: &mut RailsObserver,
) -> Result<bool, End> {
    match database.has_history()? {
        Some(true) => return Ok(false),
        Some(false) => {}
        None => create::run(application, database)?,
    }
    let (_, path) = schema_dump::file(application, &database.config, None)?;
    if path.is_some_and(|path| application.project.root.join(path).exists()) {
        schema_load::one(application, database, None, observer)?;
    }
    Ok(true)
}
