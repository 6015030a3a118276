//! `flyway migrate`

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use dunlin_compat::flyway::callback::Event;
use dunlin_compat::flyway::info;
use dunlin_compat::flyway::output::{self, ErrorItem, MigrateResult};
use dunlin_compat::flyway::states::{IGNORE_EVERYTHING, Infos, MigrationInfo, MigrationState};
use dunlin_compat::flyway::status::View;
use dunlin_compat::model::{Adapter, AdapterError, Context, Plan, Request, Step};
use serde_json::Value;

use super::callbacks::{self, BEFORE_VALIDATION};
use super::console::Console;
use super::dry_run;
use super::error::{CommandError, callback_failure, script_failure};
use super::observer::{FlywayObserver, Preface, SharedPreface};
use super::session::Session;
use crate::engine::{OnUnfinished, RunError};

/// What the planner saw, for the result.
#[derive(Default)]
struct Seen {
    schema: String,
    schemas: Vec<String>,
    initial_version: Option<String>,
    /// The pending migrations by the id of their step.
    pending: BTreeMap<String, MigrationInfo>,
}

/// Runs the command and returns its result.
pub fn run(session: &Session, console: &Console) -> Result<Value, CommandError> {
    let config = &session.adapter.config;
    if let Some(file) = &config.dry_run_output {
        return dry_run::run(session, console, file);
    }
    // What has run is not planned again.
    let mut adapter = Cow::Borrowed(&session.adapter);
    if callbacks::before_validation(session, console)? {
        adapter.to_mut().scan.callbacks.retain(|callback| !BEFORE_VALIDATION.contains(&callback.event));
    }
    let preface: SharedPreface = Rc::new(RefCell::new(Preface::default()));
    let seen = RefCell::new(Seen::default());
    let planner = |context: &Context<'_>| -> Result<Plan, AdapterError> {
        let started = Instant::now();
        let view = session.adapter.view(context)?;
        let rules = view.rules(&[IGNORE_EVERYTHING], None)?;
        if !view.history_exists && view.adapter.config.validate_on_migrate {
            // Said even when the validation then fails.
            preface.borrow_mut().before_setup = vec![output::no_history(&view.table.qualified())];
        }
        let plan = adapter.plan(context, &Request::default()).inspect_err(|error| {
            // The validation was fine; what comes after it was not.
            if !matches!(error, AdapterError::Invalid { .. }) {
                let lines =
                    view.infos(&rules).map(|infos| validated(&view, &infos, started)).unwrap_or_default();
                preface.borrow_mut().before_setup.extend(lines);
            }
        })?;
        note(&view, &plan, started, &preface, &mut seen.borrow_mut())?;
        Ok(plan)
    };
    let mut observer = FlywayObserver::new(console, Rc::clone(&preface), config.output_query_results)
        .without(session.adapter.notices())
        .marking_transactions(session.server.dialect.has_transactional_ddl());
    let ran = session.run(&planner, OnUnfinished::Resume, &mut observer);
    observer.say_preface();

    let seen = seen.into_inner();
    let timestamp = output::timestamp(&session.adapter.now);
    let mut result =
        MigrateResult::new(session.database(), &session.server.dialect.to_string(), &seen.schemas, timestamp);
    result.initial_schema_version = seen.initial_version;
    for (id, elapsed) in &observer.finished {
        if let Some(info) = seen.pending.get(id) {
            result.applied(info, u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
        }
    }
    match ran {
        // Flyway only prints what it warns of; the result's list stays empty.
        Ok(_) => {
            observer.say_current_version();
            result.finish();
            let (count, time) = (result.migrations_executed, result.total_migration_time);
            console.info(&output::summary(
                &seen.schema,
                count,
                result.target_schema_version.as_deref(),
                time,
            ));
            observer.say_held();
            document(&result)
        }
        Err(RunError::Statement(failure)) if observer.migration_failed => {
            let message = script_failure(&failure, session, console.is_debug());
            result.migrations_executed = result.migrations.len();
            let line = Some(failure.line);
            let code = i64::from(failure.error.code.unwrap_or(0));
            let error = ErrorItem::new("FAILED_VERSIONED_MIGRATION", message.clone()).of_migration(
                &failure.path.display().to_string(),
                line,
                failure.error.sqlstate.clone(),
                code,
            );
            result.fail(error);
            let document = document(&result)?;
            Err(CommandError::new("FAILED_VERSIONED_MIGRATION", message).with_document(document))
        }
        Err(RunError::Statement(failure)) => {
            observer.say_held();
            Err(callback_failure(&failure, session, console.is_debug()))
        }
        Err(RunError::Adapter(error @ AdapterError::Invalid { .. })) => {
            callbacks::run(session, console, &[Event::AfterValidateError])?;
            Err(error.into())
        }
        Err(other) => Err(other.into()),
    }
}

fn document(result: &MigrateResult) -> Result<Value, CommandError> {
    serde_json::to_value(result).map_err(|error| CommandError::new("FAULT", error.to_string()))
}

/// What is said of a validation that found nothing wrong. Undo files do not count: Flyway's open edition sees none.
fn validated(view: &View<'_>, infos: &Infos, started: Instant) -> Vec<String> {
    if !view.adapter.config.validate_on_migrate || !view.default_facts().exists {
        return Vec::new();
    }
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let count = infos.all.iter().filter(|info| info.state != MigrationState::Available).count();
    let nothing = (count == 0).then(|| format!("WARNING: {}", output::NOTHING_FOUND));
    [output::validated(count, milliseconds)].into_iter().chain(nothing).collect()
}

fn note(
    view: &View<'_>,
    plan: &Plan,
    started: Instant,
    preface: &SharedPreface,
    seen: &mut Seen,
) -> Result<(), AdapterError> {
    let infos = view.infos(&view.rules(&[IGNORE_EVERYTHING], None)?)?;
    let mut preface = preface.borrow_mut();
    preface.before_setup.clear();
    if !view.history_exists {
        preface.before_setup.push(output::no_history(&view.table.qualified()));
    }
    preface.before_setup.extend(validated(view, &infos, started));
    let schema = view.schema();
    let mut before_migrations = output::current_version(&schema, infos.current());
    if infos.all.iter().all(|info| info.path().is_empty()) {
        before_migrations = format!("{before_migrations}\n{}", info::no_files(view));
    }
    // A baseline that the run itself begins with is the version that Flyway then finds.
    let begins_with_baseline = plan
        .steps
        .iter()
        .any(|step| matches!(step, Step::Setup(setup) if setup.message.ends_with(" with baseline ...")));
    let baseline = if begins_with_baseline { Some(view.adapter.marker(None)?.version) } else { None };
    if let Some(version) = &baseline {
        preface.baselined = Some(output::baselined(version));
        before_migrations = format!("Current version of schema {schema}: {version}");
    }
    preface.before_migrations = Some(before_migrations);
    seen.schema = schema;
    seen.schemas.clone_from(&view.adapter.config.schemas);
    let current = baseline.as_ref().or_else(|| infos.current().and_then(MigrationInfo::version));
    seen.initial_version = current.map(ToString::to_string);
    let pending: BTreeMap<String, MigrationInfo> = plan
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Migration(step) => infos
                .all
                .iter()
                .find(|info| info.state == MigrationState::Pending && step_matches(info, &step.id))
                .map(|info| (step.id.clone(), info.clone())),
            Step::Setup(_) | Step::Script(_) => None,
        })
        .collect();
    seen.pending.extend(pending);
    Ok(())
}

fn step_matches(info: &MigrationInfo, id: &str) -> bool {
    info.version().map_or_else(|| info.script() == id, |version| version.to_string() == id)
}
