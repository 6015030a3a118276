//! `alembic current`

use std::collections::BTreeSet;

use dunlin_compat::alembic::output::{CommandError, Line, entry, line};

use super::console::Console;
use super::failure::CommandFailure;
use super::project::Project;
use crate::db::Access;

/// Lists what is applied: the rows of the version table, and the tips of branches that they imply.
pub fn run(
    project: &Project,
    check_heads: bool,
    verbose: bool,
    console: &mut Console,
) -> Result<(), CommandFailure> {
    for mut online in project.connect_each(Access::Read, console)? {
        online.introduce(console);
        let rows = online.rows()?;
        if verbose {
            console.line(&format!("Current revision(s) for {}:", online.shown_url));
        }
        if check_heads {
            let graph = project.unchecked_graph(console)?;
            let heads: BTreeSet<String> = graph.ids(graph.heads()).into_iter().collect();
            let applied: BTreeSet<String> = rows.iter().cloned().collect();
            if applied != heads {
                return Err(CommandFailure::failed("Database is not on all head revisions"));
            }
        }
        let graph = project.checked_graph(console)?;
        for node in graph.current(&rows).map_err(CommandError::of_lookup)? {
            console.line(&if verbose {
                entry(graph, node, false)
            } else {
                line(graph, node, Line { tree: true, ..Line::default() })
            });
        }
    }
    Ok(())
}
