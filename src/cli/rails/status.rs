//! The tasks that only read.

use dunlin_compat::rails::adapter::RailsAdapter;
use dunlin_compat::rails::output as words;
use dunlin_compat::rails::plan;
use dunlin_compat::rails::task::Task;

use super::end::End;
use super::project::Application;
use crate::cli::output;

/// `db:migrate:status`
pub fn status(application: &Application<'_>, task: &Task) -> Result<(), End> {
    for config in application.configs(task.database.as_deref())? {
        let database = application.database(config)?;
        let shown = database.shown()?;
        let text = database.read(|context| {
            if !context.history.exists {
                return Err(End::Abort(words::NO_HISTORY.to_owned()));
            }
            let adapter = &database.adapter;
            let lines = plan::status(&adapter.files, &RailsAdapter::applied(context), adapter.release);
            Ok(words::status(&shown, &lines))
        })?;
        output::line(&text)?;
    }
    Ok(())
}

/// `db:version`
pub fn version(application: &Application<'_>, task: &Task) -> Result<(), End> {
    let of_all = task.database.is_none() && application.project.release.version_of_all();
    let configs = application.configs(task.database.as_deref())?;
    // Before 7.1 it told of the primary alone.
    let count = if of_all { configs.len() } else { 1 };
    for config in configs.into_iter().take(count) {
        let database = application.database_without_files(config)?;
        let current =
            database.read(|context| Ok(RailsAdapter::applied(context).into_iter().max().unwrap_or(0)))?;
        let text = match of_all {
            true => words::version(&database.shown()?, current),
            false => words::version_of_one(current),
        };
        output::line(&text)?;
    }
    Ok(())
}

/// `db:abort_if_pending_migrations`
pub fn abort_if_pending(application: &Application<'_>, task: &Task) -> Result<(), End> {
    let named = task.database.as_deref();
    let mut pending: Vec<(u128, String)> = Vec::new();
    for config in application.configs(named)? {
        let database = application.database(config)?;
        let files = &database.adapter.files;
        let applied = database.read(|context| Ok(RailsAdapter::applied(context)))?;
        pending
            .extend(plan::pending(files, &applied).into_iter().map(|file| (file.version, file.name.clone())));
    }
    if pending.is_empty() {
        return Ok(());
    }
    output::line(&words::pending(pending.iter().map(|(version, name)| (*version, name.as_str()))))?;
    Err(End::Abort(words::run_migrations(named)))
}
