//! `alembic stamp`

use dunlin_compat::alembic::output::CommandError;
use serde_json::json;

use super::console::Console;
use super::failure::CommandFailure;
use super::project::Project;
use crate::db::Access;

/// Says in the version table that revisions are applied, without running any.
pub fn run(
    project: &Project,
    revisions: &[String],
    sql: bool,
    purge: bool,
    tag: Option<&str>,
    console: &mut Console,
) -> Result<(), CommandFailure> {
    if sql {
        let keywords =
            json!({ "revision": revisions, "revisions": revisions, "sql": true, "tag": tag, "purge": purge });
        return project.write_sql("stamp", keywords, console);
    }
    for online in project.connect_each(Access::Write, console)? {
        online.introduce(console);
        online.run(
            &|adapter, context, _| adapter.plan_stamp(context, revisions, purge),
            &CommandError::of_stamp,
            console,
        )?;
    }
    Ok(())
}
