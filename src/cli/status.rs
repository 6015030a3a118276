//! `dunlin status`

use clap::Args;
use dunlin_compat::model::{Standing, StatusEntry};
use owo_colors::Style;
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::table::{self, Column, Squeeze};
use super::{Format, Global, output};
use crate::db::Access;
use crate::engine;

/// Show what is applied and what is pending
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin status
  dunlin status --check                 exit with 3 unless everything is applied
  dunlin status --format json | jq -r '.migrations[] | select(.standing == \"pending\") | .id'")]
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
        Format::Json => {
            output::json(&document(&project, &entries, half_done.as_ref().map(|entry| &*entry.0)))?;
        }
        Format::Table => {
            let mut text = text(&entries);
            if let Some((id, direction, next)) = &half_done {
                let ran = if *next == 1 { "1 statement" } else { &format!("{next} statements") };
                text.push_str(&format!(
                    "\n{id} ({direction}) is half done: {ran} ran. `dunlin {direction}` continues it.\n"
                ));
            }
            output::print(&text)?;
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
                entry.applied_at.as_deref().map(readable_time).unwrap_or_default(),
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
    let standings: std::collections::HashMap<&str, Standing> =
        entries.iter().map(|entry| (entry.state.as_str(), entry.standing)).collect();
    let style = |header: &str, text: &str| match standings.get(text) {
        Some(standing) if header == "State" => Some(style_of(*standing)),
        _ => None,
    };
    let width = output::columns(&console::Term::stdout());
    format!("{}\n{summary}\n", table::format(&COLUMNS, &rows, width, style))
}

const COLUMNS: [Column; 6] = [
    Column { header: "Version", squeeze: Squeeze::Never },
    Column { header: "Description", squeeze: Squeeze::Cut },
    Column { header: "Kind", squeeze: Squeeze::LeaveOut(0) },
    Column { header: "State", squeeze: Squeeze::Never },
    Column { header: "Applied at", squeeze: Squeeze::LeaveOut(2) },
    Column { header: "Reversible", squeeze: Squeeze::LeaveOut(1) },
];

fn style_of(standing: Standing) -> Style {
    match standing {
        Standing::Applied => Style::new().green(),
        Standing::Pending => Style::new().yellow(),
        Standing::Skipped => Style::new().dimmed(),
        Standing::Drifted => Style::new().red(),
    }
}

/// `2026-01-02T03:04:05Z` without the `T`; a tool's other forms are left as they are.
fn readable_time(text: &str) -> String {
    match text.split_once('T') {
        Some((day, time)) if text.parse::<jiff::Timestamp>().is_ok() => format!("{day} {time}"),
        _ => text.to_owned(),
    }
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
