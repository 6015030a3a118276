//! `alembic branches`

use dunlin_compat::alembic::output::{CommandError, Line, entry, line};
use dunlin_compat::alembic::traversal::End;

use super::console::Console;
use super::failure::CommandFailure;
use super::project::Project;

/// Lists the revisions that several others follow, and these.
pub fn run(project: &Project, verbose: bool, console: &Console) -> Result<(), CommandFailure> {
    let graph = project.checked_graph(console)?;
    let (lower, upper) = (End::One("base"), End::One("heads"));
    let order = graph.history(lower, upper, &mut Vec::new());
    for node in order.map_err(|error| CommandError::of_range(error, lower, upper))? {
        if !graph.node(node).is_branch_point() {
            continue;
        }
        let head = if verbose {
            entry(graph, node, false)
        } else {
            line(graph, node, Line { branches: true, tree: true, ..Line::default() })
        };
        let indent = " ".repeat(graph.id(node).chars().count());
        let shown = Line { branches: true, doc: verbose, tree: true, ..Line::default() };
        let next: Vec<String> = graph
            .node(node)
            .next()
            .iter()
            .map(|next| format!("{indent} -> {}", line(graph, *next, shown)))
            .collect();
        console.line(&format!("{head}\n{}\n", next.join("\n")));
    }
    Ok(())
}
