//! `dunlin backfill run`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use dunlin_compat::backfill::{Backfill, Hours, MOST_WORKERS, Pace, RowChange, Work};
use serde_json::json;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::progress::duration;
use super::super::project::{self, Project};
use super::super::{Format, Global, duration_argument, output};
use super::show::Shown;
use crate::backfill::{self, BackfillEvent, Batch, ByPlugin, End, Host, Options, Purpose, Request, Summary};
use crate::count::{counted_in_groups, grouped};
use crate::db::{self, Access, ConnectOptions, Connection, DbError, DbErrorKind};
use crate::engine::{self, RunError};

/// Run a backfill, or take part in one that others run
///
/// With a name alone it goes on with the backfill of this name, also one of a migration that `dunlin up` runs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin backfill run fill-status --table orders --where 'status IS NULL' \\
      --sql \"UPDATE orders SET status = 'pending' WHERE :range\"
  dunlin backfill run split-names --table customers --plugin split-name
  dunlin backfill run fill-status                     take part, or go on with it
  dunlin backfill run fill-status --workers 4 --hours 22:00-06:00 --rate 20000")]
pub struct RunArgs {
    /// What it is known by
    name: String,
    /// The table: `orders` or `schema.orders`
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// The columns of a unique key to go by, divided by commas [default: the primary key]
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', requires = "table")]
    key: Vec<String>,
    /// The statements for a chunk, in which :from and :to are its first and last key, and :range is the condition for its rows
    #[arg(long, value_name = "SQL", requires = "table", conflicts_with = "file")]
    sql: Option<String>,
    /// The same from a file
    #[arg(long, value_name = "FILE", requires = "table")]
    file: Option<PathBuf>,
    /// A plugin instead of statements: plugins/NAME.wasm, or what dunlin.toml says of it
    #[arg(long, value_name = "NAME", requires = "table", conflicts_with_all = ["sql", "file"])]
    plugin: Option<String>,
    /// Run the plugin's inverse
    #[arg(long, requires = "plugin")]
    inverse: bool,
    /// A condition that holds for rows still to be done
    #[arg(long = "where", value_name = "SQL", requires = "table")]
    filter: Option<String>,
    /// A condition that must hold in the end
    #[arg(long, value_name = "SQL", requires = "table")]
    until: Option<String>,
    #[command(flatten)]
    pace: PaceArgs,
}

/// How fast, and what it may cost.
#[derive(Debug, Args)]
struct PaceArgs {
    /// The most rows in a chunk; the first has as many
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    size: Option<u64>,
    /// How long a chunk should take [default: 500ms]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    target: Option<Duration>,
    /// How many workers in this process [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_WORKERS)))]
    workers: Option<u32>,
    /// The most rows per second, of all processes together
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
    /// The hours in which to work: 22:00-06:00, or "22:00-06:00 Europe/Berlin"
    #[arg(long, value_name = "HOURS")]
    hours: Option<Hours>,
    /// Wait while a replica lags behind by more
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    max_lag: Option<Duration>,
    /// A replica to ask how far it lags behind; may be repeated
    #[arg(long, value_name = "URL")]
    replica: Vec<String>,
    /// A query on the primary that gives the lag in seconds
    #[arg(long, value_name = "SQL")]
    lag_query: Option<String>,
    /// How many rows may fail; they go to the quarantine [default: 0]
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(..=100_000))]
    quarantine: Option<u64>,
}

impl PaceArgs {
    /// What is not said here is as `usual` has it.
    fn over(&self, usual: Pace) -> Pace {
        Pace {
            size: self.size.or(usual.size),
            target: self.target.unwrap_or(usual.target),
            workers: self.workers.unwrap_or(usual.workers),
            rate: self.rate.or(usual.rate),
            hours: self.hours.clone().or(usual.hours),
            max_lag: self.max_lag.or(usual.max_lag),
            quarantine: self.quarantine.unwrap_or(usual.quarantine),
        }
    }
}

/// Runs the command.
pub fn run(global: &Global, arguments: &RunArgs) -> Result<Exit, Failure> {
    let project = Project::open_or_url(global)?;
    let open = || project.open_session(Access::Write);
    let mut connection = backfill::open_patiently(&open)?;
    let server = connection.server().clone();
    let (backfill, history) = match &arguments.table {
        Some(table) => (asked_for(arguments, table)?, String::new()),
        None => recorded(&project, connection.as_mut(), arguments)?,
    };
    drop(connection);
    let mut replicas = Vec::new();
    for url in &arguments.pace.replica {
        let options = ConnectOptions { access: Access::Read, ..ConnectOptions::default() };
        replicas.push(db::connect(&project::parse_url(url)?, &options)?);
    }
    let schema = project.adapter().history_schema(&server);
    let session = |purpose: Purpose| match purpose {
        Purpose::Working => {
            engine::open_session(&open, project.adapter(), &project.options).map_err(of_server)
        }
        Purpose::Watching => open(),
    };
    let request = Request { backfill: &backfill, history: &history, schema: &schema, version: None };
    let options = Options {
        lock_timeout: project.options.lock_timeout,
        attempts: project.options.attempts,
        lag_query: arguments.pace.lag_query.clone(),
        replicas,
    };
    let mut display = Display(Shown::new());
    let result = match &backfill.change.work {
        Work::Sql { text } => {
            let batch = Batch::parse(text, &server).map_err(|bad| bad.refused())?;
            backfill::run_batch(&request, &batch, &session, options, &mut display)
        }
        Work::Plugin { name, inverse } => {
            let transform = project.options.plugins.transform(name)?;
            let by = ByPlugin { transform, inverse: *inverse, table: backfill.change.table.clone() };
            backfill::run_plugin(&request, &by, &session, options, &mut display)
        }
    };
    display.0.finish();
    let summary = result?;
    // What a migration began, the migration ends.
    if history.is_empty() {
        let mut connection = backfill::open_patiently(&open)?;
        let tables = super::tables(&project, connection.as_ref());
        backfill::tidy(connection.as_mut(), &tables)?;
    }
    print(global.format, &summary)?;
    Ok(Exit::Done)
}

fn asked_for(arguments: &RunArgs, table: &str) -> Result<Backfill, Failure> {
    let work = match (&arguments.plugin, &arguments.sql, &arguments.file) {
        (Some(plugin), _, _) => Work::Plugin { name: plugin.clone(), inverse: arguments.inverse },
        (None, Some(sql), _) => Work::Sql { text: sql.trim().to_owned() },
        (None, None, Some(path)) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Failure::new("FILE", format!("{} cannot be read: {error}", path.display()))
            })?;
            Work::Sql { text: text.trim().to_owned() }
        }
        (None, None, None) => {
            return Err(Failure::usage("what to do with the rows is missing")
                .help("Give the statements for a chunk with --sql, or in a file with --file; or name a plugin with --plugin."));
        }
    };
    Ok(Backfill {
        name: arguments.name.clone(),
        change: RowChange {
            table: table.to_owned(),
            key: arguments.key.iter().map(|column| column.trim().to_owned()).collect(),
            work,
            filter: arguments.filter.clone(),
            until: arguments.until.clone(),
        },
        pace: arguments.pace.over(Pace::default()),
    })
}

/// The backfill of a name as its record has it, and whose it is.
fn recorded(
    project: &Project,
    connection: &mut dyn Connection,
    arguments: &RunArgs,
) -> Result<(Backfill, String), Failure> {
    let tables = super::tables(project, connection);
    let name = &arguments.name;
    let listed = backfill::list(connection, &tables, Some(name), 0)?;
    let Some(found) = listed.into_iter().next() else {
        return Err(Failure::usage(format!("there is no backfill {name} to go on with")).help(
            "A new one needs --table and --sql; `dunlin backfill status` lists those that are there.",
        ));
    };
    let record = found.record;
    let (Some(work), Some(pace)) = (record.recorded_work(), record.recorded_pace()) else {
        return Err(Failure::new(
            "BACKFILL",
            format!("the record of {name} is not one that this version wrote"),
        )
        .help("Run it with the version that began it."));
    };
    let pace = arguments.pace.over(pace);
    Ok((Backfill { name: name.clone(), change: work.change, pace }, record.history))
}

fn of_server(error: RunError) -> DbError {
    match error {
        RunError::Server { error, .. } => error,
        other => DbError::new(DbErrorKind::Configuration, other.to_string()),
    }
}

struct Display(Shown);

impl Host for Display {
    fn event(&mut self, event: BackfillEvent) {
        self.0.event(&event);
    }
}

fn print(format: Format, summary: &Summary) -> Result<(), Failure> {
    if format == Format::Json {
        return output::json(&json!({
            "name": summary.name,
            "rows": summary.rows,
            "changed": summary.changed,
            "chunks": summary.chunks,
            "quarantined": summary.quarantined,
            "seconds": summary.elapsed.as_secs_f64(),
            "ended": match summary.end {
                End::Now => "now",
                End::Before => "before",
                End::WithMigration => "with its migration",
            },
        }));
    }
    match summary.end {
        End::Now => {}
        End::Before => return output::line(&format!("{} was done before.", summary.name)),
        End::WithMigration => {
            return output::line(&format!("{} is done, and so is its migration.", summary.name));
        }
    }
    let mut text = format!(
        "{} is done: {} in {}, {} changed ({})",
        summary.name,
        counted_in_groups(summary.rows, "row"),
        counted_in_groups(summary.chunks, "chunk"),
        grouped(summary.changed),
        duration(summary.elapsed)
    );
    if summary.quarantined > 0 {
        text.push_str(&format!(
            "\n{} rows are in the quarantine: `dunlin backfill status {}` lists them.",
            summary.quarantined, summary.name
        ));
    }
    output::line(&text)
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    let duration = duration_argument(text)?;
    if duration.is_zero() { Err("it must be above 0".to_owned()) } else { Ok(duration) }
}
