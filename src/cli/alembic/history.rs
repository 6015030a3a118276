//! `alembic history`

use dunlin_compat::alembic::output::{CommandError, Line, entry, line};
use dunlin_compat::alembic::traversal::End;

use super::console::Console;
use super::failure::CommandFailure;
use super::project::{Project, config_failure};
use crate::db::Access;

/// Lists revisions, the newest first.
pub fn run(
    project: &Project,
    range: Option<&str>,
    verbose: bool,
    indicate_current: bool,
    console: &mut Console,
) -> Result<(), CommandFailure> {
    let (base, head) = match range {
        None => ("", ""),
        Some(range) => ends(range)?,
    };
    let runs_env = indicate_current || project.config.revision_environment().map_err(config_failure)?;
    let rows = if base == "current" || head == "current" || runs_env {
        project.connect(Access::Read, console)?.rows()?
    } else {
        Vec::new()
    };
    let of_rows = if rows.is_empty() { None } else { Some(End::Several(&rows)) };
    let (lower, upper) = match (base, head) {
        (base, "current") => (given(base, "base"), of_rows.unwrap_or(End::One("heads"))),
        ("current", head) => (of_rows.unwrap_or(End::One("base")), given(head, "heads")),
        (base, head) => (given(base, "base"), given(head, "heads")),
    };
    let graph = project.checked_graph(console)?;
    let mut warnings = Vec::new();
    let order = graph.history(lower, upper, &mut warnings);
    for warning in warnings {
        console.warn(&warning.to_string());
    }
    for node in order.map_err(|error| CommandError::of_range(error, lower, upper))? {
        let current = indicate_current && rows.iter().any(|row| row == graph.id(node));
        console.line(&if verbose {
            entry(graph, node, current)
        } else {
            line(graph, node, Line { branches: true, doc: true, parents: true, tree: true, current })
        });
    }
    Ok(())
}

fn given<'a>(text: &'a str, default: &'a str) -> End<'a> {
    End::One(if text.is_empty() { default } else { text })
}

fn ends(range: &str) -> Result<(&str, &str), CommandFailure> {
    let parts: Vec<&str> = range.trim().split(':').collect();
    match parts.as_slice() {
        [_] => Err(CommandFailure::failed("History range requires [start]:[end], [start]:, or :[end]")),
        [base, head] => Ok((base, head)),
        _ => Err(CommandFailure::ours("REVISION", format!("the range '{range}' has more than two ends"))),
    }
}
