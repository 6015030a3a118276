//! `dunlin pack list`

use clap::Args;
use serde_json::{Value, json};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{Format, Global, output};
use crate::guest::pack::{self, Pack};
use crate::guest::pack_build;

/// Show the packs that there are, with what is in them
#[derive(Debug, Args)]
pub struct ListArgs {}

/// Runs the command.
pub fn run(global: &Global, _arguments: &ListArgs) -> Result<Exit, Failure> {
    let folder = super::folder()?;
    let (packs, errors) = pack::list(&folder);
    for error in &errors {
        output::note(&format!("warning: {error}"));
    }
    match global.format {
        Format::Json => output::json(&json!({"packs": packs.iter().map(document).collect::<Vec<_>>()}))?,
        Format::Table if packs.is_empty() => {
            output::line(&format!("There are no packs in {}", folder.display()))?;
        }
        Format::Table => output::print(&packs.iter().map(text).collect::<Vec<_>>().join("\n"))?,
    }
    Ok(Exit::Done)
}

fn document(pack: &Pack) -> Value {
    let manifest = &pack.manifest;
    json!({
        "name": pack.name(),
        "path": pack.folder.display().to_string(),
        "tool": manifest.tool,
        "interpreter": manifest.interpreter,
        "libraries": manifest.libraries,
        "builtWith": manifest.built_with,
        "sha256": manifest.component_sha256,
        "current": super::is_current(pack),
        "compiledHere": manifest.compiled_for == pack_build::compiled_for(),
    })
}

fn text(pack: &Pack) -> String {
    let manifest = &pack.manifest;
    let mut lines = vec![pack.name(), format!("  {}", manifest.interpreter)];
    lines.extend(manifest.libraries.iter().map(|library| format!("  {} {}", library.name, library.version)));
    if !super::is_current(pack) {
        lines.push(
            "  built by another version of dunlin; build it again, or its start takes seconds".to_owned(),
        );
    }
    if !manifest.file_sha256.is_empty() && manifest.compiled_for != pack_build::compiled_for() {
        lines.push("  compiled for another machine; it is compiled here when it is first used".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}
