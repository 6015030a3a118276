//! The environment that a database remembers, and what it forbids.

use dunlin_compat::model::{Context, Plan, Step};
use dunlin_compat::rails::adapter::RailsAdapter;
use dunlin_compat::rails::application::Literal;
use dunlin_compat::rails::environments::{self, Memory};

use super::end::End;
use super::observer::RailsObserver;
use super::project::{Application, Database};
use crate::db::Access;
use crate::engine::{self, OnUnfinished};

/// `db:environment:set`
pub fn set(application: &Application<'_>, observer: &mut RailsObserver) -> Result<(), End> {
    let configs = application.configs(None)?;
    let Some(config) = configs.first() else { return Ok(()) };
    let database = application.database(config)?;
    let planner = |context: &Context<'_>| {
        let setup = database.adapter.set_environment(context)?;
        Ok(Plan { steps: vec![Step::Setup(setup)], ..Plan::default() })
    };
    change(application, &database, &planner, observer)
}

/// Carries out a plan that has no migrations.
pub fn change(
    application: &Application<'_>,
    database: &Database,
    planner: &engine::Planner<'_>,
    observer: &mut RailsObserver,
) -> Result<(), End> {
    let open = || database.connect(Access::Write);
    let options = &application.options;
    engine::run(&open, &database.adapter, planner, OnUnfinished::Leave, options, None, observer)?;
    Ok(())
}

/// `db:check_protected_environments`
pub fn check(application: &Application<'_>) -> Result<(), End> {
    if application.variable("DISABLE_DATABASE_ENVIRONMENT_CHECK").is_some() {
        return Ok(());
    }
    let protected = protected(application);
    let configs = application.configs(None)?;
    let count = if application.project.release.protects_all() { configs.len() } else { 1 };
    for config in configs.into_iter().take(count) {
        let database = application.database(config)?;
        // One that is not there has nothing to protect.
        let Some(memory) = memory(&database)? else { continue };
        environments::check(&memory, &config.environment, &protected)?;
    }
    Ok(())
}

/// `protected_environments`
fn protected(application: &Application<'_>) -> Vec<String> {
    let said = application.project.application.get("protected_environments");
    match said.and_then(|assignment| assignment.value.as_ref()) {
        Some(Literal::List(names)) => names.clone(),
        Some(Literal::Text(name)) => vec![name.clone()],
        _ => vec!["production".to_owned()],
    }
}

/// What a database remembers; nothing where there is none.
fn memory(database: &Database) -> Result<Option<Memory>, End> {
    database.read_if_there(|context| {
        Ok(Memory {
            uses_metadata: database.adapter.tables.uses_metadata,
            has_versions: !context.history.rows.is_empty(),
            environment: RailsAdapter::stored_environment(context).map(str::to_owned),
        })
    })
}
