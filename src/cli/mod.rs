//! The command line: one file per command, and how results are shown.

mod alembic;
mod alembic_project;
mod backfill;
mod baseline;
mod completions;
mod diff;
mod doctor;
mod down;
mod drift;
mod estimate;
mod exit;
mod failure;
mod flyway;
mod graph;
mod history;
mod interruption;
mod knex;
mod lint;
mod new;
mod output;
mod pack;
mod plan;
mod plugin;
mod progress;
mod project;
mod rails;
mod redo;
mod repair;
mod report;
mod scratch;
mod script;
mod squash;
mod status;
mod table;
mod up;
mod validate;
mod verify;
mod watched_progress;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use exit::Exit;
use failure::Failure;

/// Migrates databases: opens a project of Flyway, Alembic, Knex, Rails or its own and continues its history.
///
/// The project is found from the directory; the database from --url, DATABASE_URL, dunlin.toml or the tool's own
/// configuration.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 pending (with --check) or drifted, 4 lock not obtained,
/// 5 lint, validation or verification found something.
#[derive(Debug, Parser)]
#[command(name = "dunlin", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Examples:
  dunlin status --url sqlite:shop.db     what is applied and what is pending
  dunlin plan                            the SQL that `up` would run
  dunlin up                              apply what is pending
  dunlin down --steps 2                  take the last two back
  dunlin new add orders                  write a new migration file
  dunlin flyway info -outputType=json    Flyway's own arguments and output")]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The project's directory [default: the current one]
    #[arg(
        long,
        short = 'C',
        global = true,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    pub directory: PathBuf,
    /// The database: postgres://, mysql://, mariadb://, sqlite: or a jdbc: URL [env: DATABASE_URL]
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env = true)]
    pub url: Option<String>,
    /// Print tables for people, or one JSON document
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How long to wait for another run to end, like 30s; 0s: fail at once [default: 60s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration_argument)]
    pub lock_wait: Option<Duration>,
    /// How long a statement may wait for a lock on a table; 0s: as the server says [default: 5s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration_argument)]
    pub lock_timeout: Option<Duration>,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[allow(missing_docs)]
    Table,
    #[allow(missing_docs)]
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::StatusArgs),
    Plan(plan::PlanArgs),
    Up(up::UpArgs),
    Down(down::DownArgs),
    Redo(redo::RedoArgs),
    New(new::NewArgs),
    Validate(validate::ValidateArgs),
    Lint(lint::LintArgs),
    Estimate(estimate::EstimateArgs),
    Verify(verify::VerifyArgs),
    Drift(drift::DriftArgs),
    Diff(diff::DiffArgs),
    Graph(graph::GraphArgs),
    Repair(repair::RepairArgs),
    Baseline(baseline::BaselineArgs),
    Squash(squash::SquashArgs),
    Backfill(backfill::BackfillArgs),
    Plugin(plugin::PluginArgs),
    Doctor(doctor::DoctorArgs),
    Pack(pack::PackArgs),
    Completions(completions::CompletionsArgs),
    /// Flyway's own command line: its commands, arguments and output
    #[command(disable_help_flag = true)]
    Flyway(ToolArgs),
    /// Alembic's own command line: its commands, arguments and output
    #[command(disable_help_flag = true)]
    Alembic(ToolArgs),
    /// Knex' own command line: its commands, arguments and output
    #[command(disable_help_flag = true)]
    Knex(ToolArgs),
    /// Rails' own database tasks: their names, variables and output
    #[command(disable_help_flag = true)]
    Rails(ToolArgs),
}

/// A tool's own arguments. They are passed on as they are, before anything of ours is read (see [`tool_arguments`]).
#[derive(Debug, Args)]
struct ToolArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, num_args = 0..)]
    arguments: Vec<String>,
}

/// Runs the binary.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(own) = tool_arguments(&arguments, "flyway") {
        return flyway::main(&own).into();
    }
    if let Some(own) = tool_arguments(&arguments, "alembic") {
        return alembic::main(&own);
    }
    if let Some(own) = tool_arguments(&arguments, "knex") {
        return knex::main(&own);
    }
    if let Some(own) = tool_arguments(&arguments, "rails") {
        return rails::main(&own);
    }
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &arguments).into(),
    };
    let as_json = cli.global.format == Format::Json;
    let result = match &cli.command {
        Command::Status(arguments) => status::run(&cli.global, arguments),
        Command::Plan(arguments) => plan::run(&cli.global, arguments),
        Command::Up(arguments) => up::run(&cli.global, arguments),
        Command::Down(arguments) => down::run(&cli.global, arguments),
        Command::Redo(arguments) => redo::run(&cli.global, arguments),
        Command::New(arguments) => new::run(&cli.global, arguments),
        Command::Validate(arguments) => validate::run(&cli.global, arguments),
        Command::Lint(arguments) => lint::run(&cli.global, arguments),
        Command::Estimate(arguments) => estimate::run(&cli.global, arguments),
        Command::Verify(arguments) => verify::run(&cli.global, arguments),
        Command::Drift(arguments) => drift::run(&cli.global, arguments),
        Command::Diff(arguments) => diff::run(&cli.global, arguments),
        Command::Graph(arguments) => graph::run(&cli.global, arguments),
        Command::Repair(arguments) => repair::run(&cli.global, arguments),
        Command::Baseline(arguments) => baseline::run(&cli.global, arguments),
        Command::Squash(arguments) => squash::run(&cli.global, arguments),
        Command::Backfill(arguments) => backfill::run(&cli.global, arguments),
        Command::Plugin(arguments) => plugin::run(&cli.global, arguments),
        Command::Doctor(arguments) => doctor::run(&cli.global, arguments),
        Command::Pack(arguments) => pack::run(&cli.global, arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Flyway(_) => Err(misplaced(&arguments, "flyway")),
        Command::Alembic(_) => Err(misplaced(&arguments, "alembic")),
        Command::Knex(_) => Err(misplaced(&arguments, "knex")),
        Command::Rails(_) => Err(misplaced(&arguments, "rails")),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => failure.end(as_json).into(),
    }
}

/// Prints help, or what is wrong with the command line, in the format that it asks for.
fn usage(error: &clap::Error, arguments: &[OsString]) -> Exit {
    if !error.use_stderr() {
        let shown = output::line(error.render().ansi().to_string().trim_end());
        return shown.map_or_else(|failure| failure.end(false), |()| Exit::Done);
    }
    // A URL may have strayed into the wrong place, and with it a password.
    let masked = |text: &str| crate::db::mask_url(text);
    let json = arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
        || arguments.iter().any(|argument| argument == "--format=json");
    if !json {
        output::note_text(&masked(&error.render().ansi().to_string()));
        return Exit::Usage;
    }
    let text = error.render().to_string();
    let reason = text.split("\n\n").next().unwrap_or(&text).trim().trim_start_matches("error: ");
    Failure::usage(masked(reason)).help("`dunlin --help` shows how it is written.").end(true)
}

/// A tool's own arguments, where the binary was called by the tool's name through a link, or with it as the first word.
/// Nothing of ours reads them: Flyway's `--url=…` is not our `--url`.
fn tool_arguments(arguments: &[OsString], name: &str) -> Option<Vec<String>> {
    let (program, rest) = arguments.split_first()?;
    let own = match rest.split_first() {
        _ if Path::new(program).file_stem().is_some_and(|stem| stem == name) => rest,
        Some((first, own)) if first == name => own,
        _ => return None,
    };
    Some(own.iter().map(|argument| argument.to_string_lossy().into_owned()).collect())
}

/// Options of ours before a tool's name, which its command line would pass over: a `--url` there must not lead to the database of
/// the tool's configuration.
fn misplaced(arguments: &[OsString], tool: &str) -> Failure {
    let before = arguments.iter().skip(1).take_while(|argument| *argument != tool);
    let before: Vec<String> = before.map(|argument| argument.to_string_lossy().into_owned()).collect();
    let reason = format!(
        "`dunlin {tool}` reads only the tool's own arguments, and not `{}` before its name",
        before.join(" ")
    );
    Failure::usage(reason).help(format!(
        "Say it as {tool} does, behind `{tool}`, or use dunlin's own commands, as in `dunlin --url … up`."
    ))
}

/// Parses what `dunlin.toml` takes for a duration: `500ms`, `5s`, `2min`, `1h`, or `0`.
fn duration_argument(text: &str) -> Result<Duration, String> {
    dunlin_compat::settings::parse_duration(text).ok_or_else(|| {
        "a duration is a number with a unit, like 500ms, 5s or 2min, and at most a day".to_owned()
    })
}
