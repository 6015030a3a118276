//! `dunlin graph`

use std::collections::HashSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dunlin_compat::model::{Standing, StatusEntry};
use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global, history, output};
use crate::db::Access;
use crate::engine;
use crate::picture::{self, Migration, Mood};

/// Draw the schema, or the migrations with their branches and states
///
/// The picture is printed: SVG for a browser, or Mermaid for what draws it, such as a page on GitHub. Writes nothing to the
/// database.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin graph --output schema.svg
  dunlin graph migrations               what is applied, what is pending, where it branches
  dunlin graph --as mermaid             to be pasted into Markdown")]
pub struct GraphArgs {
    /// What to draw
    #[arg(value_enum, default_value_t = What::Schema)]
    what: What,
    /// In which language
    #[arg(long = "as", value_enum, value_name = "LANGUAGE", default_value_t = Language::Svg)]
    language: Language,
    /// Write it into this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Tables, columns and foreign keys
    Schema,
    /// Migrations
    Migrations,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    Svg,
    Mermaid,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &GraphArgs) -> Result<Exit, Failure> {
    let project = match arguments.what {
        What::Schema => Project::open_or_url(global)?,
        What::Migrations => Project::open(global)?,
    };
    let mut connection = project.connect(Access::Read)?;
    let picture = match arguments.what {
        What::Schema => {
            let scope = history::scope(Some(project.adapter()), connection.server());
            let tables = picture::tables(connection.as_mut(), &scope.without_tables)?;
            match arguments.language {
                Language::Svg => picture::schema_svg(&tables),
                Language::Mermaid => picture::schema_mermaid(&tables),
            }
        }
        What::Migrations => {
            let (_, entries) = engine::status(connection.as_mut(), project.adapter())?;
            let migrations = migrations(&project, &entries);
            match arguments.language {
                Language::Svg => picture::migrations_svg(&migrations),
                Language::Mermaid => picture::migrations_mermaid(&migrations),
            }
        }
    };
    match &arguments.output {
        Some(path) => {
            std::fs::write(path, &picture).map_err(|error| {
                Failure::new("FILE", format!("{} cannot be written: {error}", path.display()))
            })?;
            match global.format {
                Format::Json => output::json(&json!({ "path": path.display().to_string() }))?,
                Format::Table => output::note(&format!("Wrote {}", path.display())),
            }
        }
        None if global.format == Format::Json => output::json(&json!({ "picture": picture }))?,
        None => output::print(&picture)?,
    }
    Ok(Exit::Done)
}

fn migrations(project: &Project, entries: &[StatusEntry]) -> Vec<Migration> {
    // What has no id, a repeatable migration, is known by its description.
    let id = |entry: &StatusEntry| {
        if entry.id.is_empty() { entry.description.clone() } else { entry.id.clone() }
    };
    let mut before: Option<String> = None;
    let mut migrations = Vec::new();
    for entry in entries {
        let own = id(entry);
        let linear = before.replace(own.clone()).into_iter().collect();
        migrations.push(Migration {
            parents: project.adapter().parents(&entry.id).unwrap_or(linear),
            title: if own == entry.description { String::new() } else { entry.description.clone() },
            id: own,
            state: entry.state.clone(),
            mood: match entry.standing {
                Standing::Applied => Mood::Applied,
                Standing::Pending => Mood::Pending,
                Standing::Skipped => Mood::Skipped,
                Standing::Drifted => Mood::Wrong,
            },
        });
    }
    parents_first(migrations)
}

/// The same with parents before their children; else in the order that they are in.
fn parents_first(mut left: Vec<Migration>) -> Vec<Migration> {
    let mut ids: HashSet<String> = left.iter().map(|migration| migration.id.clone()).collect();
    let mut ordered: Vec<Migration> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |migration: &Migration| {
            migration.parents.iter().any(|parent| *parent != migration.id && ids.contains(parent))
        };
        // In a circle nothing comes first, and the first does.
        let next = left.iter().position(|migration| !waits(migration)).unwrap_or(0);
        let migration = left.remove(next);
        ids.remove(&migration.id);
        ordered.push(migration);
    }
    ordered
}
