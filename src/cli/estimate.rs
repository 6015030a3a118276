//! `dunlin estimate`

use std::time::Duration;

use clap::Args;
use dunlin_compat::model::{Direction, Request};
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::table::{self, Column, Squeeze};
use super::{Format, Global, output};
use crate::db::Access;
use crate::ddl::{ServerVersion, TableName};
use crate::engine::{self, CatalogFacts};
use crate::estimate::{self, Estimate, Explained, Extent, Record, Speed, Work};
use crate::lint::{Facts, TableFacts};

/// Say how long pending migrations will take, and what they lock
///
/// From the size of the tables, a speed measured by reading a part of one, and what the planner says of changes of rows; nothing is
/// changed. The next `up` tells what it really took, and later estimates learn from it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin estimate
  dunlin estimate --to 20250107103000   up to and including this one
  dunlin estimate --format json")]
pub struct EstimateArgs {
    /// Up to and including this version
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// At most so many migrations
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &EstimateArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut connection = project.connect(Access::Read)?;
    let request =
        Request { direction: Some(Direction::Up), to: arguments.to.clone(), steps: arguments.steps };
    let plan = engine::plan(connection.as_mut(), project.adapter(), &request)?;
    let server = connection.server().clone();
    let prepared = engine::prepare_plan(&plan, &server)?;
    let migrations = engine::lint_migrations(&prepared, server.dialect, true);
    let version = ServerVersion { dialect: server.dialect, version: server.version };
    let mut record = Record::load(&global.directory, &database_of(&project, &server.database));

    let facts = CatalogFacts::new(connection.as_mut());
    // Once to learn which tables are touched; the speed is measured on the largest.
    let assumed = Speed { bytes_per_second: 1, is_measured: false };
    let touched: Vec<(TableName, TableFacts)> =
        estimate::estimate(&migrations, version, &facts, assumed, &record)
            .into_iter()
            .filter_map(|estimate| estimate.table.zip(estimate.facts))
            .collect();
    let speed = facts.with_connection(|connection| estimate::measure(connection, &touched, Extent::THOROUGH));
    let mut estimates = estimate::estimate(&migrations, version, &facts as &dyn Facts, speed, &record);
    facts.with_connection(|connection| estimate::ask_planner(&mut estimates, connection, speed, &record));

    for migration in &migrations {
        let own = || estimates.iter().filter(|estimate| estimate.migration == migration.id);
        let total: Duration =
            own().map(|estimate| estimate.duration).fold(Duration::ZERO, Duration::saturating_add);
        let longest = own().max_by_key(|estimate| estimate.duration);
        if let Some(longest) = longest {
            record.remember(&migration.id, longest.work.name(), total);
        }
    }
    if let Err(error) = record.save() {
        output::note(&format!("the estimate is not kept: {error}"));
    }
    let code = migrations.iter().filter(|migration| migration.is_code).count();
    match global.format {
        Format::Json => output::json(&document(&estimates, speed, code))?,
        Format::Table => print(&estimates, speed, migrations.len(), code)?,
    }
    Ok(Exit::Done)
}

/// What tells databases apart, without a password.
pub fn database_of(project: &Project, database: &str) -> String {
    format!("{} {database}", project.url())
}

fn print(estimates: &[Estimate], speed: Speed, migrations: usize, code: usize) -> Result<(), Failure> {
    if migrations == 0 {
        return output::line("Nothing is pending.");
    }
    let columns = [
        Column { header: "MIGRATION", squeeze: Squeeze::Never },
        Column { header: "LINE", squeeze: Squeeze::LeaveOut(1) },
        Column { header: "TABLE", squeeze: Squeeze::Never },
        Column { header: "ROWS", squeeze: Squeeze::Never },
        Column { header: "SIZE", squeeze: Squeeze::LeaveOut(2) },
        Column { header: "LOCK", squeeze: Squeeze::Cut },
        Column { header: "WORK", squeeze: Squeeze::Never },
        Column { header: "TIME", squeeze: Squeeze::Never },
    ];
    let rows: Vec<Vec<String>> = estimates.iter().map(row).collect();
    output::print(&table::format(&columns, &rows, output::columns(&console::Term::stdout()), |_, _| None))?;
    for estimate in estimates {
        if let Some(Explained::Unplanned(reason)) = &estimate.explained {
            output::line(&format!(
                "line {} of {}: not planned, {reason}",
                estimate.line, estimate.migration
            ))?;
        }
    }
    let total =
        estimates.iter().map(|estimate| estimate.duration).fold(Duration::ZERO, Duration::saturating_add);
    let how = if speed.is_measured { "measured" } else { "assumed, no table is large enough to measure" };
    output::line(&format!(
        "In all {}, waiting for locks aside; reading at {} MB/s ({how}).",
        shown(total),
        speed.bytes_per_second >> 20
    ))?;
    if code > 0 {
        let (noun, verb) = if code == 1 { ("migration is", "its") } else { ("migrations are", "their") };
        output::line(&format!("{code} {noun} code: {verb} statements are known only when it runs."))?;
    }
    Ok(())
}

fn row(estimate: &Estimate) -> Vec<String> {
    let facts = estimate.facts.as_ref();
    let rows = estimate.explained.as_ref().and_then(Explained::rows);
    let rows = match (rows, facts) {
        (Some(rows), Some(facts)) => format!("{rows} of {}", facts.rows),
        (None, Some(facts)) => facts.rows.to_string(),
        _ => String::new(),
    };
    vec![
        estimate.migration.clone(),
        estimate.line.to_string(),
        estimate.table.as_ref().map_or_else(|| "(new)".to_owned(), ToString::to_string),
        rows,
        facts.map_or_else(String::new, |facts| format!("{} MB", facts.bytes.div_ceil(1 << 20))),
        estimate.lock.to_string(),
        estimate.work.name().to_owned(),
        shown(estimate.duration),
    ]
}

fn document(estimates: &[Estimate], speed: Speed, code: usize) -> Value {
    let one = |estimate: &Estimate| {
        let facts = estimate.facts.as_ref();
        json!({
            "migration": estimate.migration,
            "path": estimate.path.display().to_string(),
            "line": estimate.line,
            "statement": estimate.statement,
            "table": estimate.table.as_ref().map(ToString::to_string),
            "rows": facts.map(|facts| facts.rows),
            "bytes": facts.map(|facts| facts.bytes),
            "indexBytes": facts.map(|facts| facts.index_bytes),
            "lock": estimate.lock.to_string(),
            "rewrites": estimate.work == Work::Rewrite,
            "work": estimate.work.name(),
            "plan": estimate.explained.as_ref().map(|explained| match explained {
                Explained::Plan { rows, way } => json!({ "rows": rows, "way": way }),
                Explained::Unplanned(reason) => json!({ "unplanned": reason }),
            }),
            "milliseconds": u64::try_from(estimate.duration.as_millis()).unwrap_or(u64::MAX),
        })
    };
    json!({
        "estimates": estimates.iter().map(one).collect::<Vec<Value>>(),
        "bytesPerSecond": speed.bytes_per_second,
        "measured": speed.is_measured,
        "codeMigrations": code,
    })
}

/// A time in the unit that suits it.
pub fn shown(duration: Duration) -> String {
    match duration.as_millis() {
        0..100 => "< 0.1 s".to_owned(),
        100..120_000 => format!("{:.1} s", duration.as_secs_f64()),
        milliseconds => format!("{} min", milliseconds.div_ceil(60_000)),
    }
}
