//! `dunlin plugin bench`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{Format, Global, output};
use super::case::{Case, files_of};
use crate::plugin::{PluginError, Transform, Value};
use crate::wasm::Origin;

/// Measure how fast a plugin is: start, rows per second, memory
///
/// The rows of a case file are repeated until a chunk is full. Without a database the time is the plugin's own and that of
/// the sandbox.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin plugin bench split-name
  dunlin plugin bench split-name orders.json --rows 50000 --seconds 10")]
pub struct BenchArgs {
    /// Its name, its .wasm file, or the folder of its source
    plugin: String,
    /// A case file [default: the first of cases/*.json beside its source]
    case: Option<PathBuf>,
    /// Rows in a chunk
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rows: u32,
    /// For how long
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Set an option, instead of dunlin.toml and the case
    #[arg(long, value_name = "NAME=VALUE", value_parser = super::option_argument)]
    option: Vec<(String, String)>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &BenchArgs) -> Result<Exit, Failure> {
    let named = super::find(global, &arguments.plugin)?;
    let first = || files_of(&named.source.as_ref()?.join("cases")).into_iter().next();
    let file = arguments.case.clone().or_else(first).ok_or_else(|| {
        Failure::usage(format!("there are no rows for {}", named.name))
            .help("Name a case file; docs/plugins.md shows one.")
    })?;
    let case = Case::read(&file)?;
    let settings = super::with_options(named.settings.clone(), &case.options);
    let settings = super::with_options(settings, arguments.option.iter().map(|(name, value)| (name, value)));

    let began = Instant::now();
    let transform = Transform::load(&named.file, &settings)?;
    let load = began.elapsed();
    let began = Instant::now();
    let mut transformer = transform.start(&case.table)?;
    let start = began.elapsed();

    let few = case.project(&transformer.shape().reads);
    if few.is_empty() {
        return Err(Failure::usage(format!("{} has no rows", file.display())));
    }
    let rows: Vec<Vec<Value>> = few.iter().cycle().take(arguments.rows as usize).cloned().collect();
    let bytes: usize = rows.iter().flatten().map(Value::size).sum();
    let key = |row: usize| case.key_text(row % few.len());
    let mut times = Vec::new();
    let end = Instant::now() + Duration::from_secs(arguments.seconds);
    // The first chunk warms up: memory grows then.
    transformer.run(&rows, &key).map_err(PluginError::from)?;
    while times.is_empty() || Instant::now() < end {
        let began = Instant::now();
        transformer.run(&rows, &key).map_err(PluginError::from)?;
        times.push(began.elapsed());
        transformer.take_messages();
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let per_second = rows.len() as f64 / median.as_secs_f64().max(1e-9);
    let memory = transformer.memory();
    match global.format {
        Format::Json => output::json(&json!({
            "plugin": transform.identity().name,
            "version": transform.identity().version.to_string(),
            "compiled": transform.plugin().origin() == Origin::Compiled,
            "loadMicroseconds": microseconds(load),
            "startMicroseconds": microseconds(start),
            "rows": rows.len(),
            "bytes": bytes,
            "chunks": times.len(),
            "chunkMicroseconds": microseconds(median),
            "rowsPerSecond": per_second.round(),
            "memoryBytes": memory,
        }))?,
        Format::Table => output::print(&format!(
            "plugin  {}\nload    {load:.1?}{}\nstart   {start:.1?} for each worker\nchunk   {median:.1?}, the median of {} chunks of {} rows ({} KiB)\nrows    {per_second:.0} a second\nmemory  {} KiB\n",
            transform.identity(),
            if transform.plugin().origin() == Origin::Compiled {
                ", compiled for the first time"
            } else {
                ""
            },
            times.len(),
            rows.len(),
            bytes >> 10,
            memory >> 10,
        ))?,
    }
    Ok(Exit::Done)
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
