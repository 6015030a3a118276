//! `alembic upgrade` and `alembic downgrade`

use dunlin_compat::alembic::output::CommandError;

use super::console::Console;
use super::failure::{CommandFailure, not_built};
use super::project::Project;
use crate::db::Access;

/// Applies what leads to a revision.
pub fn upgrade(
    project: &Project,
    revision: &str,
    sql: bool,
    console: &mut Console,
) -> Result<(), CommandFailure> {
    if sql {
        return Err(not_built("`upgrade --sql`"));
    }
    refuse_range(revision)?;
    project.connect(Access::Write, console)?.run(
        &|adapter, context, warnings| adapter.plan_upgrade(context, revision, warnings),
        &|error| CommandError::of_upgrade(error, revision),
        console,
    )
}

/// Takes back what is above a revision.
pub fn downgrade(
    project: &Project,
    revision: &str,
    sql: bool,
    console: &mut Console,
) -> Result<(), CommandFailure> {
    if sql {
        if !revision.contains(':') {
            return Err(CommandFailure::failed("downgrade with --sql requires <fromrev>:<torev>"));
        }
        return Err(not_built("`downgrade --sql`"));
    }
    refuse_range(revision)?;
    project.connect(Access::Write, console)?.run(
        &|adapter, context, warnings| adapter.plan_downgrade(context, revision, warnings),
        &|error| CommandError::of_downgrade(error, revision),
        console,
    )
}

fn refuse_range(revision: &str) -> Result<(), CommandFailure> {
    if revision.contains(':') {
        return Err(CommandFailure::failed("Range revision not allowed"));
    }
    Ok(())
}
