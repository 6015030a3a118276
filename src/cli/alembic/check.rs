//! `alembic check`

use std::collections::BTreeSet;

use super::console::Console;
use super::failure::{CommandFailure, not_built};
use super::project::Project;
use crate::db::Access;

/// Compares the database with the project's models, if it is at all heads.
pub fn run(project: &Project, console: &mut Console) -> Result<(), CommandFailure> {
    let rows = project.connect(Access::Read, console)?.rows()?;
    let (graph, nodes) = project.find(&rows, console)?;
    let applied: BTreeSet<_> = nodes.iter().collect();
    let heads: BTreeSet<_> = graph.real_heads().iter().collect();
    if applied != heads {
        return Err(CommandFailure::failed("Target database is not up to date."));
    }
    Err(not_built("`check` of the models"))
}
