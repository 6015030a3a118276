//! `alembic upgrade` and `alembic downgrade`

use dunlin_compat::alembic::output::CommandError;
use serde_json::json;

use super::console::Console;
use super::failure::CommandFailure;
use super::project::Project;
use crate::db::Access;

/// Applies what leads to a revision.
pub fn upgrade(
    project: &Project,
    revision: &str,
    sql: bool,
    tag: Option<&str>,
    console: &mut Console,
) -> Result<(), CommandFailure> {
    if sql {
        let keywords = json!({ "revision": revision, "sql": true, "tag": tag });
        return project.write_sql("upgrade", keywords, console);
    }
    refuse_range(revision)?;
    for online in project.connect_each(Access::Write, console)? {
        online.introduce(console);
        online.run(
            &|adapter, context, warnings| adapter.plan_upgrade(context, revision, warnings),
            &|error| CommandError::of_upgrade(error, revision),
            console,
        )?;
    }
    Ok(())
}

/// Takes back what is above a revision.
pub fn downgrade(
    project: &Project,
    revision: &str,
    sql: bool,
    tag: Option<&str>,
    console: &mut Console,
) -> Result<(), CommandFailure> {
    if sql {
        if !revision.contains(':') {
            return Err(CommandFailure::failed("downgrade with --sql requires <fromrev>:<torev>"));
        }
        let keywords = json!({ "revision": revision, "sql": true, "tag": tag });
        return project.write_sql("downgrade", keywords, console);
    }
    refuse_range(revision)?;
    for online in project.connect_each(Access::Write, console)? {
        online.introduce(console);
        online.run(
            &|adapter, context, warnings| adapter.plan_downgrade(context, revision, warnings),
            &|error| CommandError::of_downgrade(error, revision),
            console,
        )?;
    }
    Ok(())
}

fn refuse_range(revision: &str) -> Result<(), CommandFailure> {
    if revision.contains(':') {
        return Err(CommandFailure::failed("Range revision not allowed"));
    }
    Ok(())
}
