//! `dunlin new`

use std::path::Path;

use clap::Args;
use dunlin_compat::native::{
    self, ColumnChange, Expansion, Native, NewError, NewMigration, OldColumn, TableName, Version,
};
use dunlin_compat::project;
use dunlin_compat::settings::{Settings, Tool};
use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::{Format, Global, output};
use crate::backfill;
use crate::db::Access;

/// Write a new migration file with empty up and down blocks
///
/// With --rename or --change-type, two migrations that expand and contract: the first adds the new column and triggers that
/// keep both in step, while code that knows the one and code that knows the other are at work; the second takes the old one
/// away. The database is asked what the column is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ dunlin new add status to orders
  Wrote migrations/20260102030405_add_status_to_orders.sql
  $ dunlin new --rename orders.state:status
  Wrote migrations/20260102030405_expand_orders_state_to_status.sql
  Wrote migrations/20260102030406_contract_orders_state_to_status.sql")]
pub struct NewArgs {
    /// What it is about
    #[arg(required_unless_present_any = ["rename", "change_type"])]
    name: Vec<String>,
    /// Give a column another name
    #[arg(long, value_name = "TABLE.OLD:NEW", conflicts_with_all = ["name", "change_type"])]
    rename: Option<String>,
    /// Give a column another type
    #[arg(long, value_name = "TABLE.COLUMN:TYPE", conflicts_with = "name")]
    change_type: Option<String>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &NewArgs) -> Result<Exit, Failure> {
    let root = &super::project::root(global)?;
    let folder = match project::detect(root) {
        Ok(detected) if detected.tool == Tool::Flyway && arguments.name.is_empty() => {
            return Err(Failure::usage(
                "--rename and --change-type write native migrations, and this is a project of Flyway",
            ));
        }
        Ok(detected) if detected.tool == Tool::Flyway => {
            let path = super::flyway::create(global, &arguments.name.join(" "))?;
            return show(global, &path);
        }
        Ok(detected) => detected.migrations,
        // The first migration of a project makes the project.
        Err(project::DetectError::Nothing { .. }) => {
            let settings = Settings::load(root).map_err(|error| super::project::settings_failure(&error))?;
            project::native_folder(root, &settings).map_err(super::project::detection_failure)?
        }
        Err(error) => return Err(super::project::detection_failure(error)),
    };
    let folder = super::project::within(root, &folder);
    let project = if folder.is_dir() { Some(Native::load(&folder, TableName::default())?) } else { None };
    let files = project.as_ref().map_or(&[][..], Native::files);
    let existing: Vec<&Version> = files.iter().map(|file| &file.version).collect();
    let now = jiff::Timestamp::now();
    if let Some((wanted, change)) = change_of(arguments)? {
        return expand(global, &folder, existing, now, &wanted, change);
    }
    let new = native::new_migration(&arguments.name.join(" "), now, existing).map_err(failure)?;
    let path = new.create_in(&folder).map_err(failure)?;
    show(global, &path)
}

fn failure(error: NewError) -> Failure {
    Failure::new("NEW", error.to_string())
}

/// The table and column of an argument.
struct Wanted {
    table: String,
    column: String,
}

fn change_of(arguments: &NewArgs) -> Result<Option<(Wanted, ColumnChange)>, Failure> {
    let (text, is_rename) = match (&arguments.rename, &arguments.change_type) {
        (Some(text), _) => (text, true),
        (None, Some(text)) => (text, false),
        (None, None) => return Ok(None),
    };
    let parts = text.split_once(':').filter(|(_, new)| !new.trim().is_empty());
    let place = parts.and_then(|(place, new)| Some((place.rsplit_once('.')?, new.trim().to_owned())));
    let Some(((table, column), new)) =
        place.filter(|((table, column), _)| !table.is_empty() && !column.is_empty())
    else {
        let example = if is_rename {
            "--rename orders.state:status"
        } else {
            "--change-type orders.amount:numeric(12,2)"
        };
        return Err(Failure::usage(format!("`{text}` names no column and what becomes of it"))
            .help(format!("It is written like {example}.")));
    };
    let change = if is_rename { ColumnChange::Rename { new } } else { ColumnChange::Type { type_name: new } };
    Ok(Some((Wanted { table: table.to_owned(), column: column.to_owned() }, change)))
}

/// Writes the two migrations that expand and contract.
fn expand(
    global: &Global,
    folder: &Path,
    existing: Vec<&Version>,
    now: jiff::Timestamp,
    wanted: &Wanted,
    change: ColumnChange,
) -> Result<Exit, Failure> {
    let project = Project::open_or_url(global)?;
    let mut connection = project.connect(Access::Read)?;
    let (table, column) = (&wanted.table, &wanted.column);
    let Some(facts) = backfill::find_column(connection.as_mut(), table, column)? else {
        return Err(Failure::new("NEW", format!("there is no column {column} in {table}"))
            .help("Write both as the database spells them. `dunlin doctor` shows which database is asked."));
    };
    if let Some(obstacle) = facts.obstacle {
        return Err(Failure::new(
            "NEW",
            format!("{table}.{column} cannot be replaced by another column: {obstacle}"),
        )
        .help("Write the migrations by hand."));
    }
    let both = native::expand_and_contract(&Expansion {
        dialect: connection.server().dialect,
        table: table.clone(),
        old: OldColumn {
            name: column.clone(),
            type_name: facts.type_name,
            nullable: facts.nullable,
            default: facts.default,
            used_by: facts.used_by,
        },
        change,
    })
    .map_err(|error| Failure::new("NEW", error.to_string()))?;
    let (name, text) = both.expand;
    let first = native::new_migration(&name, now, existing.iter().copied()).map_err(failure)?;
    let version = first.file_name.split('_').next().and_then(Version::parse);
    let (name, second_text) = both.contract;
    let second =
        native::new_migration(&name, now, existing.into_iter().chain(version.as_ref())).map_err(failure)?;
    let first = NewMigration { text, ..first }.create_in(folder).map_err(failure)?;
    let second = NewMigration { text: second_text, ..second }.create_in(folder).map_err(failure)?;
    let title = first.file_stem().unwrap_or_default().to_string_lossy();
    match global.format {
        Format::Json => output::json(&json!({
            "paths": [first.display().to_string(), second.display().to_string()],
        }))?,
        Format::Table => output::line(&format!(
            "Wrote {}\nWrote {}\nRun `dunlin up --to {title}` now, and `dunlin up` when no code uses the old column any more.",
            first.display(),
            second.display()
        ))?,
    }
    Ok(Exit::Done)
}

fn show(global: &Global, path: &Path) -> Result<Exit, Failure> {
    match global.format {
        Format::Json => output::json(&json!({ "path": path.display().to_string() }))?,
        Format::Table => output::line(&format!("Wrote {}", path.display()))?,
    }
    Ok(Exit::Done)
}
