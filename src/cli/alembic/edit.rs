//! `alembic edit`

use std::path::{Path, PathBuf};
use std::process::Command;

use super::console::Console;
use super::failure::CommandFailure;
use super::project::Project;
use crate::db::Access;

/// Opens the files of revisions in an editor.
pub fn run(project: &Project, revision: &str, console: &mut Console) -> Result<(), CommandFailure> {
    let is_current = revision == "current";
    let identifiers =
        if is_current { project.connect(Access::Read, console)?.rows()? } else { vec![revision.to_owned()] };
    if is_current && identifiers.is_empty() {
        return Err(CommandFailure::failed("No current revisions"));
    }
    let (graph, nodes) = project.find(&identifiers, console)?;
    if nodes.is_empty() {
        return Err(CommandFailure::failed(format!("No revision files indicated by symbol '{revision}'")));
    }
    for node in nodes {
        open(&graph.node(node).revision.path)?;
    }
    Ok(())
}

fn open(path: &Path) -> Result<(), CommandFailure> {
    let failed = |reason: String| CommandFailure::failed(format!("Error executing editor ({reason})"));
    let editor = editor().ok_or_else(|| {
        failed(
            "No suitable editor found. Please set the \"EDITOR\" or \"VISUAL\" environment variables"
                .to_owned(),
        )
    })?;
    let status = Command::new(&editor).arg(path).status();
    let status = status.map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().map_or("a signal".to_owned(), |code| format!("exit status {code}"));
    Err(failed(format!("Command '['{}', '{}']' returned non-zero {code}.", editor.display(), path.display())))
}

/// What `EDITOR` and `VISUAL` say, else what is installed.
fn editor() -> Option<PathBuf> {
    let mut candidates: Vec<String> =
        ["sensible-editor", "editor", "nano", "vim", "code"].map(str::to_owned).to_vec();
    for (index, variable) in ["EDITOR", "VISUAL"].into_iter().enumerate() {
        let Ok(choice) = std::env::var(variable) else { continue };
        if Path::new(&choice).exists() {
            return Some(PathBuf::from(choice));
        }
        if !choice.contains('/') {
            candidates.insert(index.min(candidates.len()), choice);
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    candidates
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.exists())
}
