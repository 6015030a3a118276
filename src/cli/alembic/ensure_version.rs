//! `alembic ensure_version`

use dunlin_compat::alembic::output::CommandError;
use serde_json::json;

use super::console::Console;
use super::failure::CommandFailure;
use super::project::Project;
use crate::db::Access;

/// Makes the version table if it is not there.
pub fn run(project: &Project, sql: bool, console: &mut Console) -> Result<(), CommandFailure> {
    if sql {
        return project.write_sql("ensure_version", json!({ "sql": true }), console);
    }
    for online in project.connect_each(Access::Write, console)? {
        online.introduce(console);
        online.run(
            &|adapter, context, _| Ok(adapter.plan_ensure_version(context)),
            &CommandError::of_lookup,
            console,
        )?;
    }
    Ok(())
}
