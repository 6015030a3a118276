//! `dunlin status`

use clap::Args;
use dunlin_compat::model::{Standing, StatusEntry};
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global, table};
use crate::db::Access;
use crate::engine;

/// Show what is applied and what is pending
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Exit with 3 if something is pending or the history has drifted from the files
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &StatusArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut connection = project.connect(Access::Read)?;
    let (snapshot, entries) = engine::status(connection.as_mut(), project.adapter())?;
    let half_done = snapshot.entry.as_ref().map(|entry| (entry.id.clone(), entry.direction, entry.next));
    match global.format {
        Format::Json => anstream::println!(
            "{:#}",
            document(&project, &entries, half_done.as_ref().map(|entry| &*entry.0))
        ),
        Format::Table => {
            anstream::print!("{}", text(&entries));
            if let Some((id, direction, next)) = &half_done {
                anstream::println!(
                    "\n{id} ({direction}) is half done: {next} statements ran. `dunlin {direction}` continues it."
                );
            }
        }
    }
    let attention = half_done.is_some()
        || entries.iter().any(|entry| matches!(entry.standing, Standing::Pending | Standing::Drifted));
    Ok(if arguments.check && attention { Exit::Pending } else { Exit::Done })
}

fn text(entries: &[StatusEntry]) -> String {
    if entries.is_empty() {
        return "No migrations found.\n".to_owned();
    }
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            vec![
                entry.id.clone(),
                entry.description.clone(),
                entry.kind.clone(),
                entry.state.clone(),
                entry.applied_at.clone().unwrap_or_default(),
                if entry.reversible { "yes" } else { "no" }.to_owned(),
            ]
        })
        .collect();
    let count = |standing| entries.iter().filter(|entry| entry.standing == standing).count();
    let mut summary = format!("{} applied, {} pending", count(Standing::Applied), count(Standing::Pending));
    let drifted = count(Standing::Drifted);
    if drifted > 0 {
        summary.push_str(&format!(", {drifted} drifted (see `dunlin validate`)"));
    }
    format!(
        "{}\n{summary}\n",
        table::format(&["Version", "Description", "Kind", "State", "Applied at", "Reversible"], &rows)
    )
}

fn document(project: &Project, entries: &[StatusEntry], half_done: Option<&str>) -> Value {
    let migrations: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "id": entry.id,
                "description": entry.description,
                "kind": entry.kind,
                "state": entry.state,
                "standing": standing(entry.standing),
                "appliedAt": entry.applied_at,
                "path": entry.path.as_ref().map(|path| path.display().to_string()),
                "reversible": entry.reversible,
            })
        })
        .collect();
    json!({ "tool": project.adapter().tool(), "migrations": migrations, "halfDone": half_done })
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Applied => "applied",
        Standing::Pending => "pending",
        Standing::Skipped => "skipped",
        Standing::Drifted => "drifted",
    }
}
