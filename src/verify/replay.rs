//! Bringing a scratch database to where the live one is, by running what its history says.

use std::cell::RefCell;

use dunlin_compat::model::{Context, Direction, Plan, Request, Step};

use super::bench::VerifyError;
use super::{Applied, Bench, Live};
use crate::engine::RunError;
use crate::scratch::Scratch;

/// How it went.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// How many migrations ran.
    pub count: usize,
    /// What is applied and could not be run, having no file.
    pub missing: Vec<Applied>,
}

/// Applies what is applied on the live database, in the tool's own order. `filled`: the scratch database does not begin empty,
/// so a baseline can be set.
///
/// # Errors
/// A migration fails, or the history begins with what no migration makes.
pub fn replay(
    bench: &mut Bench<'_>,
    scratch: &Scratch,
    live: &Live,
    filled: bool,
) -> Result<Replayed, VerifyError> {
    let known = applied_on(bench, scratch)?;
    if let Some(version) = &live.baseline
        && known.baseline.is_none()
        && known.applied.is_empty()
    {
        if !filled {
            return Err(VerifyError::Baseline { version: version.clone() });
        }
        let adapter = bench.adapter;
        bench.run(scratch, &|context| adapter.baseline(context, Some(version))).map_err(of_replay)?;
    }
    let is_known = |wanted: &&Applied| {
        known.applied.iter().any(|known| known.id == wanted.id && known.title == wanted.title)
    };
    let mut left: Vec<Applied> = live.applied.iter().filter(|applied| !is_known(applied)).cloned().collect();
    let mut count = 0;
    while !left.is_empty() {
        let ran = RefCell::new(Vec::new());
        let adapter = bench.adapter;
        let up = Request { direction: Some(Direction::Up), ..Request::default() };
        let report = bench.run(scratch, &|context: &Context<'_>| {
            let plan = adapter.plan(context, &up)?;
            let wanted =
                |step: &dunlin_compat::model::MigrationStep| left.iter().any(|applied| applied.is(step));
            let first = plan.migrations().take_while(|step| wanted(step)).count();
            let found = plan.migrations().find(|step| wanted(step)).map(|step| step.id.clone());
            let plan = match found {
                None => Plan { warnings: plan.warnings, ..Plan::default() },
                Some(_) if first > 0 => cut(plan, first),
                // Others come before it that are not applied: it is planned as the tool would plan it alone.
                Some(id) => {
                    let to = Request { to: Some(id.clone()), ..up.clone() };
                    let mut plan = adapter.plan(context, &to)?;
                    plan.steps.retain(|step| !matches!(step, Step::Migration(step) if step.id != id));
                    plan
                }
            };
            *ran.borrow_mut() = plan.migrations().cloned().collect();
            Ok(plan)
        });
        let report = report.map_err(of_replay)?;
        let ran = ran.into_inner();
        if report.migrations.is_empty() {
            break;
        }
        count += report.migrations.len();
        left.retain(|applied| !ran.iter().any(|step| applied.is(step)));
    }
    Ok(Replayed { count, missing: left })
}

fn of_replay(error: RunError) -> VerifyError {
    VerifyError::Replay(Box::new(error))
}

/// What a scratch database that was filled from elsewhere has already.
fn applied_on(bench: &Bench<'_>, scratch: &Scratch) -> Result<Live, VerifyError> {
    let mut connection = scratch.open().map_err(|error| RunError::Server {
        doing: "connecting to the scratch database".to_owned(),
        error,
    })?;
    Ok(Live::read(connection.as_mut(), bench.adapter)?)
}

/// The plan up to so many migrations, with the scripts around them.
pub(super) fn cut(mut plan: Plan, most: usize) -> Plan {
    let mut count = 0;
    plan.steps.retain(|step| {
        let is_migration = matches!(step, Step::Migration(_));
        count += usize::from(is_migration);
        !is_migration || count <= most
    });
    plan
}
