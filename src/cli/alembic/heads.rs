//! `alembic heads`

use dunlin_compat::alembic::output::{Line, entry, line};

use super::console::Console;
use super::failure::CommandFailure;
use super::project::Project;

/// Lists the heads, or with `resolve_dependencies` those on which nothing depends.
pub fn run(
    project: &Project,
    verbose: bool,
    resolve_dependencies: bool,
    console: &Console,
) -> Result<(), CommandFailure> {
    let (graph, heads) = if resolve_dependencies {
        let graph = project.checked_graph(console)?;
        (graph, graph.real_heads())
    } else {
        let graph = project.unchecked_graph(console)?;
        (graph, graph.heads())
    };
    for head in heads {
        console.line(&if verbose {
            entry(graph, *head, false)
        } else {
            line(graph, *head, Line { branches: true, ..Line::default() })
        });
    }
    Ok(())
}
