//! `alembic show`

use dunlin_compat::alembic::output::entry;

use super::console::Console;
use super::failure::CommandFailure;
use super::project::Project;
use crate::db::Access;

/// Shows all that is known of revisions.
pub fn run(project: &Project, revision: &str, console: &mut Console) -> Result<(), CommandFailure> {
    let identifiers = if revision == "current" {
        project.connect(Access::Read, console)?.rows()?
    } else {
        vec![revision.to_owned()]
    };
    if identifiers.is_empty() {
        return Ok(());
    }
    let (graph, nodes) = project.find(&identifiers, console)?;
    for node in nodes {
        console.line(&entry(graph, node, false));
    }
    Ok(())
}
