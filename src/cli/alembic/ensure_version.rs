//! `alembic ensure_version`

use dunlin_compat::alembic::output::CommandError;

use super::console::Console;
use super::failure::{CommandFailure, not_built};
use super::project::Project;
use crate::db::Access;

/// Makes the version table if it is not there.
pub fn run(project: &Project, sql: bool, console: &mut Console) -> Result<(), CommandFailure> {
    if sql {
        return Err(not_built("`ensure_version --sql`"));
    }
    project.connect(Access::Write, console)?.run(
        &|adapter, context, _| Ok(adapter.plan_ensure_version(context)),
        &CommandError::of_lookup,
        console,
    )
}
