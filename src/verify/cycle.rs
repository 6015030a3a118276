//! Up, down, up.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use dunlin_compat::model::{AdapterError, Context, Direction, MigrationStep, Plan, Request, Standing, Step};

use super::bench::{State, VerifyError};
use super::finding::{Changed, Finding, TableImpact, impact};
use super::replay::cut;
use super::{Applied, Bench};
use crate::engine::RunError;
use crate::scratch::Scratch;

/// What became of one migration.
#[derive(Debug)]
pub struct Verified {
    /// Its id.
    pub id: String,
    /// For people.
    pub title: String,
    /// Its file.
    pub path: Option<PathBuf>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// Whether it was only applied: it is of a kind that is never taken back.
    pub one_way: bool,
    /// What its up did to tables that were there before.
    pub impacts: BTreeMap<String, TableImpact>,
}

/// A migration as the plan names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Its id.
    pub id: String,
    /// For people.
    pub title: String,
    /// Its file.
    pub path: Option<PathBuf>,
}

/// Takes every migration that is pending on a scratch database up, down and up. `remake` gives another scratch database in the
/// state before the first of them, for when a migration left this one in a state that nothing can be learnt from. `tell` is
/// told which one is next.
///
/// # Errors
/// Nothing can be said: the server, not a migration, fails.
pub fn verify(
    bench: &mut Bench<'_>,
    mut scratch: Scratch,
    remake: &mut dyn FnMut(&mut Bench<'_>) -> Result<Scratch, VerifyError>,
    tell: &mut dyn FnMut(&Chosen),
) -> Result<Vec<Verified>, VerifyError> {
    let mut verified: Vec<Verified> = Vec::new();
    let mut before = bench.state(&scratch)?;
    loop {
        bench.trace.take();
        let next = up_one(bench, &scratch, None);
        let (chosen, up) = match next {
            Ok(None) => break,
            Ok(Some((chosen, result))) => (chosen, result),
            Err(error) => return Err(error.into()),
        };
        tell(&chosen);
        let impacts = impact(&before, &bench.trace.take(), scratch.url().engine);
        let mut one = Verified {
            id: chosen.id.clone(),
            title: chosen.title.clone(),
            path: chosen.path.clone(),
            findings: Vec::new(),
            one_way: false,
            impacts,
        };
        if let Err(error) = up {
            one.findings.push(Finding::UpFails(error));
            verified.push(one);
            // What comes after stands on it.
            break;
        }
        let applied = bench.state(&scratch)?;
        let left = back_and_forth(bench, &scratch, &chosen, (&before, &applied), &mut one)?;
        verified.push(one);
        before = match left {
            Some(state) => state,
            None => {
                scratch = remade(bench, remake, &verified)?;
                bench.state(&scratch)?
            }
        };
    }
    scratch.remove()?;
    Ok(verified)
}

/// Down and up. Returns the state afterwards, or `None` when it is not that of the migration having been applied.
fn back_and_forth(
    bench: &mut Bench<'_>,
    scratch: &Scratch,
    chosen: &Chosen,
    (before, applied): (&State, &State),
    one: &mut Verified,
) -> Result<Option<State>, VerifyError> {
    match down_one(bench, scratch, chosen) {
        Ok(Down::Done) => {}
        Ok(Down::Never) => {
            one.one_way = true;
            return Ok(Some(applied.clone()));
        }
        Err(RunError::Adapter(error)) => {
            let not_tried = matches!(&error, AdapterError::Refused { code, .. } if code == NOT_LAST);
            let reason = reason(&error);
            one.findings.push(if not_tried { Finding::NotTried(reason) } else { Finding::NoDown(reason) });
            return Ok(Some(applied.clone()));
        }
        Err(error) => {
            one.findings.push(Finding::DownFails(error));
            let now = bench.state(scratch)?;
            return Ok(Changed::between(applied, &now).is_none().then_some(now));
        }
    }
    let reverted = bench.state(scratch)?;
    if let Some(changed) = Changed::between(before, &reverted) {
        one.findings.push(Finding::DownLeaves(changed));
    }
    bench.restore_counters(scratch, before)?;
    match up_one(bench, scratch, Some(&chosen.id)) {
        Ok(Some((_, Ok(())))) => {}
        Ok(Some((_, Err(error)))) | Err(error) => {
            one.findings.push(Finding::UpAgainFails(error));
            return Ok(None);
        }
        Ok(None) => return Ok(None),
    }
    let again = bench.state(scratch)?;
    match Changed::between_runs(applied, &again) {
        None => Ok(Some(again)),
        // What the down left is found once; the next begins from what the migration gives on its own.
        Some(changed) => {
            if one.findings.is_empty() {
                one.findings.push(Finding::UpAgainDiffers(changed));
            }
            Ok(None)
        }
    }
}

/// Another scratch database with everything that was verified applied.
fn remade(
    bench: &mut Bench<'_>,
    remake: &mut dyn FnMut(&mut Bench<'_>) -> Result<Scratch, VerifyError>,
    verified: &[Verified],
) -> Result<Scratch, VerifyError> {
    let scratch = remake(bench)?;
    for one in verified {
        match up_one(bench, &scratch, Some(&one.id))? {
            Some((_, Err(error))) => return Err(error.into()),
            Some((_, Ok(()))) | None => {}
        }
    }
    Ok(scratch)
}

type Upped = Option<(Chosen, Result<(), RunError>)>;

/// Applies the next migration that is pending, or a certain one. What cannot even be planned is the outer error.
fn up_one(bench: &mut Bench<'_>, scratch: &Scratch, wanted: Option<&str>) -> Result<Upped, RunError> {
    let planned = RefCell::new(None);
    let adapter = bench.adapter;
    let request = Request { direction: Some(Direction::Up), ..Request::default() };
    let result = bench.run(scratch, &|context: &Context<'_>| {
        let plan = adapter.plan(context, &request)?;
        let first = plan.migrations().next().map(|step| step.id.clone());
        let plan = match wanted {
            Some(id) if first.as_deref() != Some(id) => {
                if !plan.migrations().any(|step| step.id == id) {
                    return Ok(Plan::default());
                }
                let request = Request { to: Some(id.to_owned()), ..request.clone() };
                let mut plan = adapter.plan(context, &request)?;
                plan.steps.retain(|step| !matches!(step, Step::Migration(step) if step.id != id));
                plan
            }
            _ => cut(plan, 1),
        };
        let mut planned = planned.borrow_mut();
        if planned.is_none() {
            *planned = plan.migrations().next().map(chosen);
        }
        Ok(if plan.migrations().next().is_none() { Plan::default() } else { plan })
    });
    match (planned.into_inner(), result) {
        (None, Ok(_)) => Ok(None),
        (None, Err(error)) => Err(error),
        (Some(chosen), result) => Ok(Some((chosen, result.map(drop)))),
    }
}

/// The code of what cannot be taken back alone.
const NOT_LAST: &str = "NOT_LAST";

enum Down {
    Done,
    /// It is not a kind of migration that is ever taken back.
    Never,
}

/// Takes a migration back that is applied.
fn down_one(bench: &mut Bench<'_>, scratch: &Scratch, chosen: &Chosen) -> Result<Down, RunError> {
    if is_repeatable(bench, scratch, chosen)? {
        return Ok(Down::Never);
    }
    let adapter = bench.adapter;
    let last = Request { direction: Some(Direction::Down), steps: Some(1), to: None };
    let is_it = |plan: &Plan| plan.migrations().next().is_some_and(|step| step.id == chosen.id);
    bench.run(scratch, &|context: &Context<'_>| {
        let plan = adapter.plan(context, &last)?;
        if is_it(&plan) {
            return Ok(plan);
        }
        // Of several branches another one may be the first to go: a way down is looked for that takes this one alone.
        let mut ways = vec![format!("{}-1", chosen.id), format!("{}@base", chosen.id)];
        let entries = adapter.status(context)?.into_iter().rev();
        ways.extend(entries.filter(|entry| entry.standing == Standing::Applied).map(|entry| entry.id));
        ways.into_iter()
            .filter_map(|to| {
                adapter.plan(context, &Request { to: Some(to), steps: None, ..last.clone() }).ok()
            })
            .find(|plan| is_it(plan) && plan.migrations().count() == 1)
            .ok_or_else(|| {
                let reason = "it is not what would be taken back first, and cannot be taken back alone";
                AdapterError::refused(NOT_LAST, reason)
            })
    })?;
    Ok(Down::Done)
}

/// Flyway's repeatable migrations have no version, and are applied anew instead of being taken back.
fn is_repeatable(bench: &Bench<'_>, scratch: &Scratch, chosen: &Chosen) -> Result<bool, RunError> {
    let mut connection = scratch.open().map_err(|error| RunError::Server {
        doing: "connecting to the scratch database".to_owned(),
        error,
    })?;
    let live = super::Live::read(connection.as_mut(), bench.adapter)?;
    let is_it = |applied: &Applied| applied.path.is_some() && applied.path == chosen.path;
    Ok(live.applied.iter().any(|applied| applied.id.is_empty() && is_it(applied))
        && !live.applied.iter().any(|applied| applied.id == chosen.id))
}

fn reason(error: &AdapterError) -> String {
    let text = error.to_string();
    // The file is named beside it.
    let place = match error {
        AdapterError::Refused { place: Some((path, line)), .. } => format!("{}:{line}: ", path.display()),
        _ => String::new(),
    };
    let text = text.strip_prefix(&place).unwrap_or(&text);
    text.strip_suffix("; nothing was run").unwrap_or(text).to_owned()
}

fn chosen(step: &MigrationStep) -> Chosen {
    Chosen {
        id: step.id.clone(),
        title: step.title.clone(),
        path: step.blocks.first().map(|block| block.source.path.clone()),
    }
}
