//! `alembic stamp`

use dunlin_compat::alembic::output::CommandError;

use super::console::Console;
use super::failure::{CommandFailure, not_built};
use super::project::Project;
use crate::db::Access;

/// Says in the version table that revisions are applied, without running any.
pub fn run(
    project: &Project,
    revisions: &[String],
    sql: bool,
    purge: bool,
    console: &mut Console,
) -> Result<(), CommandFailure> {
    if sql {
        return Err(not_built("`stamp --sql`"));
    }
    project.connect(Access::Write, console)?.run(
        &|adapter, context, _| adapter.plan_stamp(context, revisions, purge),
        &CommandError::of_stamp,
        console,
    )
}
