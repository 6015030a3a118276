//! That a baseline gives what the old migrations gave, and that the project still fits the history of the database at hand.

use std::cell::RefCell;

use dunlin_compat::model::{
    Adapter, AdapterError, Direction, Problem, Request, SquashScope, Standing, StatusEntry, Step,
};

use super::SquashError;
use crate::db::Connection;
use crate::engine::{self, RunError, RunReport};
use crate::schema;
use crate::scratch::Scratch;
use crate::verify::{Bench, Changed, State};

/// Applies on an empty scratch database what the baseline stands for, and reads what it gave. Nothing but that is run: no
/// repeatable migration, nothing of another branch.
///
/// # Errors
/// A migration fails.
pub fn replay(bench: &mut Bench<'_>, scratch: &Scratch, scope: &SquashScope) -> Result<State, SquashError> {
    up(bench, scratch, scope).map_err(|error| SquashError::Replay(Box::new(error)))?;
    Ok(bench.state(scratch)?)
}

/// Runs a project with the baseline in place from empty, and compares. `bench` has the new project's adapter.
///
/// # Errors
/// It fails, or gives something else than `given`.
pub fn project(
    bench: &mut Bench<'_>,
    scratch: &Scratch,
    scope: &SquashScope,
    given: &State,
) -> Result<(), SquashError> {
    up(bench, scratch, scope).map_err(|error| SquashError::Baseline(Box::new(error)))?;
    let gives = bench.state(scratch)?;
    match Changed::between_with_counters(given, &gives) {
        None => Ok(()),
        Some(changed) => Err(SquashError::Differs(Box::new(changed))),
    }
}

/// Compares two states without their rows.
///
/// # Errors
/// Their schemas differ.
pub fn same_schema(given: &State, loaded: &State) -> Result<(), SquashError> {
    let schema = schema::compare(&given.schema, &loaded.schema);
    if schema.is_empty() {
        return Ok(());
    }
    Err(SquashError::Differs(Box::new(Changed { schema, ..Changed::default() })))
}

/// Takes the baseline back; what then is left of `empty`, which was there before.
///
/// # Errors
/// The server, not the down, fails.
pub fn take_down(
    bench: &mut Bench<'_>,
    scratch: &Scratch,
    empty: &State,
) -> Result<Result<(), String>, SquashError> {
    let adapter = bench.adapter;
    let request = Request { direction: Some(Direction::Down), steps: Some(1), to: None };
    if let Err(error) = bench.run(scratch, &|context| adapter.plan(context, &request)) {
        return Ok(Err(error.to_string()));
    }
    let left = bench.state(scratch)?;
    Ok(match Changed::between(empty, &left) {
        None => Ok(()),
        Some(changed) => {
            let names: Vec<String> = changed
                .schema
                .iter()
                .map(|difference| format!("{} {}", difference.object.kind, difference.object.name))
                .collect();
            Err(format!("it leaves {}", names.join(", ")))
        }
    })
}

fn up(bench: &mut Bench<'_>, scratch: &Scratch, scope: &SquashScope) -> Result<RunReport, RunError> {
    let adapter = bench.adapter;
    let request = Request { direction: Some(Direction::Up), to: Some(scope.to.clone()), steps: None };
    let found = RefCell::new(false);
    let report = bench.run(scratch, &|context| {
        let mut plan = adapter.plan(context, &request)?;
        plan.steps.retain(|step| !matches!(step, Step::Migration(step) if !scope.ids.contains(&step.id)));
        *found.borrow_mut() = plan.migrations().any(|step| step.id == scope.to);
        Ok(plan)
    })?;
    if found.into_inner() {
        return Ok(report);
    }
    let message = format!("{} is not among what runs on an empty database", scope.title);
    Err(RunError::Adapter(AdapterError::refused("SQUASH", message)))
}

/// How a project stands to a history.
#[derive(Debug, Clone, Default)]
pub struct Live {
    entries: Vec<StatusEntry>,
    problems: Vec<Problem>,
}

/// Reads it.
///
/// # Errors
/// The history cannot be read.
pub fn live(connection: &mut dyn Connection, adapter: &dyn Adapter) -> Result<Live, SquashError> {
    let (_, entries) = engine::status(connection, adapter)?;
    let problems = engine::validate(connection, adapter)?;
    Ok(Live { entries, problems })
}

impl Live {
    /// Refuses where something that is to be replaced is not applied as the project has it: this database could never go on.
    ///
    /// # Errors
    /// Names the first.
    pub fn refuse_unapplied(&self, scope: &SquashScope) -> Result<(), SquashError> {
        let replaced = self.entries.iter().filter(|entry| scope.ids.contains(&entry.id));
        // A baseline of before has the id of what it stands for, and then its file runs on an empty database.
        let has_another = |entry: &StatusEntry| {
            entry.path.is_none()
                && self.entries.iter().any(|other| {
                    other.id == entry.id
                        && other.path.is_some()
                        && matches!(other.standing, Standing::Applied | Standing::Skipped)
                })
        };
        for entry in replaced.filter(|entry| !has_another(entry)) {
            let state = match (entry.standing, &entry.path) {
                (Standing::Pending | Standing::Drifted, _) => entry.state.to_lowercase(),
                // Java's classes: what they did nobody can do again.
                (Standing::Applied, None) if !entry.kind.eq_ignore_ascii_case("baseline") => {
                    "applied without a file that could be run".to_owned()
                }
                _ => continue,
            };
            let pending = entry.standing == Standing::Pending;
            return Err(SquashError::NotApplied { title: title(entry), state, pending });
        }
        Ok(())
    }

    fn pending(&self) -> Vec<String> {
        self.entries.iter().filter(|entry| entry.standing == Standing::Pending).map(title).collect()
    }

    /// Refuses a project that fits the history less well than before: other migrations would be pending, or what was sound would
    /// not be.
    ///
    /// # Errors
    /// Says what.
    pub fn refuse_worse(
        &self,
        connection: &mut dyn Connection,
        adapter: &dyn Adapter,
        scope: &SquashScope,
    ) -> Result<(), SquashError> {
        let now = live(connection, adapter)?;
        let unfit = |problems| SquashError::Unfit { problems, advice: scope.stays.clone() };
        let known = |problem: &Problem| {
            scope.harmless.contains(&problem.code)
                || self.problems.iter().any(|other| other.message == problem.message)
        };
        let new: Vec<Problem> = now.problems.iter().filter(|problem| !known(problem)).cloned().collect();
        if !new.is_empty() {
            return Err(unfit(new));
        }
        let (before, after) = (self.pending(), now.pending());
        if before != after {
            let differing = |one: &[String], other: &[String]| -> Vec<String> {
                one.iter().filter(|title| !other.contains(title)).cloned().collect()
            };
            let titles = [differing(&after, &before), differing(&before, &after)].concat();
            return Err(SquashError::Pending { titles });
        }
        let request = Request { direction: Some(Direction::Up), ..Request::default() };
        match engine::plan(connection, adapter, &request) {
            Ok(_) => Ok(()),
            // What stood in the way before is no matter of the baseline.
            Err(RunError::Adapter(AdapterError::Invalid { problems, .. })) if problems.iter().all(known) => {
                Ok(())
            }
            Err(RunError::Adapter(AdapterError::Invalid { problems, .. })) => Err(unfit(problems)),
            Err(error) => Err(error.into()),
        }
    }
}

fn title(entry: &StatusEntry) -> String {
    format!("{} {}", entry.id, entry.description).trim().to_owned()
}
